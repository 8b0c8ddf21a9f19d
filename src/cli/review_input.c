/* SPDX-License-Identifier: Apache-2.0 */
/* What the operands of `portside review` name. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cmd_review.h"

#define INPUTS_MAX 4096U
/* tests/golden/<area>/<case> has two; a little more costs nothing. */
#define DEPTH_MAX 4U
#define NAMES_BYTES ((size_t)1024 * 1024)

struct finder {
    struct ps_arena *arena;
    struct ps_inputs inputs;
};

const char *ps_path_join(struct ps_arena *arena, const char *folder, const char *name)
{
    size_t len = strlen(folder);
    const char *slash = len > 0 && folder[len - 1] == '/' ? "" : "/";
    return ps_arena_printf(arena, "%s%s%s", folder, slash, name).ptr;
}

static bool has_mode(const char *path, mode_t type)
{
    struct stat info;
    return stat(path, &info) == 0 && (info.st_mode & S_IFMT) == type;
}

bool ps_inputs_has(const char *path, const char *name)
{
    char joined[4096];
    int len = snprintf(joined, sizeof(joined), "%s/%s", path, name);
    return len > 0 && (size_t)len < sizeof(joined) && has_mode(joined, S_IFREG);
}

static struct ps_status keep(struct finder *finder, const char *path, bool is_case, bool is_named,
                             struct ps_error *err)
{
    if (finder->inputs.count == INPUTS_MAX) {
        return ps_fail(err, PS_CODE_INPUT, "more than %u reviews: name fewer folders", INPUTS_MAX);
    }
    finder->inputs.list[finder->inputs.count++] = (struct ps_input){path, is_case, is_named};
    return ps_success();
}

/* Names in a folder, each ended by NUL; *ret_count of them. No allocation while it is open. */
static struct ps_status read_names(const char *path, char *buffer, size_t *ret_count,
                                   struct ps_error *err)
{
    DIR *dir = opendir(path);
    if (dir == NULL) {
        return ps_fail(err, PS_CODE_INPUT, "'%s' cannot be read: %s", path, strerror(errno));
    }
    size_t used = 0;
    size_t count = 0;
    const struct dirent *entry = readdir(dir);
    for (; entry != NULL && used + strlen(entry->d_name) < NAMES_BYTES; entry = readdir(dir)) {
        if (entry->d_name[0] != '.') {
            size_t size = strlen(entry->d_name) + 1;
            memcpy(buffer + used, entry->d_name, size);
            used += size;
            count++;
        }
    }
    (void)closedir(dir); /* only read from */
    if (entry != NULL) {
        return ps_fail(err, PS_CODE_INPUT, "'%s' holds too many files", path);
    }
    *ret_count = count;
    return ps_success();
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The names in a folder in the order of their bytes, NULL behind the last. */
static struct ps_status list_folder(struct ps_arena *arena, const char *path,
                                    const char ***ret_names, struct ps_error *err)
{
    char *buffer = ps_arena_alloc(arena, NAMES_BYTES);
    size_t count = 0;
    PS_TRY(read_names(path, buffer, &count, err));
    const char **names = PS_ARENA_ARRAY(arena, const char *, count + 1);
    for (size_t i = 0; i < count; i++) {
        names[i] = buffer;
        buffer += strlen(buffer) + 1;
    }
    qsort(names, count, sizeof(*names), by_bytes);
    *ret_names = names;
    return ps_success();
}

/* Golden cases below path. Recursion is bounded by depth. */
static struct ps_status find_cases(struct finder *finder, const char *path, size_t depth,
                                   struct ps_error *err)
{
    const char **names = NULL;
    PS_TRY(list_folder(finder->arena, path, &names, err));
    for (; *names != NULL; names++) {
        const char *below = ps_path_join(finder->arena, path, *names);
        if (!has_mode(below, S_IFDIR)) {
            continue;
        }
        if (ps_inputs_has(below, PS_CASE_REQUEST)) {
            PS_TRY(keep(finder, below, true, false, err));
        } else if (depth + 1 < DEPTH_MAX) {
            PS_TRY(find_cases(finder, below, depth + 1, err));
        }
    }
    return ps_success();
}

static struct ps_status find_one(struct finder *finder, const char *path, struct ps_error *err)
{
    if (!has_mode(path, S_IFDIR)) {
        return keep(finder, path, false, true, err);
    }
    if (ps_inputs_has(path, PS_CASE_REQUEST)) {
        return keep(finder, path, true, true, err);
    }
    size_t before = finder->inputs.count;
    PS_TRY(find_cases(finder, path, 0, err));
    if (finder->inputs.count == before) {
        return ps_fail(err, PS_CODE_INPUT,
                       "'%s' has no " PS_CASE_REQUEST ", nor has a folder in it: name a file or a "
                       "folder of golden cases",
                       path);
    }
    return ps_success();
}

struct ps_status ps_inputs_find(struct ps_arena *arena, int count, char **operands,
                                struct ps_inputs *ret_inputs, struct ps_error *err)
{
    struct finder finder = {.arena = arena};
    finder.inputs.list = PS_ARENA_ARRAY(arena, struct ps_input, INPUTS_MAX);
    for (int i = 0; i < count; i++) {
        PS_TRY(find_one(&finder, operands[i], err));
    }
    *ret_inputs = finder.inputs;
    return ps_success();
}
