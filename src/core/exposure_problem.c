/* SPDX-License-Identifier: Apache-2.0 */
/* How a problem is worded: "portside.dev/listener-port: '70000' is not a port: use …". */
#include "exposure_reader.h"
#include "portside/buf.h"

#define SHOWN_BYTES_MAX 80

/* Bytes beyond ASCII are escaped too: an invisible space is the very thing one has to see. */
struct ps_str ps_exposure_show(struct ps_arena *arena, struct ps_str text)
{
    struct ps_buf buf;
    size_t i = 0;
    ps_buf_init(&buf, arena, SHOWN_BYTES_MAX + 8);
    for (; i < text.len && buf.len < SHOWN_BYTES_MAX; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if (c < ' ' || c > '~') {
            ps_buf_printf(&buf, "\\x%02x", c);
        } else {
            ps_buf_putc(&buf, (char)c);
        }
    }
    ps_buf_puts(&buf, i < text.len ? "..." : "");
    return ps_buf_view(&buf);
}

struct ps_str ps_exposure_annotation(struct ps_arena *arena, struct ps_str exposure,
                                     enum ps_exposure_key_id id)
{
    const struct ps_exposure_key *key = ps_exposure_key_get(id);
    bool further = key->per_exposure && !ps_str_is(exposure, "external");
    return ps_arena_printf(arena, "%.*s%s" PS_ANNOTATION_PREFIX "%s",
                           PS_FMT(further ? exposure : PS_STR("")), further ? "." : "", key->name);
}

static void fill(struct ps_exposure_reader *reader, bool unsupported, struct ps_str text)
{
    const char *whose = "";
    switch (reader->source) {
    case PS_EXPOSURE_OF_TABLE:
    case PS_EXPOSURE_OF_OBJECT:
        break;
    case PS_EXPOSURE_OF_INSTALLATION:
        whose = "the default of this installation for ";
        break;
    }
    struct ps_str annotation =
        ps_exposure_annotation(reader->arena, reader->names[reader->index], reader->key);
    reader->problem->unsupported = unsupported;
    reader->problem->message =
        ps_arena_printf(reader->arena, "%s%.*s: %.*s", whose, PS_FMT(annotation), PS_FMT(text));
}

bool ps_exposure_refuse(struct ps_exposure_reader *reader, struct ps_str text)
{
    fill(reader, false, text);
    return false;
}

bool ps_exposure_refuse_unsupported(struct ps_exposure_reader *reader, struct ps_str text)
{
    fill(reader, true, text);
    return false;
}

bool ps_exposure_refuse_value(struct ps_exposure_reader *reader, struct ps_str value)
{
    struct ps_str shown = ps_exposure_show(reader->arena, value);
    return ps_exposure_refuse(reader,
                              ps_arena_printf(reader->arena, "'%.*s' is not %s: use %s",
                                              PS_FMT(shown), ps_exposure_row_get(reader->key)->what,
                                              ps_exposure_key_get(reader->key)->values));
}
