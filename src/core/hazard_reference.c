/* SPDX-License-Identifier: Apache-2.0 */
#include "hazard_reference.h"

#include "portside/buf.h"

/* Values that name each other grow without end; nobody's listeners come near these. */
#define DEPTH_MAX 4
#define EXPANDED_BYTES_MAX 8192

/* Longer than any variable's name. A bound, lest a value full of "$(" take quadratic time. */
#define REFERENCE_BYTES_MAX 256

/* IsEnvVarName of Kubernetes' validation: a C identifier, or '.' and '-' in it. */
static bool is_variable_name(struct ps_str name)
{
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        bool inner = ps_is_digit(c) && i > 0;
        if (!ps_is_alpha(c) && c != '_' && c != '-' && c != '.' && !inner) {
            return false;
        }
    }
    return name.len > 0;
}

/* ${file:/path:key} and the like: a word, a colon, and not one of the shell's ":-", ":1" forms. */
static bool is_provider(struct ps_str body)
{
    size_t colon = ps_str_index(body, ':');
    if (colon + 1 >= body.len || !is_variable_name(ps_str_slice(body, 0, colon))) {
        return false;
    }
    char next = body.ptr[colon + 1];
    return next != '-' && next != '+' && next != '=' && next != '?' && next != ' ' &&
           !ps_is_digit(next);
}

static size_t name_end(struct ps_str value, size_t at)
{
    while (at < value.len &&
           (ps_is_alpha(value.ptr[at]) || ps_is_digit(value.ptr[at]) || value.ptr[at] == '_')) {
        at++;
    }
    return at;
}

/* Index of the next end at or behind at; 0 if there is none near. */
static size_t closing(struct ps_str value, size_t at, char end)
{
    struct ps_str near = ps_str_slice(value, at, at + REFERENCE_BYTES_MAX);
    size_t found = ps_str_index(near, end);
    return found < near.len ? at + found : 0;
}

static bool found(struct ps_str value, size_t begin, size_t end, enum ps_reference_kind kind,
                  struct ps_reference *ret_reference)
{
    *ret_reference = (struct ps_reference){.kind = kind,
                                           .text = ps_str_slice(value, begin, end),
                                           .name = ps_str_slice(value, begin + 2, end - 1),
                                           .begin = begin};
    return true;
}

/* At a '$'. Moves *at behind what was looked at. */
static bool read_dollar(struct ps_str value, size_t *at, struct ps_reference *ret_reference)
{
    size_t begin = *at;
    char next = begin + 1 < value.len ? value.ptr[begin + 1] : '\0';
    size_t end = 0;
    *at = begin + 1;
    if (next == '$') {
        *at = begin + 2;
        return false;
    }
    if (next == '(' || next == '{') {
        end = closing(value, begin, next == '(' ? ')' : '}');
        if (end == 0) {
            return false;
        }
        *at = end + 1;
        struct ps_str body = ps_str_slice(value, begin + 2, end);
        if (next == '(' && is_variable_name(body)) {
            return found(value, begin, end + 1, PS_REFERENCE_VARIABLE, ret_reference);
        }
        bool shell = next == '{' ? !is_provider(body) : ps_str_index(body, ' ') < body.len;
        return shell && found(value, begin, end + 1, PS_REFERENCE_SHELL, ret_reference);
    }
    end = name_end(value, begin + 1);
    if (end == begin + 1 || ps_is_digit(next)) {
        return false;
    }
    *at = end;
    return found(value, begin, end, PS_REFERENCE_SHELL, ret_reference);
}

bool ps_reference_next(struct ps_str value, size_t *at, struct ps_reference *ret_reference)
{
    while (*at < value.len) {
        if (value.ptr[*at] == '$') {
            if (read_dollar(value, at, ret_reference)) {
                return true;
            }
            continue;
        }
        size_t end = value.ptr[*at] == '`' ? closing(value, *at + 1, '`') : 0;
        if (end != 0) {
            size_t begin = *at;
            *at = end + 1;
            return found(value, begin, end + 1, PS_REFERENCE_SHELL, ret_reference);
        }
        (*at)++;
    }
    return false;
}

const struct ps_json *ps_reference_resolve(const struct ps_env *env, struct ps_str name,
                                           size_t before, size_t *ret_index)
{
    for (size_t i = before < env->count ? before : env->count; i > 0; i--) {
        if (ps_str_equal(env->names[i - 1], name)) {
            *ret_index = i - 1;
            return env->entries[i - 1];
        }
    }
    return NULL;
}

struct expansion {
    const struct ps_env *env;
    struct ps_buf buf;
    size_t *budget;
};

/* The text of reference if its variable is literal; else reference as it is. */
static struct ps_str value_of(struct expansion *x, const struct ps_reference *reference,
                              size_t *before)
{
    const struct ps_json *entry = NULL;
    if (reference->kind == PS_REFERENCE_VARIABLE && *x->budget > 0) {
        (*x->budget)--;
        entry = ps_reference_resolve(x->env, reference->name, *before, before);
    }
    if (entry == NULL || ps_json_type(ps_json_get(entry, "valueFrom")) == PS_JSON_OBJECT) {
        *before = 0;
        return reference->text;
    }
    return ps_json_get_text(entry, "value");
}

/* Depth is bounded by DEPTH_MAX, and each level looks only above the one before. */
static void expand(struct expansion *x, struct ps_str value, size_t before, unsigned depth)
{
    struct ps_reference reference;
    size_t at = 0;
    size_t done = 0;
    while (x->buf.len < EXPANDED_BYTES_MAX && ps_reference_next(value, &at, &reference)) {
        size_t inner = before;
        ps_buf_put(&x->buf, ps_str_slice(value, done, reference.begin));
        struct ps_str text = value_of(x, &reference, &inner);
        done = reference.begin + reference.text.len;
        if (inner == 0 || depth == DEPTH_MAX) {
            ps_buf_put(&x->buf, text);
        } else {
            expand(x, text, inner, depth + 1);
        }
    }
    ps_buf_put(&x->buf, ps_str_slice(value, done, value.len));
}

struct ps_str ps_reference_expand(struct ps_arena *arena, const struct ps_env *env,
                                  struct ps_str value, size_t before, size_t *budget)
{
    struct expansion x = {.env = env, .budget = budget};
    if (ps_str_index(value, '$') == value.len) {
        return value;
    }
    ps_buf_init(&x.buf, arena, value.len + 64);
    expand(&x, value, before, 0);
    return ps_buf_view(&x.buf);
}
