/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Expected files name the two embedded scripts instead of holding them, so that a changed script
 * does not rewrite every golden case. A word stands for exactly one JSON string, so comparing with
 * it is as exact as comparing the bytes.
 */
#include "cmd_review.h"
#include "portside/jw.h"
#include "portside/script.h"

static const struct {
    const char *word;
    const char *script;
} scripts[] = {
    {"\"@ADDRESS_SCRIPT@\"", ps_script_address},
    {"\"@HOOK_SCRIPT@\"", ps_script_hook},
};

/*
 * The JSON string that a patch holds for a script. kubelet expands $(NAME) in a command and reads
 * "$$" as '$' (k8s.io/kubernetes/third_party/forked/golang/expansion), hence the doubled sign.
 */
static struct ps_str as_json(struct ps_arena *arena, const char *script)
{
    struct ps_str text = ps_str_of(script);
    struct ps_buf doubled;
    struct ps_buf json;
    struct ps_jw jw;
    ps_buf_init(&doubled, arena, text.len + text.len / 8);
    for (size_t i = 0; i < text.len; i++) {
        char next = i + 1 < text.len ? text.ptr[i + 1] : '\0';
        if (text.ptr[i] == '$' && (next == '(' || next == '$')) {
            ps_buf_putc(&doubled, '$');
        }
        ps_buf_putc(&doubled, text.ptr[i]);
    }
    ps_buf_init(&json, arena, text.len * 2);
    ps_jw_init(&jw, &json);
    ps_jw_str(&jw, ps_buf_view(&doubled));
    return ps_buf_view(&json);
}

static struct ps_str replace(struct ps_arena *arena, struct ps_str text, struct ps_str from,
                             struct ps_str to)
{
    size_t at = ps_str_find(text, from, 0);
    if (at == text.len) {
        return text;
    }
    struct ps_buf out;
    ps_buf_init(&out, arena, text.len + to.len);
    size_t begin = 0;
    for (; at < text.len; at = ps_str_find(text, from, begin)) {
        ps_buf_put(&out, ps_str_slice(text, begin, at));
        ps_buf_put(&out, to);
        begin = at + from.len;
    }
    ps_buf_put(&out, ps_str_slice(text, begin, text.len));
    return ps_buf_view(&out);
}

struct ps_str ps_scripts_hide(struct ps_arena *arena, struct ps_str json)
{
    for (size_t i = 0; i < PS_COUNT(scripts); i++) {
        json = replace(arena, json, as_json(arena, scripts[i].script), ps_str_of(scripts[i].word));
    }
    return json;
}

struct ps_str ps_scripts_restore(struct ps_arena *arena, struct ps_str json)
{
    for (size_t i = 0; i < PS_COUNT(scripts); i++) {
        json = replace(arena, json, ps_str_of(scripts[i].word), as_json(arena, scripts[i].script));
    }
    return json;
}
