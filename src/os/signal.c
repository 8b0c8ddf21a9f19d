/* SPDX-License-Identifier: Apache-2.0 */
#include "portside/signal.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

struct ps_status ps_signal_open(int *ret_fd, struct ps_error *err)
{
    sigset_t set;
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGINT);
    (void)sigaddset(&set, SIGHUP);
    int failed = pthread_sigmask(SIG_BLOCK, &set, NULL);
    if (failed != 0) {
        return ps_fail(err, PS_CODE_IO, "cannot block signals: %s", strerror(failed));
    }
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    if (sigaction(SIGPIPE, &ignore, NULL) != 0) {
        return ps_fail(err, PS_CODE_IO, "cannot ignore SIGPIPE: %s", strerror(errno));
    }
    int fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    if (fd < 0) {
        return ps_fail(err, PS_CODE_IO, "cannot make a signal descriptor: %s", strerror(errno));
    }
    *ret_fd = fd;
    return ps_success();
}

int ps_signal_wait(int fd, int timeout_ms)
{
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    if (poll(&wait, 1, timeout_ms) <= 0) {
        return 0;
    }
    struct signalfd_siginfo info;
    if (read(fd, &info, sizeof(info)) != (ssize_t)sizeof(info)) {
        return 0;
    }
    return (int)info.ssi_signo;
}
