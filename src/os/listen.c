/* SPDX-License-Identifier: Apache-2.0 */
#include "portside/os_listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 1024

struct address {
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    };
    socklen_t len;
};

static void close_fd(int *fd)
{
    if (*fd >= 0) {
        (void)close(*fd);
        *fd = -1;
    }
}

static void set_port(struct address *address, uint16_t port)
{
    if (address->any.sa_family == AF_INET6) {
        address->v6.sin6_port = htons(port);
    } else {
        address->v4.sin_port = htons(port);
    }
}

static uint16_t get_port(const struct address *address)
{
    if (address->any.sa_family == AF_INET6) {
        return ntohs(address->v6.sin6_port);
    }
    return ntohs(address->v4.sin_port);
}

/* Every address: IPv6 with IPv4 inside where the kernel has IPv6, plain IPv4 where it has not. */
static void any_address(struct address *ret_address)
{
    int probe = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    *ret_address = (struct address){.len = sizeof(struct sockaddr_in)};
    ret_address->any.sa_family = AF_INET;
    if (probe >= 0) {
        close_fd(&probe);
        ret_address->any.sa_family = AF_INET6;
        ret_address->len = sizeof(struct sockaddr_in6);
    }
}

static struct ps_status resolve(const char *host, uint16_t port, struct address *ret_address,
                                struct ps_error *err)
{
    if (host[0] == '\0') {
        any_address(ret_address);
    } else {
        struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
        struct addrinfo *found = NULL;
        int failed = getaddrinfo(host, NULL, &hints, &found);
        if (failed != 0) {
            return ps_fail(err, PS_CODE_IO, "cannot resolve '%s': %s", host, gai_strerror(failed));
        }
        *ret_address = (struct address){.len = found->ai_addrlen};
        memcpy(&ret_address->v6, found->ai_addr, found->ai_addrlen);
        freeaddrinfo(found);
    }
    set_port(ret_address, port);
    return ps_success();
}

static void format(const struct address *address, char ret_text[PS_ADDRESS_BYTES])
{
    char host[INET6_ADDRSTRLEN] = "";
    bool v6 = address->any.sa_family == AF_INET6;
    const void *bytes =
        v6 ? (const void *)&address->v6.sin6_addr : (const void *)&address->v4.sin_addr;
    (void)inet_ntop(address->any.sa_family, bytes, host, sizeof(host));
    (void)snprintf(ret_text, PS_ADDRESS_BYTES, v6 ? "[%s]:%u" : "%s:%u", host, get_port(address));
}

static bool set_option(int fd, int level, int name, int value)
{
    return setsockopt(fd, level, name, &value, sizeof(value)) == 0;
}

/* A bound socket, or -1 with errno. Failing options are told by bind, which needs them. */
static int bind_one(const struct address *address, bool shared)
{
    int fd = socket(address->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return -1;
    }
    (void)set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    if (address->any.sa_family == AF_INET6) {
        (void)set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0);
    }
    if ((shared && !set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1)) ||
        bind(fd, &address->any, address->len) != 0) {
        int saved = errno;
        close_fd(&fd);
        errno = saved;
    }
    return fd;
}

/* A bind without SO_REUSEPORT fails if anybody else listens there already. */
static bool is_free(const struct address *address)
{
    int probe = bind_one(address, false);
    bool is_bound = probe >= 0;
    int saved = errno;
    close_fd(&probe);
    errno = saved;
    return is_bound;
}

static bool open_all(struct address *address, size_t count, int *fds)
{
    for (size_t i = 0; i < count; i++) {
        fds[i] = bind_one(address, true);
        if (fds[i] < 0) {
            return false;
        }
        address->len = sizeof(address->v6);
        if (getsockname(fds[i], &address->any, &address->len) != 0 ||
            listen(fds[i], BACKLOG) != 0) {
            return false;
        }
    }
    return true;
}

struct ps_status ps_listen_open(const char *host, uint16_t port, size_t count, int *ret_fds,
                                char ret_address[PS_ADDRESS_BYTES], struct ps_error *err)
{
    struct address address = {0};
    PS_TRY(resolve(host, port, &address, err));
    for (size_t i = 0; i < count; i++) {
        ret_fds[i] = -1;
    }
    if ((port != 0 && !is_free(&address)) || !open_all(&address, count, ret_fds)) {
        int saved = errno;
        for (size_t i = 0; i < count; i++) {
            close_fd(&ret_fds[i]);
        }
        format(&address, ret_address);
        return ps_fail(err, PS_CODE_IO, "cannot listen on '%s': %s", ret_address, strerror(saved));
    }
    format(&address, ret_address);
    return ps_success();
}

size_t ps_descriptors_raise(void)
{
    struct rlimit limit = {.rlim_cur = 1024, .rlim_max = 1024};
    (void)getrlimit(RLIMIT_NOFILE, &limit);
    rlim_t before = limit.rlim_cur;
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return (size_t)before;
    }
    return (size_t)limit.rlim_cur;
}

size_t ps_processors(void)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof(set), &set) != 0) {
        return 1;
    }
    int count = CPU_COUNT(&set);
    return count < 1 ? 1 : (size_t)count;
}
