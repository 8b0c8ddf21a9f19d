/* SPDX-License-Identifier: Apache-2.0 */
#include "portside/lease.h"

#include <string.h>

#include "portside/buf.h"
#include "portside/jw.h"

#define MS_PER_S 1000U
#define US_PER_MS 1000

struct ps_lease_timing ps_lease_timing_default(void)
{
    return (struct ps_lease_timing){
        .duration_ms = 10000,
        .hold_ms = 7000,
        .renew_ms = 2000,
        .retry_ms = 1000,
    };
}

/* Text that is too long is cut: then it differs from the original, which is the safe side. */
static void keep(char (*ret_text)[PS_LEASE_TEXT_MAX], struct ps_str text)
{
    struct ps_str cut = ps_str_slice(text, 0, PS_LEASE_TEXT_MAX - 1);
    if (cut.len > 0) {
        memcpy(*ret_text, cut.ptr, cut.len);
    }
    (*ret_text)[cut.len] = '\0';
}

/* Resource versions are numbers in every API server; one that is none is never called older. */
static bool is_older(struct ps_str version, const char *known)
{
    uint64_t a = 0;
    uint64_t b = 0;
    return ps_str_to_uint(version, UINT64_MAX, &a) &&
           ps_str_to_uint(ps_str_of(known), UINT64_MAX, &b) && a < b;
}

static void lose(struct ps_lease_state *state)
{
    state->leader = false;
    state->until_mono_ms = 0;
}

/*
 * Somebody deleted it. Its holder learns so with its next renewal only, so one who knew of a holder
 * waits as if the Lease were still there.
 */
static void note_absent(struct ps_lease_state *state, const struct ps_lease_now *now)
{
    if (!state->observed) {
        state->free = true;
    }
    state->observed = true;
    state->doubt = false;
    state->absent = true;
    state->looked_mono_ms = now->mono_ms;
    lose(state);
}

static void note_spec(struct ps_lease_state *state, const struct ps_lease_identity *identity,
                      const struct ps_json *spec, const struct ps_lease_now *now)
{
    struct ps_str holder = ps_json_get_text(spec, "holderIdentity");
    struct ps_str renewed = ps_json_get_text(spec, "renewTime");
    int64_t seconds = 0;
    if (!state->observed || state->absent || !ps_str_is(holder, state->holder) ||
        !ps_str_is(renewed, state->renew_time)) {
        state->changed_mono_ms = now->mono_ms;
    }
    keep(&state->holder, holder);
    keep(&state->renew_time, renewed);
    state->free = holder.len == 0;
    state->mine = !state->free && ps_str_equal(holder, identity->holder);
    state->transitions = 0;
    (void)ps_json_to_int(ps_json_get(spec, "leaseTransitions"), &state->transitions);
    state->duration_ms = 0;
    if (ps_json_to_int(ps_json_get(spec, "leaseDurationSeconds"), &seconds) && seconds > 0) {
        state->duration_ms = (uint64_t)seconds * MS_PER_S;
    }
}

static void note_lease(struct ps_lease_state *state, const struct ps_lease_identity *identity,
                       const struct ps_json *lease, const struct ps_lease_now *now)
{
    struct ps_str version = ps_json_get_text(ps_json_get(lease, "metadata"), "resourceVersion");
    state->looked_mono_ms = now->mono_ms;
    if (state->observed && !state->doubt && !state->absent &&
        is_older(version, state->resource_version)) {
        return;
    }
    note_spec(state, identity, ps_json_get(lease, "spec"), now);
    keep(&state->resource_version, version);
    state->observed = true;
    state->doubt = false;
    state->absent = false;
    if (!state->mine) {
        lose(state);
    }
}

bool ps_lease_is_readable(const struct ps_json *lease)
{
    return ps_json_get_text(ps_json_get(lease, "metadata"), "resourceVersion").len > 0;
}

void ps_lease_observe(struct ps_lease_state *state, const struct ps_lease_identity *identity,
                      const struct ps_json *lease, const struct ps_lease_now *now)
{
    if (lease != NULL && !ps_lease_is_readable(lease)) {
        return;
    }
    if (lease == NULL) {
        note_absent(state, now);
    } else {
        note_lease(state, identity, lease, now);
    }
    /* What was seen may be a reason to act at once. */
    if (!state->leader && state->next_mono_ms > now->mono_ms) {
        state->next_mono_ms = now->mono_ms;
    }
}

/*
 * Since the last confirmed write. The clock that went further counts: the monotonic one stands
 * still while the machine is suspended, the wall clock may be set back.
 */
static uint64_t elapsed_ms(const struct ps_lease_state *state, const struct ps_lease_now *now)
{
    uint64_t mono = now->mono_ms - state->renewed_at.mono_ms;
    int64_t wall = (now->wall_us - state->renewed_at.wall_us) / US_PER_MS;
    return wall > 0 && (uint64_t)wall > mono ? (uint64_t)wall : mono;
}

bool ps_lease_is_leader(const struct ps_lease_state *state, const struct ps_lease_now *now)
{
    return state->leader && now->mono_ms >= state->renewed_at.mono_ms &&
           elapsed_ms(state, now) < state->until_mono_ms - state->renewed_at.mono_ms;
}

/* What holder, seconds and times the Lease shall have. */
struct claim {
    struct ps_str holder;
    uint64_t seconds;
    bool acquire;
    int64_t transitions;
};

static void put_time(struct ps_jw *jw, const char *key, const struct ps_lease_now *now)
{
    char text[PS_MICRO_TIME_BYTES];
    ps_micro_time_format(now->wall_us, text);
    ps_jw_member(jw, key, ps_str_of(text));
}

static void put_spec(struct ps_jw *jw, const struct claim *claim, const struct ps_lease_now *now)
{
    ps_jw_key(jw, "spec");
    ps_jw_object(jw);
    ps_jw_member(jw, "holderIdentity", claim->holder);
    ps_jw_member_int(jw, "leaseDurationSeconds", (int64_t)claim->seconds);
    if (claim->acquire) {
        put_time(jw, "acquireTime", now);
        ps_jw_member_int(jw, "leaseTransitions", claim->transitions);
    }
    put_time(jw, "renewTime", now);
    ps_jw_object_end(jw);
}

static void put_owner(struct ps_jw *jw, const struct ps_lease_identity *identity)
{
    if (identity->account_uid.len == 0) {
        return;
    }
    ps_jw_key(jw, "ownerReferences");
    ps_jw_array(jw);
    ps_jw_object(jw);
    ps_jw_member(jw, "apiVersion", PS_STR("v1"));
    ps_jw_member(jw, "kind", PS_STR("ServiceAccount"));
    ps_jw_member(jw, "name", identity->account);
    ps_jw_member(jw, "uid", identity->account_uid);
    ps_jw_object_end(jw);
    ps_jw_array_end(jw);
}

static struct ps_str write_new(struct ps_arena *arena, const struct ps_lease_identity *identity,
                               const struct claim *claim, const struct ps_lease_now *now)
{
    struct ps_buf buf;
    struct ps_jw jw;
    ps_buf_init(&buf, arena, 512);
    ps_jw_init(&jw, &buf);
    ps_jw_object(&jw);
    ps_jw_member(&jw, "apiVersion", PS_STR("coordination.k8s.io/v1"));
    ps_jw_member(&jw, "kind", PS_STR("Lease"));
    ps_jw_key(&jw, "metadata");
    ps_jw_object(&jw);
    ps_jw_member(&jw, "name", identity->name);
    ps_jw_member(&jw, "namespace", identity->namespace_name);
    put_owner(&jw, identity);
    ps_jw_object_end(&jw);
    put_spec(&jw, claim, now);
    ps_jw_object_end(&jw);
    return ps_buf_view(&buf);
}

/*
 * A merge patch that is refused (409) unless the Lease is still the one we saw. The owner stays:
 * where OwnerReferencesPermissionEnforcement is on, a change would take the right to delete it.
 */
static struct ps_str write_patch(struct ps_arena *arena, const struct ps_lease_state *state,
                                 const struct claim *claim, const struct ps_lease_now *now)
{
    struct ps_buf buf;
    struct ps_jw jw;
    ps_buf_init(&buf, arena, 512);
    ps_jw_init(&jw, &buf);
    ps_jw_object(&jw);
    ps_jw_key(&jw, "metadata");
    ps_jw_object(&jw);
    ps_jw_member(&jw, "resourceVersion", ps_str_of(state->resource_version));
    ps_jw_object_end(&jw);
    put_spec(&jw, claim, now);
    ps_jw_object_end(&jw);
    return ps_buf_view(&buf);
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* When a Lease of somebody else's is over. */
static uint64_t over_at(const struct ps_lease_state *state, const struct ps_lease_timing *timing)
{
    uint64_t duration = state->duration_ms > 0 ? state->duration_ms : timing->duration_ms;
    return state->changed_mono_ms + duration;
}

/* What to do if nothing stood against a request right now. */
static enum ps_lease_action_kind choose(const struct ps_lease_state *state,
                                        const struct ps_lease_timing *timing,
                                        const struct ps_lease_now *now)
{
    if (!state->observed || state->doubt) {
        return PS_LEASE_READ;
    }
    if (state->mine && !state->absent) {
        return PS_LEASE_RENEW;
    }
    if (state->mine || state->free || now->mono_ms >= over_at(state, timing)) {
        return state->absent ? PS_LEASE_CREATE : PS_LEASE_TAKE_OVER;
    }
    return now->mono_ms >= state->looked_mono_ms + timing->retry_ms ? PS_LEASE_READ
                                                                    : PS_LEASE_NOTHING;
}

static struct ps_str write_body(struct ps_arena *arena, enum ps_lease_action_kind kind,
                                const struct ps_lease_state *state,
                                const struct ps_lease_timing *timing,
                                const struct ps_lease_identity *identity,
                                const struct ps_lease_now *now)
{
    struct claim claim = {.holder = identity->holder, .seconds = timing->duration_ms / MS_PER_S};
    switch (kind) {
    case PS_LEASE_NOTHING:
    case PS_LEASE_READ:
        return PS_STR("");
    case PS_LEASE_CREATE:
        claim.acquire = true;
        return write_new(arena, identity, &claim, now);
    case PS_LEASE_TAKE_OVER:
        claim.acquire = true;
        claim.transitions = state->transitions + 1;
        return write_patch(arena, state, &claim, now);
    case PS_LEASE_RENEW:
        return write_patch(arena, state, &claim, now);
    case PS_LEASE_RELEASE:
        /* One second, as client-go does: others that know no empty holder wait no longer. */
        claim = (struct claim){.holder = PS_STR(""), .seconds = 1};
        return write_patch(arena, state, &claim, now);
    }
    return PS_STR("");
}

/* The next moment at which something may be due, if all is quiet until then. */
static uint64_t deadline_of(const struct ps_lease_state *state,
                            const struct ps_lease_timing *timing, const struct ps_lease_now *now)
{
    uint64_t at = now->mono_ms + timing->retry_ms;
    if (state->leader) {
        at = least(state->next_mono_ms, state->until_mono_ms);
    } else if (state->observed && !state->mine && !state->free) {
        at = least(least(at, over_at(state, timing)), state->looked_mono_ms + timing->retry_ms);
    } else if (state->next_mono_ms > now->mono_ms) {
        at = state->next_mono_ms;
    }
    if (state->write_mono_ms > now->mono_ms) {
        at = least(at, state->write_mono_ms);
    }
    return at > now->mono_ms ? at : now->mono_ms + 1;
}

/* True for writes that may be in vain; to give the Lease back is tried at once. */
static bool is_paced(enum ps_lease_action_kind kind)
{
    return kind == PS_LEASE_CREATE || kind == PS_LEASE_RENEW || kind == PS_LEASE_TAKE_OVER;
}

struct ps_lease_action ps_lease_step(struct ps_arena *arena, struct ps_lease_state *state,
                                     const struct ps_lease_timing *timing,
                                     const struct ps_lease_identity *identity,
                                     const struct ps_lease_now *now, bool release)
{
    struct ps_lease_action action = {.kind = PS_LEASE_NOTHING, .body = PS_STR("")};
    if (state->leader && !ps_lease_is_leader(state, now)) {
        lose(state);
        state->next_mono_ms = least(state->next_mono_ms, now->mono_ms);
    }
    if (release) {
        bool held = state->mine && !state->absent;
        lose(state);
        state->mine = false;
        state->leaving = true;
        action.kind = held ? PS_LEASE_RELEASE : PS_LEASE_NOTHING;
    } else if (now->mono_ms >= state->next_mono_ms) {
        action.kind = choose(state, timing, now);
    }
    if (is_paced(action.kind) && now->mono_ms < state->write_mono_ms) {
        action.kind = PS_LEASE_NOTHING;
    }
    action.body = write_body(arena, action.kind, state, timing, identity, now);
    if (action.kind != PS_LEASE_NOTHING) {
        state->next_mono_ms = now->mono_ms + timing->retry_ms;
    }
    action.leader = state->leader;
    action.deadline_mono_ms = deadline_of(state, timing, now);
    return action;
}

void ps_lease_wrote(struct ps_lease_state *state, const struct ps_lease_timing *timing,
                    const struct ps_lease_identity *identity, const struct ps_lease_answer *answer,
                    const struct ps_lease_now *now)
{
    bool conflict = answer->result == PS_LEASE_CONFLICT;
    if (answer->result != PS_LEASE_CONFIRMED || !ps_lease_is_readable(answer->lease)) {
        /* Whether it took effect is not known. What is known of the holder keeps its age. */
        state->doubt = true;
        state->write_mono_ms = now->mono_ms + timing->retry_ms;
        state->next_mono_ms = now->mono_ms + (conflict ? 0 : timing->retry_ms);
        return;
    }
    ps_lease_observe(state, identity, answer->lease, now);
    if (!state->mine || state->leaving) {
        return;
    }
    state->renewed_at = answer->sent;
    state->until_mono_ms = answer->sent.mono_ms + timing->hold_ms;
    state->leader = true;
    state->leader = ps_lease_is_leader(state, now);
    state->next_mono_ms = answer->sent.mono_ms + timing->renew_ms;
}
