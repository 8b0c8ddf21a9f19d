/* SPDX-License-Identifier: Apache-2.0 */
#include "dial.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct address {
    socklen_t len; /* 0: the text is no address */
    union {
        struct sockaddr any;
        struct sockaddr_in four;
        struct sockaddr_in6 six;
    } socket;
};

static struct address read_address(const struct ps_dial_target *target)
{
    struct address address = {.len = 0};
    char text[INET6_ADDRSTRLEN];
    if (target->address.len >= sizeof(text) || target->port == 0) {
        return address;
    }
    memcpy(text, target->address.ptr, target->address.len);
    text[target->address.len] = '\0';
    if (inet_pton(AF_INET, text, &address.socket.four.sin_addr) == 1) {
        address.socket.four.sin_family = AF_INET;
        address.socket.four.sin_port = htons(target->port);
        address.len = sizeof(address.socket.four);
    } else if (inet_pton(AF_INET6, text, &address.socket.six.sin6_addr) == 1) {
        address.socket.six.sin6_family = AF_INET6;
        address.socket.six.sin6_port = htons(target->port);
        address.len = sizeof(address.socket.six);
    }
    return address;
}

/* All but a refusal may be due to what lies between: a policy, a route, a port of our own. */
static enum ps_listening answer_of(int error)
{
    if (error == 0) {
        return PS_LISTENING_YES;
    }
    return error == ECONNREFUSED ? PS_LISTENING_NO : PS_LISTENING_UNKNOWN;
}

static void end(struct ps_dial *dial, enum ps_listening answer)
{
    if (dial->fd >= 0) {
        (void)close(dial->fd);
    }
    dial->fd = -1;
    dial->answer = answer;
}

static void connect_to(struct ps_dial *dial, const struct ps_dial_target *target)
{
    struct address address = read_address(target);
    if (address.len == 0) {
        end(dial, PS_LISTENING_UNKNOWN);
        return;
    }
    dial->fd = socket(address.socket.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (dial->fd < 0) {
        end(dial, PS_LISTENING_UNKNOWN);
    } else if (connect(dial->fd, &address.socket.any, address.len) == 0) {
        end(dial, PS_LISTENING_YES);
    } else if (errno != EINPROGRESS) {
        end(dial, answer_of(errno));
    }
}

bool ps_dialer_start(struct ps_dialer *dialer, const struct ps_dial_target *target, uint64_t now_ms,
                     void *arg)
{
    for (size_t i = 0; i < PS_DIALS_MAX; i++) {
        struct ps_dial *dial = &dialer->dials[i];
        if (!dial->used) {
            *dial = (struct ps_dial){
                .used = true, .fd = -1, .deadline_ms = now_ms + PS_DIAL_TIMEOUT_MS, .arg = arg};
            connect_to(dial, target);
            return true;
        }
    }
    return false;
}

bool ps_dialer_has_room(const struct ps_dialer *dialer)
{
    for (size_t i = 0; i < PS_DIALS_MAX; i++) {
        if (!dialer->dials[i].used) {
            return true;
        }
    }
    return false;
}

/* Whether it has ended by now. */
static bool look(struct ps_dial *dial, uint64_t now_ms)
{
    struct pollfd ready = {.fd = dial->fd, .events = POLLOUT};
    int error = 0;
    socklen_t size = sizeof(error);
    if (dial->fd < 0) {
        return true;
    }
    if (poll(&ready, 1, 0) > 0) {
        bool read = getsockopt(dial->fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0;
        end(dial, read ? answer_of(error) : PS_LISTENING_UNKNOWN);
        return true;
    }
    if (now_ms < dial->deadline_ms) {
        return false;
    }
    end(dial, PS_LISTENING_UNKNOWN);
    return true;
}

void *ps_dialer_next(struct ps_dialer *dialer, uint64_t now_ms, enum ps_listening *ret_answer)
{
    for (size_t i = 0; i < PS_DIALS_MAX; i++) {
        struct ps_dial *dial = &dialer->dials[i];
        if (dial->used && look(dial, now_ms)) {
            dial->used = false;
            *ret_answer = dial->answer;
            return dial->arg;
        }
    }
    return NULL;
}

size_t ps_dialer_fds(const struct ps_dialer *dialer, struct pollfd fds[PS_DIALS_MAX])
{
    size_t count = 0;
    for (size_t i = 0; i < PS_DIALS_MAX; i++) {
        const struct ps_dial *dial = &dialer->dials[i];
        if (dial->used && dial->fd >= 0) {
            fds[count++] = (struct pollfd){.fd = dial->fd, .events = POLLOUT};
        }
    }
    return count;
}

uint64_t ps_dialer_due_ms(const struct ps_dialer *dialer)
{
    uint64_t due_ms = UINT64_MAX;
    for (size_t i = 0; i < PS_DIALS_MAX; i++) {
        const struct ps_dial *dial = &dialer->dials[i];
        uint64_t own_ms = dial->fd < 0 ? 0 : dial->deadline_ms;
        if (dial->used && own_ms < due_ms) {
            due_ms = own_ms;
        }
    }
    return due_ms;
}

void ps_dialer_cancel(struct ps_dialer *dialer, const void *arg)
{
    for (size_t i = 0; i < PS_DIALS_MAX; i++) {
        struct ps_dial *dial = &dialer->dials[i];
        if (dial->used && dial->arg == arg) {
            end(dial, PS_LISTENING_UNKNOWN);
            dial->used = false;
        }
    }
}
