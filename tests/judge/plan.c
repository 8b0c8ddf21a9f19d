/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The listener planner as a program, for the judge:
 *     plan MAJOR [property=value]… -- [LISTENER PORT PROTOCOL ENDPOINT]…
 * MAJOR is Kafka's; what matters is whether it is below 3. Prints outcome, reason, message and
 * the three settings, each ended by a NUL.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "portside/arena.h"
#include "portside/attr.h"
#include "portside/listener.h"

struct request {
    struct ps_arena *arena;
    int argc;
    char **argv;
};

static struct ps_setting *find_setting(struct ps_listener_settings *settings, struct ps_str key)
{
    const struct {
        const char *key;
        struct ps_setting *setting;
    } table[] = {
        {"listeners", &settings->listeners},
        {"advertised.listeners", &settings->advertised},
        {"listener.security.protocol.map", &settings->protocol_map},
        {"controller.listener.names", &settings->controller_names},
        {"process.roles", &settings->roles},
        {"inter.broker.listener.name", &settings->inter_broker_name},
        {"security.inter.broker.protocol", &settings->inter_broker_protocol},
        {"host.name", &settings->host_name},
        {"port", &settings->port},
        {"advertised.host.name", &settings->advertised_host_name},
        {"advertised.port", &settings->advertised_port},
    };
    for (size_t i = 0; i < PS_COUNT(table); i++) {
        if (ps_str_is(key, table[i].key)) {
            return table[i].setting;
        }
    }
    return NULL;
}

/* Index of the argument behind "--"; argc if there is none. */
static int read_settings(const struct request *request, struct ps_listener_settings *settings)
{
    settings->before_3_0 = strtol(request->argv[1], NULL, 10) < 3;
    for (int i = 2; i < request->argc; i++) {
        struct ps_str text = ps_str_of(request->argv[i]);
        size_t equals = ps_str_index(text, '=');
        if (ps_str_is(text, "--")) {
            return i + 1;
        }
        struct ps_setting *setting = find_setting(settings, ps_str_slice(text, 0, equals));
        if (setting != NULL) {
            *setting = (struct ps_setting){true, ps_str_slice(text, equals + 1, text.len)};
        }
    }
    return request->argc;
}

static void print_field(struct ps_str text)
{
    (void)fwrite(text.ptr == NULL ? "" : text.ptr, 1, text.len, stdout);
    (void)putchar('\0');
}

static void print_plan(const struct ps_listener_plan *plan)
{
    static const char *const outcomes[] = {
        [PS_LISTENER_UNCHANGED] = "unchanged",
        [PS_LISTENER_CHANGED] = "changed",
        [PS_LISTENER_REFUSED] = "refused",
    };
    bool already = plan->outcome == PS_LISTENER_UNCHANGED && plan->reason == PS_REASON_NONE;
    print_field(ps_str_of(outcomes[plan->outcome]));
    print_field(ps_str_of(already ? "already" : ps_reason_name(plan->reason)));
    print_field(plan->message);
    print_field(plan->listeners);
    print_field(plan->advertised);
    print_field(plan->protocol_map);
}

static struct ps_status work(void *arg)
{
    const struct request *request = (const struct request *)arg;
    struct ps_listener_settings settings = {0};
    struct ps_listener_plan plan;
    int first = read_settings(request, &settings);
    size_t count = (size_t)(request->argc - first) / 4;
    struct ps_listener_wish *wishes =
        PS_ARENA_ARRAY(request->arena, struct ps_listener_wish, count + 1);
    for (size_t i = 0; i < count; i++) {
        char **words = request->argv + first + 4 * i;
        wishes[i].name = ps_str_of(words[0]);
        wishes[i].port = (uint16_t)strtoul(words[1], NULL, 10);
        (void)ps_protocol_parse(ps_str_of(words[2]), &wishes[i].protocol);
        wishes[i].endpoint = ps_str_of(words[3]);
    }
    ps_listener_plan(request->arena, &settings, wishes, count, &plan);
    print_plan(&plan);
    return ps_success();
}

int main(int argc, char **argv)
{
    struct ps_error err = {0};
    struct request request = {ps_arena_new(1024 * 1024), argc, argv};
    if (argc < 2 || request.arena == NULL) {
        (void)fputs(
            "usage: plan MAJOR [property=value]... -- [LISTENER PORT PROTOCOL ENDPOINT]...\n",
            stderr);
        return 2;
    }
    bool done = ps_ok(ps_arena_run(request.arena, work, &request, &err));
    ps_arena_free(request.arena);
    return done ? 0 : 1;
}
