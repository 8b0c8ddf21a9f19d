/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "portside/cli.h"

/* Room for what tells no size, as a pipe. The server's own limit for a review is 7 MiB. */
#define STREAM_BYTES_MAX ((size_t)16 * 1024 * 1024)

/* Reads until the end or until buffer is full; -1 with errno set. */
static ssize_t read_all(int fd, char *buffer, size_t room)
{
    size_t used = 0;
    while (used < room) {
        ssize_t got = read(fd, buffer + used, room - used);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return -1;
        }
        if (got == 0) {
            break;
        }
        used += (size_t)got;
    }
    return (ssize_t)used;
}

static struct ps_status io_error(const char *path, int cause, struct ps_error *err)
{
    return ps_fail(err, PS_CODE_IO, "'%s' cannot be read: %s", path, strerror(cause));
}

/*
 * The memory is taken before the file is opened: an arena that is full unwinds, and nothing may be
 * held then.
 */
static struct ps_status read_path(struct ps_arena *arena, const char *path, size_t room,
                                  struct ps_str *ret_text, struct ps_error *err)
{
    char *buffer = ps_arena_alloc(arena, room + 1);
    bool standard = strcmp(path, "-") == 0;
    int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) {
        return io_error(path, errno, err);
    }
    ssize_t got = read_all(fd, buffer, room + 1);
    int cause = errno;
    if (!standard) {
        (void)close(fd); /* only read from: nothing can be lost */
    }
    if (got < 0) {
        return io_error(path, cause, err);
    }
    if ((size_t)got > room) {
        return ps_fail(err, PS_CODE_IO, "'%s' is larger than %zu bytes", path, room);
    }
    *ret_text = (struct ps_str){buffer, (size_t)got};
    return ps_success();
}

struct ps_status ps_cli_read(struct ps_arena *arena, const char *path, struct ps_str *ret_text,
                             struct ps_error *err)
{
    struct stat info;
    bool standard = strcmp(path, "-") == 0;
    if ((standard ? fstat(STDIN_FILENO, &info) : stat(path, &info)) != 0) {
        return io_error(path, errno, err);
    }
    if (S_ISDIR(info.st_mode)) {
        return io_error(path, EISDIR, err);
    }
    /* A file that claims to be empty may be one of /proc: it gets the room of a stream. */
    bool sized = S_ISREG(info.st_mode) && info.st_size > 0;
    return read_path(arena, path, sized ? (size_t)info.st_size : STREAM_BYTES_MAX, ret_text, err);
}
