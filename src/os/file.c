/* SPDX-License-Identifier: Apache-2.0 */
#include "portside/file.h"

#include "portside/heap.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FIRST_BYTES 4096U

static void close_fd(int *fd)
{
    if (*fd >= 0) {
        (void)close(*fd); /* read only: nothing can be lost */
        *fd = -1;
    }
}

static struct ps_status io_error(struct ps_error *err, const char *path)
{
    return ps_fail(err, PS_CODE_IO, "cannot read '%s': %s", path, strerror(errno));
}

/* Room for at least one more byte and the NUL; moves by hand so that no copy of a key is left. */
static bool reserve(struct ps_file *file, size_t *cap)
{
    if (*cap - file->len > 1) {
        return true;
    }
    size_t larger = *cap == 0 ? FIRST_BYTES : *cap * 2;
    char *ptr = ps_heap_new(1, larger);
    if (ptr == NULL) {
        return false;
    }
    size_t len = file->len;
    if (len > 0) {
        memcpy(ptr, file->ptr, len);
    }
    ps_file_clear(file);
    *file = (struct ps_file){ptr, len};
    *cap = larger;
    return true;
}

static struct ps_status read_all(int fd, const char *path, size_t max_bytes, struct ps_file *file,
                                 struct ps_error *err)
{
    size_t cap = 0;
    for (;;) {
        if (!reserve(file, &cap)) {
            errno = ENOMEM;
            return io_error(err, path);
        }
        ssize_t got = read(fd, file->ptr + file->len, cap - file->len - 1);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return io_error(err, path);
        }
        if (got == 0) {
            file->ptr[file->len] = '\0';
            return ps_success();
        }
        file->len += (size_t)got;
        if (file->len > max_bytes) {
            return ps_fail(err, PS_CODE_LIMIT, "'%s' is larger than %zu bytes", path, max_bytes);
        }
    }
}

struct ps_status ps_file_read(const char *path, size_t max_bytes, struct ps_file *ret_file,
                              struct ps_error *err)
{
    int fd PS_CLEANUP(close_fd) = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) {
        return io_error(err, path);
    }
    struct ps_file file = {0};
    struct ps_status status = read_all(fd, path, max_bytes, &file, err);
    if (!ps_ok(status)) {
        ps_file_clear(&file);
        return status;
    }
    *ret_file = file;
    return ps_success();
}

void ps_file_clear(struct ps_file *file)
{
    if (file->ptr != NULL) {
        explicit_bzero(file->ptr, file->len);
        ps_heap_free(file->ptr);
    }
    *file = (struct ps_file){0};
}

struct ps_str ps_file_view(const struct ps_file *file)
{
    return (struct ps_str){file->ptr == NULL ? "" : file->ptr, file->len};
}
