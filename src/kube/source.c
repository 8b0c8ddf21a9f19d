/* SPDX-License-Identifier: Apache-2.0 */
#include "source.h"

#include "portside/base64.h"
#include "portside/heap.h"

#include <string.h>
#include <sys/stat.h>

#define OLDEST_MS 60000U

bool ps_source_set(struct ps_source *source, struct ps_str text)
{
    ps_file_clear(&source->content);
    source->content.ptr = ps_heap_copy(text);
    source->content.len = source->content.ptr == NULL ? 0 : text.len;
    return source->content.ptr != NULL;
}

bool ps_source_set_base64(struct ps_source *source, struct ps_str text)
{
    ps_file_clear(&source->content);
    char *out = ps_heap_new(1, PS_BASE64_ROOM(text.len) + 1);
    size_t len = 0;
    if (out == NULL || !ps_base64_decode(text, out, &len)) {
        ps_heap_free(out);
        return false;
    }
    out[len] = '\0';
    source->content = (struct ps_file){out, len};
    return true;
}

bool ps_source_set_path(struct ps_source *source, const char *path)
{
    ps_heap_free(source->path);
    source->path = ps_heap_copy(ps_str_of(path));
    return source->path != NULL;
}

/* True if the file is not the one that was read. */
static bool changed(const struct ps_source *source, uint64_t ret_seen[4])
{
    struct stat found;
    if (stat(source->path, &found) != 0) {
        return true; /* reading it will say why */
    }
    ret_seen[0] = (uint64_t)found.st_size;
    ret_seen[1] = (uint64_t)found.st_ino;
    ret_seen[2] = (uint64_t)found.st_mtim.tv_sec;
    ret_seen[3] = (uint64_t)found.st_mtim.tv_nsec;
    return memcmp(ret_seen, source->seen, sizeof(source->seen)) != 0;
}

struct ps_status ps_source_refresh(struct ps_source *source, uint64_t now_ms, struct ps_error *err)
{
    if (source->path == NULL) {
        return ps_success();
    }
    uint64_t seen[4] = {0};
    bool known = source->content.ptr != NULL;
    bool fresh = known && !source->doubted && now_ms - source->read_ms < OLDEST_MS;
    if (!changed(source, seen) && fresh) {
        return ps_success();
    }
    struct ps_file file = {0};
    struct ps_status status = ps_file_read(source->path, PS_SOURCE_BYTES_MAX, &file, err);
    if (!ps_ok(status)) {
        return known ? ps_success() : status; /* it may be on its way back */
    }
    ps_file_clear(&source->content);
    source->content = file;
    source->read_ms = now_ms;
    source->doubted = false;
    memcpy(source->seen, seen, sizeof(seen));
    return ps_success();
}

struct ps_str ps_source_view(const struct ps_source *source)
{
    return ps_file_view(&source->content);
}

void ps_source_clear(struct ps_source *source)
{
    ps_file_clear(&source->content);
    ps_heap_free(source->path);
    source->path = NULL;
}
