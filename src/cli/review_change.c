/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A patch, operation by operation: where it is in words, the old text, the new one. Each operation
 * is shown against the object as the operations before it have left it, as RFC 6902 applies them.
 */
#include "cmd_review.h"
#include "portside/patch.h"

/* How a list is called when one element of it is meant. */
static const char *const singulars[][2] = {
    {"containers", "container"},
    {"initContainers", "init container"},
    {"ephemeralContainers", "ephemeral container"},
    {"volumes", "volume"},
    {"volumeMounts", "mount"},
    {"annotations", "annotation"},
    {"labels", "label"},
    {"env", "env"},
};

/* Steps on the way that say nothing to a person. */
static const char *const silent[] = {"metadata", "spec", "value"};

struct change {
    struct ps_arena *arena;
    struct ps_str op;
    struct ps_str path;
    const struct ps_json *value;
    const struct ps_json *old;
};

static bool is_silent(struct ps_str step)
{
    for (size_t i = 0; i < PS_COUNT(silent); i++) {
        if (ps_str_is(step, silent[i])) {
            return true;
        }
    }
    return false;
}

static const char *singular(struct ps_str step)
{
    for (size_t i = 0; i < PS_COUNT(singulars); i++) {
        if (ps_str_is(step, singulars[i][0])) {
            return singulars[i][1];
        }
    }
    return NULL;
}

/* RFC 6901 section 4: "~1" is '/', "~0" is '~'. */
static struct ps_str unescape(struct ps_arena *arena, struct ps_str step)
{
    struct ps_buf out;
    ps_buf_init(&out, arena, step.len);
    for (size_t i = 0; i < step.len; i++) {
        if (step.ptr[i] != '~' || i + 1 == step.len) {
            ps_buf_putc(&out, step.ptr[i]);
        } else {
            ps_buf_putc(&out, step.ptr[++i] == '1' ? '/' : '~');
        }
    }
    return ps_buf_view(&out);
}

/* Child of node by one step of a pointer; NULL if there is none. */
static const struct ps_json *child_of(const struct ps_json *node, struct ps_str step)
{
    uint64_t index = 0;
    if (ps_json_type(node) != PS_JSON_ARRAY) {
        return ps_json_get_str(node, step);
    }
    return ps_str_to_uint(step, UINT32_MAX, &index) ? ps_json_at(node, (size_t)index) : NULL;
}

/* The name of an element if it has one, else its index or key. */
static struct ps_str element_name(const struct ps_json *element, struct ps_str step)
{
    struct ps_str name = ps_json_get_text(element, "name");
    return name.len > 0 ? name : step;
}

static void put_words(struct ps_buf *out, const char *word, struct ps_str name)
{
    ps_buf_puts(out, out->len > 0 ? " › " : "");
    ps_buf_puts(out, word);
    ps_buf_puts(out, word[0] != '\0' && name.len > 0 ? " " : "");
    ps_buf_put(out, name);
}

/*
 * "container kafka › env KAFKA_LISTENERS". An element that is added is called by the name it
 * brings, not by that of the one whose place it takes.
 */
static struct ps_str words_of(const struct change *change, const struct ps_json *doc)
{
    struct ps_buf out;
    ps_buf_init(&out, change->arena, change->path.len + 32);
    struct ps_str rest = ps_str_slice(change->path, 1, change->path.len);
    struct ps_str raw;
    const char *list = NULL;
    while (change->path.len > 0 && ps_str_split(&rest, '/', &raw)) {
        struct ps_str step = unescape(change->arena, raw);
        bool last = rest.ptr == NULL;
        bool inserts = last && ps_str_is(change->op, "add") && ps_json_type(doc) == PS_JSON_ARRAY;
        doc = inserts ? change->value : child_of(doc, step);
        if (list != NULL) {
            put_words(&out, list, element_name(doc, step));
            list = NULL;
            continue;
        }
        list = last ? NULL : singular(step);
        if (list == NULL && (last || !is_silent(step)) &&
            !(ps_str_is(step, "value") && out.len > 0)) {
            put_words(&out, "", step);
        }
    }
    return ps_buf_view(&out);
}

/* A variable on one line, as a person would note it; everything else in the manner of YAML. */
static struct ps_str text_of(const struct change *change, const struct ps_json *value, bool full)
{
    struct ps_str name = ps_json_get_text(value, "name");
    const struct ps_json *text = ps_json_get(value, "value");
    struct ps_str field =
        ps_json_get_text(ps_json_get2(value, "valueFrom", "fieldRef"), "fieldPath");
    bool is_pair = ps_json_count(value) == 2 && name.len > 0;
    if (is_pair && ps_json_is_string(text)) {
        return ps_arena_printf(change->arena, "%.*s=%.*s\n", PS_FMT(name),
                               PS_FMT(ps_json_text(text)));
    }
    if (is_pair && field.len > 0) {
        return ps_arena_printf(change->arena, "%.*s from %.*s\n", PS_FMT(name), PS_FMT(field));
    }
    return ps_value_text(change->arena, value, full);
}

static enum ps_style style_of(char mark)
{
    switch (mark) {
    case '-':
        return PS_STYLE_RED;
    case '+':
        return PS_STYLE_GREEN;
    case '@':
        return PS_STYLE_DIM;
    default:
        return PS_STYLE_PLAIN;
    }
}

void ps_show_marked(const struct ps_term *term, char mark, struct ps_str text)
{
    struct ps_str rest = text;
    struct ps_str line;
    while (rest.len > 0 && ps_str_split(&rest, '\n', &line)) {
        /* NUL: each line brings its own mark. */
        char own = mark == '\0' && line.len > 0 ? line.ptr[0] : mark;
        if (mark != '\0') {
            ps_term_printf(term, style_of(mark), "    %c ", mark);
        } else {
            ps_term_printf(term, PS_STYLE_PLAIN, "    ");
        }
        ps_term_text(term, style_of(own), line);
        ps_term_printf(term, PS_STYLE_PLAIN, "\n");
    }
}

static const char *verb_of(const struct change *change)
{
    if (ps_str_is(change->op, "add")) {
        return change->old == NULL ? "add" : "set";
    }
    return ps_str_is(change->op, "replace") ? "change" : "remove";
}

static void show_change(const struct ps_session *session, const struct change *change,
                        const struct ps_json *doc)
{
    const struct ps_term *out = &session->cli->out;
    ps_term_printf(out, PS_STYLE_BOLD, "  %s ", verb_of(change));
    ps_term_text(out, PS_STYLE_BOLD, words_of(change, doc));
    ps_term_printf(out, PS_STYLE_DIM, "  ");
    ps_term_text(out, PS_STYLE_DIM, change->path);
    ps_term_printf(out, PS_STYLE_PLAIN, "\n");
    if (change->old != NULL) {
        ps_show_marked(out, '-', text_of(change, change->old, session->full));
    }
    if (change->value != NULL) {
        ps_show_marked(out, '+', text_of(change, change->value, session->full));
    }
}

/* What is overwritten or taken away; an element that is inserted overwrites nothing. */
static const struct ps_json *old_value(struct ps_arena *arena, const struct ps_json *doc,
                                       const struct change *change)
{
    size_t slash = ps_str_last_index(change->path, '/');
    const struct ps_json *parent =
        ps_pointer_find(arena, doc, ps_str_slice(change->path, 0, slash));
    if (ps_str_is(change->op, "add") && ps_json_type(parent) == PS_JSON_ARRAY) {
        return NULL;
    }
    return ps_pointer_find(arena, doc, change->path);
}

/* Applies one operation; false if it does not apply. */
static bool step(struct ps_arena *arena, struct ps_json **doc, const struct ps_json *operation)
{
    struct ps_json *one = NULL;
    if (!ps_ok(ps_json_parse(arena, PS_STR("[]"), &one, NULL)) ||
        !ps_json_array_insert(one, 0, ps_json_copy(arena, operation))) {
        return false;
    }
    return ps_ok(ps_patch_apply(arena, doc, one, NULL));
}

void ps_show_changes(const struct ps_session *session, const struct ps_json *object,
                     const struct ps_json *patch)
{
    struct ps_json *doc = ps_json_copy(session->arena, object);
    PS_JSON_EACH(operation, patch)
    {
        struct change change = {
            .arena = session->arena,
            .op = ps_json_get_text(operation, "op"),
            .path = ps_json_get_text(operation, "path"),
            .value = ps_json_get(operation, "value"),
        };
        change.old = old_value(session->arena, doc, &change);
        show_change(session, &change, doc);
        if (!step(session->arena, &doc, operation)) {
            ps_term_printf(&session->cli->out, PS_STYLE_RED, "    this operation does not apply\n");
            return;
        }
    }
}
