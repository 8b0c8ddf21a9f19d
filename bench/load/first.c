/* SPDX-License-Identifier: Apache-2.0 */
/* From exec to the first answer: what a replica that starts in an outage costs. */
#include "load.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define GIVE_UP_NS 20000000000ULL
#define PAUSE_NS 100000L /* between two attempts to connect */

static pid_t start(char **command)
{
    pid_t child = fork();
    if (child == 0) {
        (void)execvp(command[0], command);
        perror(command[0]);
        _exit(127);
    }
    return child;
}

/* True once somebody listens. */
static bool is_open(const struct load *load)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const struct sockaddr *address = (const struct sockaddr *)&load->options.address;
    bool open = connect(fd, address, sizeof(load->options.address)) == 0;
    (void)close(fd);
    return open;
}

static bool ask_once(struct load *load)
{
    struct epoll_event event;
    load->measuring = true;
    load->waiting = 1;
    load_conn_open(load, load->conns, load_now_ns());
    while (load->waiting > 0) {
        if (epoll_wait(load->epoll, &event, 1, 10000) == 1) {
            load_conn_event(load, event.data.ptr);
        } else if (errno != EINTR) {
            load_failed(load, "no answer within 10 s");
            break;
        }
    }
    return load->counts.answers == 1;
}

bool load_first(struct load *load)
{
    uint64_t begin_ns = load_now_ns();
    pid_t child = start(load->options.command);
    bool open = false;
    while (!open && load_now_ns() - begin_ns < GIVE_UP_NS && waitpid(child, NULL, WNOHANG) == 0) {
        open = is_open(load);
        if (!open) {
            (void)nanosleep(&(struct timespec){0, PAUSE_NS}, NULL);
        }
    }
    uint64_t open_ns = load_now_ns();
    bool answered = open && ask_once(load);
    uint64_t end_ns = load_now_ns();
    (void)kill(child, SIGKILL);
    (void)waitpid(child, NULL, 0);
    (void)printf(
        "{\"answered\":%s,\"listening_ms\":%.3f,\"first_answer_ms\":%.3f,\"failure\":\"%s\"}\n",
        answered ? "true" : "false", (double)(open_ns - begin_ns) / 1e6,
        (double)(end_ns - begin_ns) / 1e6, load->failure);
    return answered;
}
