/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections that only ask whether somebody listens: made, and closed at once. Nothing is sent, so
 * a broker sees a client that changed its mind.
 */
#pragma once

#include "portside/status.h"

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PS_DIALS_MAX 16U
#define PS_DIAL_TIMEOUT_MS 2000U

struct ps_dial {
    bool used;
    int fd;                   /* -1: answer is there already */
    enum ps_listening answer; /* if fd is -1 */
    uint64_t deadline_ms;
    void *arg;
};

/* All zero: nothing is under way. */
struct ps_dialer {
    struct ps_dial dials[PS_DIALS_MAX];
};

/* Whom to dial. address: IPv4 or IPv6 without brackets. */
struct ps_dial_target {
    struct ps_str address;
    uint16_t port;
};

bool ps_dialer_has_room(const struct ps_dialer *dialer);

/* False if PS_DIALS_MAX are under way; else the answer comes with ps_dialer_next(). */
bool ps_dialer_start(struct ps_dialer *dialer, const struct ps_dial_target *target, uint64_t now_ms,
                     void *arg);

/*
 * One dial that has ended, if there is one: its arg, or NULL. YES: the connection was accepted; NO:
 * it was refused; UNKNOWN: no answer in time, no route, no permission, or no address.
 */
void *ps_dialer_next(struct ps_dialer *dialer, uint64_t now_ms, enum ps_listening *ret_answer);

/* What to poll for; how many. */
size_t ps_dialer_fds(const struct ps_dialer *dialer, struct pollfd fds[PS_DIALS_MAX]);

/* When the next one runs into its time-out; UINT64_MAX: none is under way. */
uint64_t ps_dialer_due_ms(const struct ps_dialer *dialer);

/* Forgets the dials of arg. */
void ps_dialer_cancel(struct ps_dialer *dialer, const void *arg);
