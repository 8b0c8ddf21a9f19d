/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The patch of one pod's endpoint annotations.
 *
 * A broker reads its endpoint when its container starts. What the running container was started
 * with is known only at the moment of a change; so the change itself leaves a mark on the pod,
 * bound to the container's id, and is found again until there is a new container.
 */
#include "endpoint.h"
#include "portside/buf.h"
#include "portside/jw.h"
#include "portside/resolve.h"
#include "service_digest.h"

/* What stands in PS_ANNOTATION_STALE about one exposure. */
struct mark {
    struct ps_str exposure;
    struct ps_str was; /* host:port; empty: it was started without */
};

struct marking {
    struct ps_arena *arena;
    const struct ps_json *pod;
    struct ps_str container; /* id of the broker's running container; empty: none runs */
    struct ps_json *old;     /* NULL: nothing is marked */
    struct ps_jw jw;
    bool changed; /* an annotation is written */
    size_t mark_count;
    struct mark marks[PS_EXPOSURES_MAX];
    struct ps_resolve_patch *patch;
};

static struct ps_str running_container(const struct ps_json *pod, struct ps_str broker)
{
    PS_JSON_EACH(status, ps_json_get2(pod, "status", "containerStatuses"))
    {
        bool runs = ps_json_get2(status, "state", "running") != NULL;
        if (runs && ps_str_equal(ps_json_get_text(status, "name"), broker)) {
            return ps_json_get_text(status, "containerID");
        }
    }
    return PS_STR("");
}

static bool is_over(const struct ps_json *pod)
{
    struct ps_str phase = ps_json_get_text(ps_json_get(pod, "status"), "phase");
    return ps_json_is_string(ps_json_get2(pod, "metadata", "deletionTimestamp")) ||
           ps_str_is(phase, "Succeeded") || ps_str_is(phase, "Failed");
}

static void set_annotation(struct marking *m, struct ps_str key, struct ps_str value)
{
    if (value.len > 0 && !ps_str_equal(ps_annotation_of(m->pod, key), value)) {
        ps_jw_key_str(&m->jw, key);
        ps_jw_str(&m->jw, value);
        m->changed = true;
    }
}

/* What is marked of the running container; NULL: nothing. */
static const struct ps_json *mark_of(const struct marking *m, struct ps_str exposure)
{
    const struct ps_json *mark = ps_json_get_str(m->old, exposure);
    bool same =
        m->container.len > 0 && ps_str_equal(ps_json_get_text(mark, "container"), m->container);
    return same ? mark : NULL;
}

static struct ps_str endpoint_text(const struct marking *m, struct ps_str host, struct ps_str port)
{
    return host.len == 0 ? PS_STR("")
                         : ps_arena_printf(m->arena, "%.*s:%.*s", PS_FMT(host), PS_FMT(port));
}

static void note(struct marking *m, const struct ps_resolve_target *target,
                 enum ps_finding_kind kind, struct ps_str was)
{
    const struct ps_resolved *resolved = &target->resolved;
    struct ps_str name = ps_json_get_text(ps_json_get(m->pod, "metadata"), "name");
    m->patch->stale[m->patch->stale_count++] = (struct ps_finding){
        .kind = kind,
        .exposure = target->exposure->name,
        .object = ps_arena_printf(m->arena, "pod %.*s", PS_FMT(name)),
        .detail =
            kind == PS_FINDING_NO_ENDPOINT && !resolved->known ? resolved->reason : PS_STR(""),
        .was = was,
        .is = endpoint_text(m, resolved->host, resolved->port),
    };
}

/*
 * With on-missing: start a container runs though there is no endpoint that it waited for; with
 * 'wait' that cannot be, so there somebody has taken the annotation away.
 */
static bool started_without(const struct marking *m, const struct ps_resolve_target *target,
                            struct ps_str advertised)
{
    const struct ps_json *mark = mark_of(m, target->exposure->name);
    if (mark != NULL) {
        return ps_json_get_text(mark, "was").len == 0;
    }
    return advertised.len == 0 && target->exposure->start_when_missing &&
           (target->resolved.rack_wanted || ps_endpoint_is_awaited(m->arena, target->exposure));
}

/* What the broker in the running container was started with, if that is not what is so now. */
static void find_stale(struct marking *m, const struct ps_resolve_target *target)
{
    const struct ps_exposure *exposure = target->exposure;
    const struct ps_resolved *resolved = &target->resolved;
    const struct ps_json *mark = mark_of(m, exposure->name);
    struct ps_str host;
    struct ps_str port;
    if (m->container.len == 0 || m->mark_count == PS_EXPOSURES_MAX) {
        return;
    }
    ps_endpoint_of_pod(m->pod, exposure, &host, &port);
    struct ps_str was = mark != NULL ? ps_json_get_text(mark, "was") : endpoint_text(m, host, port);
    struct ps_str is = endpoint_text(m, resolved->host, resolved->port);
    if (started_without(m, target, was)) {
        note(m, target, PS_FINDING_NO_ENDPOINT, was);
    } else if (resolved->known && was.len > 0 && !ps_str_equal(was, is)) {
        note(m, target, PS_FINDING_STALE_ENDPOINT, was);
    } else {
        return;
    }
    if (resolved->known) {
        m->marks[m->mark_count++] = (struct mark){exposure->name, was};
    }
}

static void put_target(struct marking *m, const struct ps_resolve_target *target)
{
    struct ps_arena *arena = m->arena;
    struct ps_str exposure = target->exposure->name;
    find_stale(m, target);
    if (!target->resolved.known) {
        return;
    }
    set_annotation(m, ps_arena_printf(arena, "%.*s.portside.dev/host", PS_FMT(exposure)),
                   target->resolved.host);
    set_annotation(m, ps_arena_printf(arena, "%.*s.portside.dev/port", PS_FMT(exposure)),
                   target->resolved.port);
}

/* The rack is a property of the node, so all targets that name one name the same. */
static void put_rack(struct marking *m, size_t count, const struct ps_resolve_target *targets)
{
    for (size_t i = 0; i < count; i++) {
        if (targets[i].resolved.rack.len > 0) {
            set_annotation(m, PS_STR(PS_ANNOTATION_RACK), targets[i].resolved.rack);
            return;
        }
    }
}

static struct ps_str write_marks(const struct marking *m)
{
    struct ps_buf buf;
    struct ps_jw jw;
    ps_buf_init(&buf, m->arena, 128);
    ps_jw_init(&jw, &buf);
    ps_jw_object(&jw);
    for (size_t i = 0; i < m->mark_count; i++) {
        ps_jw_key_str(&jw, m->marks[i].exposure);
        ps_jw_object(&jw);
        ps_jw_member(&jw, "was", m->marks[i].was);
        ps_jw_member(&jw, "container", m->container);
        ps_jw_object_end(&jw);
    }
    ps_jw_object_end(&jw);
    return ps_buf_view(&buf);
}

/* An exposure that is not resolved just now keeps its mark. */
static void keep_marks(struct marking *m, size_t count, const struct ps_resolve_target *targets)
{
    for (size_t i = 0; i < count; i++) {
        const struct ps_json *mark = mark_of(m, targets[i].exposure->name);
        if (!targets[i].resolved.known && mark != NULL && m->mark_count < PS_EXPOSURES_MAX) {
            m->marks[m->mark_count++] =
                (struct mark){targets[i].exposure->name, ps_json_get_text(mark, "was")};
        }
    }
}

static void put_marks(struct marking *m)
{
    struct ps_str key = PS_STR(PS_ANNOTATION_STALE);
    if (m->mark_count > 0) {
        set_annotation(m, key, write_marks(m));
    } else if (ps_annotation_of(m->pod, key).len > 0) {
        ps_jw_key_str(&m->jw, key);
        ps_jw_null(&m->jw);
        m->changed = true;
    }
}

void ps_endpoint_patch(struct ps_arena *arena, const struct ps_json *pod, struct ps_str broker,
                       size_t target_count, const struct ps_resolve_target *targets,
                       struct ps_resolve_patch *ret_patch)
{
    struct ps_resolve_patch patch = {
        .body = PS_STR(""),
        .stale = PS_ARENA_ARRAY(arena, struct ps_finding, target_count + 1),
    };
    struct marking m = {
        .arena = arena,
        .pod = pod,
        .container = running_container(pod, broker),
        .patch = &patch,
    };
    struct ps_str marks = ps_annotation_of(pod, PS_STR(PS_ANNOTATION_STALE));
    struct ps_str uid = ps_json_get_text(ps_json_get(pod, "metadata"), "uid");
    struct ps_buf buf;
    if (uid.len > 0 && !is_over(pod)) {
        if (marks.len > 0 && !ps_ok(ps_json_parse(arena, marks, &m.old, NULL))) {
            m.old = NULL;
        }
        ps_buf_init(&buf, arena, 256);
        ps_jw_init(&m.jw, &buf);
        ps_jw_object(&m.jw);
        ps_jw_key(&m.jw, "metadata");
        ps_jw_object(&m.jw);
        ps_jw_member(&m.jw, "uid", uid);
        ps_jw_key(&m.jw, "annotations");
        ps_jw_object(&m.jw);
        for (size_t i = 0; i < target_count; i++) {
            put_target(&m, &targets[i]);
        }
        put_rack(&m, target_count, targets);
        keep_marks(&m, target_count, targets);
        put_marks(&m);
        ps_jw_object_end(&m.jw);
        ps_jw_object_end(&m.jw);
        ps_jw_object_end(&m.jw);
        patch.body = m.changed ? ps_buf_view(&buf) : PS_STR("");
    }
    *ret_patch = patch;
}
