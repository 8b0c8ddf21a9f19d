/* SPDX-License-Identifier: Apache-2.0 */
/* The expected files of a golden case: their text, made and written. */
#include "review_expected.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "portside/jw.h"

static void put_warnings(struct ps_jw *jw, const struct ps_admission *admission)
{
    ps_jw_key(jw, "warnings");
    ps_jw_array(jw);
    for (size_t i = 0; i < admission->warning_count; i++) {
        ps_jw_str(jw, admission->warnings[i]);
    }
    ps_jw_array_end(jw);
}

struct ps_str ps_expected_decision(struct ps_arena *arena, const struct ps_admission *admission,
                                   const struct ps_reply *reply)
{
    struct ps_buf buf;
    struct ps_jw jw;
    ps_buf_init(&buf, arena, 1024);
    ps_jw_init(&jw, &buf);
    ps_jw_object(&jw);
    ps_jw_member_int(&jw, "http", admission->http_status);
    ps_jw_member(&jw, "verdict", ps_str_of(ps_verdict_name(admission->verdict)));
    ps_jw_member(&jw, "reason", ps_str_of(ps_reason_name(admission->reason)));
    ps_jw_member(&jw, "family", admission->family);
    ps_jw_member(&jw, "delivery", admission->delivery);
    ps_jw_member_bool(&jw, "allowed", reply->allowed);
    ps_jw_member(&jw, "message", reply->message);
    put_warnings(&jw, admission);
    ps_jw_key(&jw, "audit");
    if (reply->audit != NULL) {
        ps_jw_copy(&jw, reply->audit); /* texts only: no number can be damaged */
    } else {
        ps_jw_null(&jw);
    }
    ps_jw_object_end(&jw);
    return ps_pretty(arena, ps_buf_view(&buf), SIZE_MAX);
}

struct ps_str ps_expected_patch(struct ps_arena *arena, struct ps_str patch)
{
    return patch.len == 0 ? patch : ps_pretty(arena, ps_scripts_hide(arena, patch), 1);
}

struct ps_str ps_expected_object(struct ps_arena *arena, const struct ps_json *object)
{
    struct ps_buf buf;
    struct ps_jw jw;
    if (!ps_jw_can_copy(object)) {
        return PS_STR("");
    }
    ps_buf_init(&buf, arena, 16384);
    ps_jw_init(&jw, &buf);
    ps_jw_copy(&jw, object);
    return ps_pretty(arena, ps_scripts_hide(arena, ps_buf_view(&buf)), SIZE_MAX);
}

static bool write_all(int fd, struct ps_str text)
{
    size_t done = 0;
    while (done < text.len) {
        ssize_t put = write(fd, text.ptr + done, text.len - done);
        if (put < 0 && errno != EINTR) {
            return false;
        }
        done += put > 0 ? (size_t)put : 0;
    }
    return true;
}

struct ps_status ps_expected_write(const char *path, struct ps_str text, struct ps_error *err)
{
    if (text.len == 0) {
        bool gone = unlink(path) == 0 || errno == ENOENT;
        return gone ? ps_success()
                    : ps_fail(err, PS_CODE_IO, "'%s' cannot be removed: %s", path, strerror(errno));
    }
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    bool written = fd >= 0 && write_all(fd, text);
    int cause = errno;
    bool closed = fd < 0 || close(fd) == 0;
    if (!written || !closed) {
        return ps_fail(err, PS_CODE_IO, "'%s' cannot be written: %s", path,
                       strerror(written ? errno : cause));
    }
    return ps_success();
}
