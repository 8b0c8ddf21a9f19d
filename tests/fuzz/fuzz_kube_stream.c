/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A watch: the first byte says how many bytes come at a time, the rest are the bytes. Lines do not
 * depend on how the bytes were cut; each is decoded to an event or refused with a message, twice
 * the same.
 */
#include "event.h"
#include "fuzz/fuzz.h"
#include "lines.h"

#include <string.h>

#define LINE_MAX_BYTES ((size_t)512)
#define LINES_MAX 256U

struct input {
    struct ps_arena *arena;
    struct ps_str line;
};

static struct ps_status try_event(void *arg)
{
    const struct input *input = arg;
    struct ps_event event;
    struct ps_event again;
    struct ps_error err = {.message = ""};
    bool decoded = ps_ok(ps_event_decode(input->arena, input->line, &event, &err));
    FUZZ_CHECK(decoded == ps_ok(ps_event_decode(input->arena, input->line, &again, &err)));
    (void)ps_event_looks_real(input->line);
    if (!decoded) {
        FUZZ_CHECK(err.message[0] != '\0');
        return ps_success();
    }
    FUZZ_CHECK(event.kind >= PS_EVENT_ADDED && event.kind <= PS_EVENT_ERROR);
    FUZZ_CHECK(event.kind == again.kind && event.code == again.code);
    FUZZ_CHECK(event.kind == PS_EVENT_ERROR || event.object != NULL);
    FUZZ_CHECK(ps_str_equal(event.version, again.version));
    return ps_success();
}

/* The lines that come when so many bytes are fed at a time; what is too long counts as "!". */
static size_t cut(struct ps_str text, size_t chunk, uint64_t hashes[LINES_MAX])
{
    struct ps_lines lines;
    struct ps_str line;
    enum ps_line found;
    size_t count = 0;
    ps_lines_init(&lines, LINE_MAX_BYTES);
    for (size_t at = 0; at < text.len; at += chunk) {
        FUZZ_CHECK(ps_lines_feed(&lines, ps_str_slice(text, at, at + chunk)));
        while ((found = ps_lines_next(&lines, &line)) != PS_LINE_NONE) {
            uint64_t hash = found == PS_LINE_TOO_LONG ? 1 : 14695981039346656037U;
            line = found == PS_LINE_TOO_LONG ? PS_STR("") : line;
            FUZZ_CHECK(line.len <= LINE_MAX_BYTES && ps_str_index(line, '\n') == line.len);
            for (size_t i = 0; i < line.len; i++) {
                hash = (hash ^ (unsigned char)line.ptr[i]) * 1099511628211U;
            }
            if (count < LINES_MAX) {
                hashes[count++] = hash;
            }
        }
    }
    ps_lines_clear(&lines);
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint64_t whole[LINES_MAX] = {0};
    uint64_t parts[LINES_MAX] = {0};
    if (size < 2) {
        return 0;
    }
    struct ps_str text = fuzz_text(data + 1, size - 1);
    size_t chunk = (size_t)data[0] + 1;
    size_t count = cut(text, text.len, whole);
    FUZZ_CHECK(count == cut(text, chunk, parts) && memcmp(whole, parts, sizeof(whole)) == 0);
    struct ps_str line;
    while (ps_str_split(&text, '\n', &line)) {
        struct input input = {fuzz_arena(), line};
        fuzz_run(input.arena, try_event, &input);
    }
    return 0;
}
