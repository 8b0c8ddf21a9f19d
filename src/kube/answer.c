/* SPDX-License-Identifier: Apache-2.0 */
#include "answer.h"

#include <stdio.h>

#define REASON_BYTES 64U

bool ps_kube_is_success(const struct ps_kube_answer *answer)
{
    return answer->broken == NULL && answer->status >= 200 && answer->status < 300;
}

struct ps_str ps_kube_reason(const struct ps_json *object)
{
    bool status = ps_str_is(ps_json_get_text(object, "kind"), "Status");
    return status ? ps_json_get_text(object, "reason") : PS_STR("");
}

/*
 * True if a patch carried the uid of another object than the one that is there: the API server
 * calls that a change of an immutable field.
 */
static bool is_other_uid(const struct ps_json *object)
{
    PS_JSON_EACH(cause, ps_json_get2(object, "details", "causes"))
    {
        if (ps_str_is(ps_json_get_text(cause, "field"), "metadata.uid")) {
            return true;
        }
    }
    return false;
}

enum ps_kube_outcome ps_kube_outcome(const struct ps_kube_answer *answer)
{
    if (ps_kube_is_success(answer)) {
        return PS_KUBE_OK;
    }
    if (answer->broken != NULL && answer->status < 400) {
        return PS_KUBE_FAILED;
    }
    switch (answer->status) {
    case 404:
        return PS_KUBE_NOT_FOUND;
    case 409:
        return ps_str_is(ps_kube_reason(answer->object), "AlreadyExists") ? PS_KUBE_ALREADY_EXISTS
                                                                          : PS_KUBE_CONFLICT;
    case 410:
        return PS_KUBE_EXPIRED;
    case 401:
    case 403:
        return PS_KUBE_FORBIDDEN;
    case 422:
        return is_other_uid(answer->object) ? PS_KUBE_CONFLICT : PS_KUBE_REFUSED;
    case 429:
        return PS_KUBE_FAILED;
    default:
        return answer->status >= 400 && answer->status < 500 ? PS_KUBE_REFUSED : PS_KUBE_FAILED;
    }
}

/* "AlreadyExists" as "already exists". */
static void spell(struct ps_str reason, char text[REASON_BYTES])
{
    size_t len = 0;
    for (size_t i = 0; i < reason.len && len + 2 < REASON_BYTES; i++) {
        char lower = ps_to_lower(reason.ptr[i]);
        if (lower != reason.ptr[i] && i > 0) {
            text[len++] = ' ';
        }
        text[len++] = lower;
    }
    text[len] = '\0';
}

/* Statuses that come without a Status object, from proxies and load balancers. */
static const char *status_word(int status)
{
    switch (status) {
    case 401:
        return "unauthorized";
    case 403:
        return "forbidden";
    case 404:
        return "not found";
    case 410:
        return "gone";
    case 429:
        return "too many requests";
    case 502:
        return "bad gateway";
    case 503:
        return "service unavailable";
    case 504:
        return "gateway timeout";
    default:
        return status >= 500 ? "server error" : "refused";
    }
}

/*
 * The verb that the API server names in `User "u" cannot create resource "services"`: a server-side
 * apply is a patch that may need create. As given, if it names none.
 */
static struct ps_str missing_verb(struct ps_str message, const char *verb)
{
    struct ps_str rest = message;
    struct ps_str before = PS_STR("");
    struct ps_str found = ps_str_of(verb);
    struct ps_str word;
    while (ps_str_split(&rest, ' ', &word)) {
        if (ps_str_is(before, "cannot") && ps_str_starts(rest, "resource ")) {
            found = word;
        }
        before = word;
    }
    return found;
}

void ps_kube_explain(const struct ps_kube_answer *answer, const char *verb, const char *resource,
                     struct ps_error *err)
{
    if (answer->broken != NULL && answer->status < 400) {
        (void)!ps_ok(ps_fail(err, PS_CODE_IO, "%s: %s", answer->what, answer->broken));
        return;
    }
    char word[REASON_BYTES];
    struct ps_str reason = ps_kube_reason(answer->object);
    spell(reason.len > 0 ? reason : ps_str_of(status_word(answer->status)), word);
    struct ps_str message = ps_json_get_text(answer->object, "message");
    if (message.len == 0) {
        message = ps_str_of(answer->broken);
    }
    bool rbac = answer->status == 403 && verb != NULL && ps_str_contains(message, " cannot ");
    enum ps_code code = ps_kube_outcome(answer) == PS_KUBE_FAILED ? PS_CODE_IO : PS_CODE_INPUT;
    if (rbac) {
        (void)!ps_ok(ps_fail(
            err, code, "%s: 403 %s: grant the verb '%.*s' on '%s' to this account: %.*s",
            answer->what, word, PS_FMT(missing_verb(message, verb)), resource, PS_FMT(message)));
        return;
    }
    (void)!ps_ok(ps_fail(err, code, "%s: %d %s%s%.*s", answer->what, answer->status, word,
                         message.len > 0 ? ": " : "", PS_FMT(message)));
}
