/* SPDX-License-Identifier: Apache-2.0 */
#include "listening.h"

#include "portside/heap.h"

#include <stdio.h>
#include <string.h>

#define PERIOD_MS 30000U
/* A container that has run for less is starting. */
#define YOUNG_MS 60000U
#define STARTING_MS 2000U
#define REFUSED_FIRST_MS 1000U
#define REFUSED_DOUBLINGS 5U
/* One that answered until now may be on its way out: its pod is going to say so. */
#define LEAVING_MS 10000U
#define SILENT_FIRST_MS 5000U
/* What is believed of bad news. */
#define BELIEVED 2U

struct ps_check {
    struct ps_check *next;
    struct ps_set *set;
    char *uid;
    uint16_t port;
    char *what; /* addresses and container, as last asked for */
    char addresses[PS_CHECK_ADDRESSES][64];
    size_t address; /* that is being dialled */
    enum ps_listening best;
    bool asked;
    bool ready;
    bool doubtful;
    bool under_way;
    enum ps_listening state;
    bool told; /* that it refuses */
    bool again;
    unsigned refusals;
    unsigned silences;
    uint64_t believe_ms; /* refusals from then on */
    uint64_t due_ms;
};

static void check_free(struct ps_controller *controller, struct ps_check *check)
{
    ps_dialer_cancel(&controller->dialer, check);
    ps_heap_free(check->uid);
    ps_heap_free(check->what);
    ps_heap_free(check);
}

static struct ps_check *find(const struct ps_check_wish *wish)
{
    struct ps_check *check = wish->set->checks;
    while (check != NULL && (check->port != wish->port || !ps_str_is(wish->pod_uid, check->uid))) {
        check = check->next;
    }
    return check;
}

bool ps_check_is_known(const struct ps_check_wish *wish)
{
    return find(wish) != NULL;
}

static struct ps_check *get(struct ps_controller *controller, const struct ps_check_wish *wish)
{
    struct ps_check *check = find(wish);
    if (check != NULL || (check = ps_heap_new(1, sizeof(*check))) == NULL) {
        return check;
    }
    *check = (struct ps_check){
        .next = wish->set->checks,
        .set = wish->set,
        .uid = ps_heap_copy(wish->pod_uid),
        .what = ps_heap_copy(PS_STR("")),
        .port = wish->port,
        .state = wish->before,
        .told = wish->before == PS_LISTENING_NO,
    };
    if (check->uid == NULL || check->what == NULL) {
        check_free(controller, check);
        return NULL;
    }
    wish->set->checks = check;
    return check;
}

static void forget_result(struct ps_check *check)
{
    check->state = PS_LISTENING_UNKNOWN;
    check->refusals = 0;
    check->silences = 0;
}

static void stop(struct ps_controller *controller, struct ps_check *check)
{
    ps_dialer_cancel(&controller->dialer, check);
    check->under_way = false;
}

/* Another address or container: what was known is of no use, but of what another leader knew. */
static void renew(struct ps_controller *controller, struct ps_check *check,
                  const struct ps_check_wish *wish)
{
    char what[320];
    uint64_t now_ms = ps_kube_now_ms(controller->kube);
    uint64_t age_ms = wish->age_ms < YOUNG_MS ? wish->age_ms : YOUNG_MS;
    (void)snprintf(what, sizeof(what), "%.*s %.*s %.*s", PS_FMT(wish->addresses[0]),
                   PS_FMT(wish->addresses[1]), PS_FMT(wish->container));
    if (strcmp(what, check->what) == 0) {
        return;
    }
    char *copy = ps_heap_copy(ps_str_of(what));
    if (copy == NULL) {
        return; /* the next plan tries again */
    }
    if (check->what[0] != '\0') {
        forget_result(check);
    }
    ps_heap_free(check->what);
    check->what = copy;
    for (size_t i = 0; i < PS_CHECK_ADDRESSES; i++) {
        (void)snprintf(check->addresses[i], sizeof(check->addresses[i]), "%.*s",
                       PS_FMT(wish->addresses[i]));
    }
    stop(controller, check);
    check->believe_ms = now_ms + YOUNG_MS - age_ms;
    check->due_ms = now_ms;
}

struct ps_check_result ps_check_ask(struct ps_controller *controller,
                                    const struct ps_check_wish *wish)
{
    struct ps_check_result result = {.listening = PS_LISTENING_UNKNOWN};
    struct ps_check *check = get(controller, wish);
    if (check == NULL) {
        return result;
    }
    check->asked = true;
    check->doubtful = wish->doubtful;
    if (!wish->ready) {
        forget_result(check);
        stop(controller, check);
    } else {
        renew(controller, check, wish);
        if (!check->ready) {
            check->due_ms = ps_kube_now_ms(controller->kube);
        }
    }
    check->ready = wish->ready;
    result = (struct ps_check_result){check->state, check->again};
    check->again = false;
    return result;
}

void ps_checks_begin(const struct ps_set *set)
{
    for (struct ps_check *check = set->checks; check != NULL; check = check->next) {
        check->asked = false;
    }
}

static void drop(struct ps_controller *controller, struct ps_set *set, bool asked_too)
{
    struct ps_check **link = &set->checks;
    while (*link != NULL) {
        struct ps_check *check = *link;
        if (asked_too || !check->asked) {
            *link = check->next;
            check_free(controller, check);
        } else {
            link = &check->next;
        }
    }
}

void ps_checks_end(struct ps_controller *controller, struct ps_set *set)
{
    drop(controller, set, false);
}

void ps_checks_forget(struct ps_controller *controller, struct ps_set *set)
{
    drop(controller, set, true);
}

void ps_checks_forget_all(struct ps_controller *controller)
{
    for (struct ps_set *set = controller->sets; set != NULL; set = set->next) {
        ps_checks_forget(controller, set);
    }
}

static void take_yes(struct ps_check *check, uint64_t now_ms)
{
    check->state = PS_LISTENING_YES;
    check->again = check->told;
    check->told = false;
    check->refusals = 0;
    check->silences = 0;
    check->due_ms = now_ms + PERIOD_MS;
}

/* The pauses grow: a broker that was started wrong stays so until somebody acts. */
static void take_no(struct ps_check *check, uint64_t now_ms)
{
    if (now_ms < check->believe_ms) {
        forget_result(check);
        check->due_ms = now_ms + STARTING_MS;
        return;
    }
    unsigned doublings = check->refusals < REFUSED_DOUBLINGS ? check->refusals : REFUSED_DOUBLINGS;
    uint64_t pause_ms = (uint64_t)REFUSED_FIRST_MS << doublings;
    if (check->state == PS_LISTENING_YES) {
        pause_ms = LEAVING_MS;
    }
    check->due_ms = now_ms + (pause_ms < PERIOD_MS ? pause_ms : PERIOD_MS);
    check->silences = 0;
    if (++check->refusals >= BELIEVED) {
        check->state = PS_LISTENING_NO;
        check->told = true;
    }
}

static void take_silence(struct ps_check *check, uint64_t now_ms)
{
    check->refusals = 0;
    check->due_ms = now_ms + (++check->silences < BELIEVED ? SILENT_FIRST_MS : PERIOD_MS);
    if (check->silences >= BELIEVED) {
        check->state = PS_LISTENING_UNKNOWN;
    }
}

/* Of the answers of several addresses the best counts: the broker need not listen on all. */
static enum ps_listening better(enum ps_listening a, enum ps_listening b)
{
    if (a == PS_LISTENING_YES || b == PS_LISTENING_YES) {
        return PS_LISTENING_YES;
    }
    return a == b ? a : PS_LISTENING_UNKNOWN;
}

static void conclude(struct ps_controller *controller, struct ps_check *check)
{
    enum ps_listening before = check->state;
    uint64_t now_ms = ps_kube_now_ms(controller->kube);
    switch (check->best) {
    case PS_LISTENING_YES:
        take_yes(check, now_ms);
        break;
    case PS_LISTENING_NO:
        if (check->doubtful) {
            take_silence(check, now_ms);
        } else {
            take_no(check, now_ms);
        }
        break;
    case PS_LISTENING_UNKNOWN:
        take_silence(check, now_ms);
        break;
    }
    if (check->state != before || check->again) {
        ps_set_touch(check->set, now_ms);
    }
}

static void dial(struct ps_controller *controller, struct ps_check *check)
{
    const struct ps_dial_target target = {ps_str_of(check->addresses[check->address]), check->port};
    check->under_way =
        ps_dialer_start(&controller->dialer, &target, ps_kube_now_ms(controller->kube), check);
}

static void take(struct ps_controller *controller, struct ps_check *check, enum ps_listening answer)
{
    check->under_way = false;
    check->best = check->address == 0 ? answer : better(check->best, answer);
    bool more =
        check->address + 1 < PS_CHECK_ADDRESSES && check->addresses[check->address + 1][0] != '\0';
    if (check->best != PS_LISTENING_YES && more) {
        check->address++;
        dial(controller, check); /* there is room: this one has just ended */
        return;
    }
    conclude(controller, check);
}

static bool is_due(const struct ps_check *check, uint64_t now_ms)
{
    return check->ready && !check->under_way && check->due_ms <= now_ms;
}

/* The one that waits for longest, so that many silent ones do not keep a few from their turn. */
static struct ps_check *most_overdue(const struct ps_controller *controller, uint64_t now_ms)
{
    struct ps_check *found = NULL;
    for (const struct ps_set *set = controller->sets; set != NULL; set = set->next) {
        for (struct ps_check *check = set->checks; check != NULL; check = check->next) {
            if (is_due(check, now_ms) && (found == NULL || check->due_ms < found->due_ms)) {
                found = check;
            }
        }
    }
    return found;
}

void ps_checks_turn(struct ps_controller *controller)
{
    uint64_t now_ms = ps_kube_now_ms(controller->kube);
    enum ps_listening answer = PS_LISTENING_UNKNOWN;
    struct ps_check *check;
    while ((check = ps_dialer_next(&controller->dialer, now_ms, &answer)) != NULL) {
        take(controller, check, answer);
    }
    while (ps_dialer_has_room(&controller->dialer) &&
           (check = most_overdue(controller, now_ms)) != NULL) {
        check->address = 0;
        dial(controller, check);
    }
}

uint64_t ps_checks_due_ms(const struct ps_controller *controller)
{
    uint64_t dialled_ms = ps_dialer_due_ms(&controller->dialer);
    uint64_t due_ms = dialled_ms;
    size_t under_way = 0;
    for (const struct ps_set *set = controller->sets; set != NULL; set = set->next) {
        for (const struct ps_check *check = set->checks; check != NULL; check = check->next) {
            under_way += check->under_way;
            if (check->ready && !check->under_way && check->due_ms < due_ms) {
                due_ms = check->due_ms;
            }
        }
    }
    return under_way < PS_DIALS_MAX ? due_ms : dialled_ms;
}
