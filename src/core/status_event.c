/* SPDX-License-Identifier: Apache-2.0 */
/* Findings in words, and the Events that carry them. */
#include <assert.h>

#include "portside/buf.h"
#include "portside/jw.h"
#include "portside/lease.h"
#include "portside/service.h"
#include "portside/status.h"
#include "service_digest.h"

/* What the API server allows in Event.message. */
#define MESSAGE_BYTES_MAX 1024
#define US_PER_S 1000000

/*
 * In the words, {member} stands for a member of the finding, and what is in brackets is left out if
 * there is no detail.
 */
static const char *const words[] = {
    [PS_FINDING_NOT_LISTENING] =
        "{object} refuses connections on port {port} of listener '{listener}'[, probably because "
        "{detail}]; look for lines that begin with 'portside:' in the broker's log. Until it "
        "answers, it is left out of bootstrap.servers",
    [PS_FINDING_LISTENING] = "{object} answers on port {port} of listener '{listener}' again",
    [PS_FINDING_NOT_INJECTED] =
        "{object} runs without the listener of portside[, because {detail}]: delete the pod, or "
        "run 'kubectl rollout restart' for its StatefulSet, so that it is made anew with it",
    [PS_FINDING_STALE_ENDPOINT] =
        "{object} advertises '{was}' for exposure '{exposure}', but is reached at '{is}' now: "
        "delete the pod, so that the broker starts with the new endpoint",
    [PS_FINDING_NO_ENDPOINT] =
        "{object} runs without the listener of exposure '{exposure}', as no endpoint was known when "
        "its broker started[ ({detail})]: delete the pod once there is one, so that the broker "
        "starts with it",
    [PS_FINDING_WAITING] = "{object} waits for the endpoint of exposure '{exposure}'[: {detail}]",
    [PS_FINDING_FOREIGN_OBJECT] =
        "{object} exists but is not managed by portside, which leaves it alone: delete or rename "
        "it, or label it '" PS_LABEL_MANAGED_BY "=" PS_MANAGED_BY "' to hand it over",
    [PS_FINDING_NAME_COLLISION] =
        "{object} is needed by exposure '{exposure}', but {detail}: rename the exposure",
    [PS_FINDING_NAME_INVALID] =
        "no {object} can be made: {detail}; use a shorter or another name for the exposure",
    [PS_FINDING_PORT_TAKEN] = "the node port of {object} is taken[: {detail}]",
    [PS_FINDING_PORT_OUT_OF_RANGE] = "{object} would need node port {detail}: use a lower "
                                     "'" PS_ANNOTATION_PREFIX "node-port-base'",
    [PS_FINDING_INVALID] =
        "{detail}; until that is put right, nothing of the StatefulSet is changed",
    [PS_FINDING_POLICY] =
        "annotation '{detail}' of {object} is not allowed by the policy of this installation and "
        "is left out: remove it, or have its prefix allowed "
        "(policy-service-annotations)",
    [PS_FINDING_REFUSED] = "the API server refused {object}[: {detail}]",
    [PS_FINDING_FORBIDDEN] = "portside may not {detail}[ ({object})]: grant it to its service "
                             "account; everything else goes on",
    [PS_FINDING_UNKNOWN_CONTRACT] =
        "{object} was injected by a version of portside that this one does not know[ (contract "
        "{detail})] and is left alone: delete the pod to have it made anew",
};

static_assert(PS_COUNT(words) == PS_FINDING_COUNT, "words for each finding");

static const struct {
    const char *reason;
    bool warning;
} kinds[] = {
#define KIND_ROW(id, event_reason, is_warning)                                                     \
    [PS_FINDING_##id] = {.reason = (event_reason), .warning = (is_warning)},
    PS_FINDINGS(KIND_ROW)
#undef KIND_ROW
};

static_assert(PS_COUNT(kinds) == PS_FINDING_COUNT, "a row for each finding");

static struct ps_str member_of(struct ps_arena *arena, const struct ps_finding *finding,
                               struct ps_str name)
{
    const struct {
        const char *name;
        struct ps_str value;
    } members[] = {
        {"object", finding->object}, {"detail", finding->detail},
        {"was", finding->was},       {"exposure", finding->exposure},
        {"is", finding->is},         {"listener", finding->listener},
    };
    for (size_t i = 0; i < PS_COUNT(members); i++) {
        if (ps_str_is(name, members[i].name)) {
            return members[i].value;
        }
    }
    return ps_arena_printf(arena, "%u", (unsigned)finding->listener_port);
}

/* Appends text, whose brackets are balanced. */
static void say(struct ps_buf *buf, struct ps_str text, const struct ps_finding *finding)
{
    bool silent = false;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (c == '[' || c == ']') {
            silent = c == '[' && finding->detail.len == 0;
        } else if (c == '{') {
            size_t end = ps_str_find(text, PS_STR("}"), i);
            struct ps_str name = ps_str_slice(text, i + 1, end);
            ps_buf_put(buf, silent ? PS_STR("") : member_of(buf->arena, finding, name));
            i = end;
        } else if (!silent) {
            ps_buf_putc(buf, c);
        }
    }
}

/* Cut to what the API server takes, between two characters. */
static struct ps_str cut(struct ps_str text)
{
    size_t end = 0;
    for (size_t len = 0; end < text.len; end += len) {
        len = ps_str_rune(text, end);
        len = len == 0 ? 1 : len;
        if (end + len > MESSAGE_BYTES_MAX) {
            break;
        }
    }
    return ps_str_slice(text, 0, end);
}

struct ps_event ps_finding_event(struct ps_arena *arena, const struct ps_finding *finding)
{
    struct ps_buf buf;
    ps_buf_init(&buf, arena, 256);
    say(&buf, ps_str_of(words[finding->kind]), finding);
    return (struct ps_event){
        .warning = kinds[finding->kind].warning,
        .reason = kinds[finding->kind].reason,
        .message = cut(ps_buf_view(&buf)),
    };
}

struct ps_str ps_event_name(struct ps_arena *arena, const struct ps_event_subject *subject,
                            const struct ps_event *event)
{
    struct ps_str all = ps_arena_printf(arena, "%.*s\n%s\n%.*s", PS_FMT(subject->uid),
                                        event->reason, PS_FMT(event->message));
    return ps_arena_printf(arena, "%.*s.%.*s", PS_FMT(subject->name),
                           PS_FMT(ps_digest(arena, all)));
}

/* metav1.Time: RFC 3339 with whole seconds. */
static struct ps_str whole_seconds(struct ps_arena *arena, int64_t wall_us)
{
    char text[PS_MICRO_TIME_BYTES];
    ps_micro_time_format(wall_us, text);
    return ps_arena_printf(arena, "%.19sZ", text);
}

static void put_subject(struct ps_jw *jw, const struct ps_event_subject *subject)
{
    ps_jw_key(jw, "involvedObject");
    ps_jw_object(jw);
    ps_jw_member(jw, "apiVersion", subject->api_version);
    ps_jw_member(jw, "kind", subject->kind);
    ps_jw_member(jw, "namespace", subject->namespace_name);
    ps_jw_member(jw, "name", subject->name);
    ps_jw_member(jw, "uid", subject->uid);
    ps_jw_object_end(jw);
}

struct ps_str ps_event_object(struct ps_arena *arena, const struct ps_event_subject *subject,
                              const struct ps_event *event, int64_t wall_us)
{
    struct ps_buf buf;
    struct ps_jw jw;
    struct ps_str time = whole_seconds(arena, wall_us);
    ps_buf_init(&buf, arena, 1024);
    ps_jw_init(&jw, &buf);
    ps_jw_object(&jw);
    ps_jw_member(&jw, "apiVersion", PS_STR("v1"));
    ps_jw_member(&jw, "kind", PS_STR("Event"));
    ps_jw_key(&jw, "metadata");
    ps_jw_object(&jw);
    ps_jw_member(&jw, "name", ps_event_name(arena, subject, event));
    ps_jw_member(&jw, "namespace", subject->namespace_name);
    ps_jw_object_end(&jw);
    put_subject(&jw, subject);
    ps_jw_member(&jw, "type", event->warning ? PS_STR("Warning") : PS_STR("Normal"));
    ps_jw_member(&jw, "reason", ps_str_of(event->reason));
    ps_jw_member(&jw, "message", event->message);
    ps_jw_key(&jw, "source");
    ps_jw_object(&jw);
    ps_jw_member(&jw, "component", PS_STR(PS_MANAGED_BY));
    ps_jw_object_end(&jw);
    ps_jw_member(&jw, "firstTimestamp", time);
    ps_jw_member(&jw, "lastTimestamp", time);
    ps_jw_member_int(&jw, "count", 1);
    ps_jw_object_end(&jw);
    return ps_buf_view(&buf);
}

struct ps_str ps_event_again(struct ps_arena *arena, const struct ps_json *observed,
                             int64_t wall_us)
{
    struct ps_buf buf;
    struct ps_jw jw;
    int64_t count = 0;
    (void)ps_json_to_int(ps_json_get(observed, "count"), &count);
    ps_buf_init(&buf, arena, 128);
    ps_jw_init(&jw, &buf);
    ps_jw_object(&jw);
    ps_jw_member_int(&jw, "count", count < INT32_MAX ? count + 1 : INT32_MAX);
    ps_jw_member(&jw, "lastTimestamp", whole_seconds(arena, wall_us));
    ps_jw_object_end(&jw);
    return ps_buf_view(&buf);
}
