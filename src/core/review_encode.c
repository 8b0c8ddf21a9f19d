/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes what the API server reads. It drops a warning or audit key that breaks its rules, and an
 * answer that is not UTF-8 as a whole; so texts, which may quote user input, are made to fit here.
 */
#include "portside/jw.h"
#include "portside/review.h"

/* k8s.io/apiserver/pkg/endpoints/filters/warning.go cuts each warning to as many runes. */
#define WARNING_RUNES_MAX 256U
/* k8s.io/apimachinery/pkg/util/validation: a qualified name's part. */
#define AUDIT_KEY_BYTES_MAX 63U

/* Go's unicode.IsControl: C0, DEL and C1 (two bytes, C2 80 to C2 9F). */
static bool is_control(struct ps_str text, size_t at, size_t len)
{
    unsigned char c = (unsigned char)text.ptr[at];
    if (len == 2) {
        return c == 0xC2 && (unsigned char)text.ptr[at + 1] < 0xA0;
    }
    return c < 0x20 || c == 0x7F;
}

/* text as valid UTF-8 without control characters, cut to runes_max. */
static struct ps_str clean(struct ps_arena *arena, struct ps_str text, size_t runes_max)
{
    struct ps_buf buf;
    size_t at = 0;
    ps_buf_init(&buf, arena, text.len + 1);
    for (size_t runes = 0; at < text.len && runes < runes_max; runes++) {
        size_t len = ps_str_rune(text, at);
        if (len == 0) {
            ps_buf_puts(&buf, "\xEF\xBF\xBD"); /* U+FFFD, as Go does */
            len = 1;
        } else if (is_control(text, at, len)) {
            ps_buf_putc(&buf, ' ');
        } else {
            ps_buf_put(&buf, ps_str_slice(text, at, at + len));
        }
        at += len;
    }
    return ps_buf_view(&buf);
}

static bool is_alphanumeric(char c)
{
    return ps_is_alpha(c) || ps_is_digit(c);
}

static bool is_audit_key(struct ps_str key)
{
    if (key.len == 0 || key.len > AUDIT_KEY_BYTES_MAX || !is_alphanumeric(key.ptr[0]) ||
        !is_alphanumeric(key.ptr[key.len - 1])) {
        return false;
    }
    for (size_t i = 0; i < key.len; i++) {
        char c = key.ptr[i];
        if (!is_alphanumeric(c) && c != '-' && c != '_' && c != '.') {
            return false;
        }
    }
    return true;
}

/* Reasons for which kubectl has words of its own; metav1.StatusReason. */
static const char *reason_of(int code)
{
    switch (code) {
    case 400:
        return "BadRequest";
    case 403:
        return "Forbidden";
    case 422:
        return "Invalid";
    default:
        return NULL;
    }
}

static void put_status(struct ps_jw *jw, struct ps_arena *arena,
                       const struct ps_review_answer *answer)
{
    const char *reason = reason_of(answer->code);
    ps_jw_key(jw, "status");
    ps_jw_object(jw);
    ps_jw_member_int(jw, "code", answer->code);
    ps_jw_member(jw, "message", clean(arena, answer->message, answer->message.len));
    if (reason != NULL) {
        ps_jw_member(jw, "reason", ps_str_of(reason));
    }
    ps_jw_object_end(jw);
}

static void put_warnings(struct ps_jw *jw, struct ps_arena *arena,
                         const struct ps_review_answer *answer)
{
    if (answer->warning_count == 0) {
        return;
    }
    ps_jw_key(jw, "warnings");
    ps_jw_array(jw);
    for (size_t i = 0; i < answer->warning_count; i++) {
        ps_jw_str(jw, clean(arena, answer->warnings[i], WARNING_RUNES_MAX));
    }
    ps_jw_array_end(jw);
}

/* Keys that the API server would drop with a complaint in its log are not sent. */
static void put_audit(struct ps_jw *jw, struct ps_arena *arena,
                      const struct ps_review_answer *answer)
{
    if (answer->audit_count == 0) {
        return;
    }
    ps_jw_key(jw, "auditAnnotations");
    ps_jw_object(jw);
    for (size_t i = 0; i < answer->audit_count; i++) {
        struct ps_str value = answer->audit[i][1];
        if (is_audit_key(answer->audit[i][0])) {
            ps_jw_key_str(jw, answer->audit[i][0]);
            ps_jw_str(jw, clean(arena, value, value.len));
        }
    }
    ps_jw_object_end(jw);
}

static void put_response(struct ps_jw *jw, struct ps_arena *arena, const struct ps_review *review,
                         const struct ps_review_answer *answer)
{
    ps_jw_object(jw);
    ps_jw_member(jw, "uid", review->uid);
    ps_jw_member_bool(jw, "allowed", answer->allowed);
    if (answer->patch.len > 0) {
        ps_jw_member(jw, "patchType", PS_STR("JSONPatch"));
        ps_jw_key(jw, "patch");
        ps_jw_base64(jw, answer->patch);
    }
    if (!answer->allowed) {
        put_status(jw, arena, answer);
    }
    put_warnings(jw, arena, answer);
    put_audit(jw, arena, answer);
    ps_jw_object_end(jw);
}

struct ps_str ps_review_encode(struct ps_arena *arena, const struct ps_review *review,
                               const struct ps_review_answer *answer)
{
    struct ps_buf buf;
    struct ps_jw jw;
    ps_buf_init(&buf, arena, answer->patch.len * 2 + 1024);
    ps_jw_init(&jw, &buf);
    ps_jw_object(&jw);
    ps_jw_member(&jw, "apiVersion", review->api_version);
    ps_jw_member(&jw, "kind", PS_STR("AdmissionReview"));
    ps_jw_key(&jw, "response");
    put_response(&jw, arena, review, answer);
    ps_jw_object_end(&jw);
    return ps_buf_view(&buf);
}
