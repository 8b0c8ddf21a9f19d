/* SPDX-License-Identifier: Apache-2.0 */
/* `portside serve`: the webhook. Its options are the rows of the configuration table. */
#include "portside/admit.h"
#include "portside/cli.h"
#include "portside/clock.h"
#include "portside/config.h"
#include "portside/controller.h"
#include "portside/exposure.h"
#include "portside/file.h"
#include "portside/log.h"
#include "portside/server.h"
#include "portside/signal.h"
#include "portside/tls.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define OPTIONS_MAX 96U
#define NAME_MAX_BYTES 48U
#define CONFIG_MAX_BYTES ((size_t)1024 * 1024)
#define MS_PER_S 1000U

static const char about[] =
    "Answers the admission reviews of the API server at POST /mutate over HTTPS; /healthz, /readyz "
    "and /metrics are on a port without TLS. In a cluster, or with --kubeconfig, it keeps Services, "
    "endpoints and status up as well. Every option can stand in the file as well, as a line "
    "'name = value'; the command line wins.\n\n"
    "SIGTERM drains: requests are answered for a while, then the rest is finished and portside "
    "ends with 0. A second SIGTERM ends at once. SIGHUP looks at the certificate files at once.";

static const char examples[] =
    "  portside serve --tls-cert tls.crt --tls-key tls.key\n"
    "  portside serve --controller on --webhook-names portside\n"
    "  portside serve --config portside.conf --log-level debug\n"
    "  portside serve --listen 127.0.0.1:0 --plain-listen 127.0.0.1:0 \\\n"
    "      --tls-cert tls.crt --tls-key tls.key";

/* What the command line says: the file and the settings, which are applied behind it. */
struct request {
    struct ps_str file;
    struct {
        struct ps_str key;
        struct ps_str value;
    } settings[OPTIONS_MAX];
    size_t count;
};

/* One option for each annotation: "default-listener-port". */
static size_t add_defaults(struct ps_option *options, char names[][NAME_MAX_BYTES], size_t room)
{
    size_t count;
    const struct ps_exposure_key *keys = ps_exposure_keys(&count);
    for (size_t i = 0; i < count && i < room; i++) {
        (void)snprintf(names[i], NAME_MAX_BYTES, PS_CONFIG_DEFAULT "%s", keys[i].name);
        options[i] = (struct ps_option){
            .name = names[i],
            .argument = "VALUE",
            .help = keys[i].help,
            .group = "Defaults of annotations, for the whole installation",
        };
    }
    return count < room ? count : room;
}

/* The option of the file, one for each key, one for each annotation. names must stay. */
static size_t make_options(struct ps_option options[OPTIONS_MAX],
                           char names[OPTIONS_MAX][NAME_MAX_BYTES])
{
    size_t count;
    const struct ps_config_key *keys = ps_config_keys(&count);
    options[0] = (struct ps_option){
        .name = "config",
        .argument = "FILE",
        .help = "Read settings from this file first.",
        .group = "Configuration",
    };
    for (size_t i = 0; i < count && i + 1 < OPTIONS_MAX; i++) {
        options[i + 1] = (struct ps_option){
            .name = keys[i].name,
            .argument = keys[i].argument,
            .fallback = keys[i].fallback,
            .help = keys[i].help,
            .group = keys[i].group,
        };
    }
    return count + 1 + add_defaults(options + count + 1, names, OPTIONS_MAX - count - 1);
}

static struct ps_status take(void *target, const struct ps_option *option, struct ps_str value,
                             struct ps_error *err)
{
    struct request *request = target;
    if (ps_str_is(ps_str_of(option->name), "config")) {
        request->file = value;
        return ps_success();
    }
    if (request->count == OPTIONS_MAX) {
        return ps_fail(err, PS_CODE_INPUT, "more than %u options", OPTIONS_MAX);
    }
    request->settings[request->count].key = ps_str_of(option->name);
    request->settings[request->count].value = value;
    request->count++;
    return ps_success();
}

/* Defaults, then the file, whose text must live as long as config, then the command line. */
static struct ps_status configure(const struct request *request, struct ps_config *config,
                                  struct ps_file *text, struct ps_error *err)
{
    ps_config_init(config);
    if (request->file.len > 0) {
        PS_TRY(ps_file_read(request->file.ptr, CONFIG_MAX_BYTES, text, err));
        if (!ps_ok(ps_config_parse(config, ps_file_view(text), err))) {
            return ps_wrap(err, "'%.*s'", PS_FMT(request->file));
        }
    }
    for (size_t i = 0; i < request->count; i++) {
        PS_TRY(ps_config_set(config, request->settings[i].key, request->settings[i].value, err));
    }
    return ps_config_check(config, err);
}

static void admit(const void *context, struct ps_arena *arena, struct ps_str request,
                  struct ps_admission *ret_admission)
{
    ps_admit(context, arena, request, ret_admission);
}

static void write_metrics(const void *controller, FILE *out)
{
    ps_controller_write_metrics(controller, out);
}

/* Waits until deadline_ms, or for ever if it is 0; true if a signal asked to end meanwhile. */
static bool wait_to_end(struct ps_server *server, const struct ps_config *config, int signals,
                        uint64_t deadline_ms)
{
    for (;;) {
        uint64_t wait_ms = config->tls_reload_s * MS_PER_S;
        uint64_t now_ms = ps_clock_mono_ms();
        if (deadline_ms != 0 && now_ms >= deadline_ms) {
            return false;
        }
        if (deadline_ms != 0 && deadline_ms - now_ms < wait_ms) {
            wait_ms = deadline_ms - now_ms;
        }
        int signal = ps_signal_wait(signals, (int)wait_ms);
        if (signal == SIGTERM || signal == SIGINT) {
            return true;
        }
        ps_server_reload(server);
    }
}

static PS_NORETURN void end_at_once(void)
{
    PS_LOG(PS_LOG_LEVEL_WARN, "second signal: ending at once",
           PS_LOG_INT("status", PS_EXIT_FAILED));
    _exit(PS_EXIT_FAILED);
}

/* While the last requests finish, a second signal must still be heard: by its default action. */
static void hear_signals_directly(void)
{
    sigset_t set;
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGINT);
    (void)sigprocmask(SIG_UNBLOCK, &set, NULL);
}

/* The store that the controller fills and the server serves from; NULL if there are files. */
static struct ps_status prepare_certificates(const struct ps_config *config,
                                             struct ps_controller *controller,
                                             struct ps_tls **ret_tls, struct ps_error *err)
{
    *ret_tls = NULL;
    if (ps_config_manages_certificates(config)) {
        if (controller == NULL) {
            return ps_fail(err, PS_CODE_INPUT,
                           "there is no certificate: give --tls-cert FILE and --tls-key FILE, or "
                           "an API server where portside may keep its own (--kubeconfig FILE)");
        }
        *ret_tls = ps_tls_new(NULL, NULL);
        if (*ret_tls == NULL) {
            return ps_fail(err, PS_CODE_INTERNAL, "no memory");
        }
    }
    return controller == NULL ? ps_success() : ps_controller_certify(controller, *ret_tls, err);
}

/* What runs until the end; the store outlives both of its users. */
struct service {
    struct ps_controller *controller;
    struct ps_server *server;
    struct ps_tls *tls;
};

/* libcurl wants to be set up before there are threads, so the controller is made first. */
static struct ps_status start(const struct ps_config *config, struct service *service,
                              struct ps_error *err)
{
    PS_TRY(ps_controller_new(config, &service->controller, err));
    PS_TRY(prepare_certificates(config, service->controller, &service->tls, err));
    const struct ps_server_options options = {
        .config = config,
        .handler = admit,
        .context = &config->policy,
        .write_metrics = write_metrics,
        .metrics = service->controller,
        .tls = service->tls,
    };
    PS_TRY(ps_server_start(&options, &service->server, err));
    return service->controller == NULL ? ps_success()
                                       : ps_controller_start(service->controller, err);
}

/* The server first: it shows the controller's metrics. */
static void service_clear(struct service *service)
{
    ps_server_stop(service->server);
    ps_controller_free(service->controller);
    ps_tls_free(service->tls);
    *service = (struct service){0};
}

static void serve_until_signal(struct service *service, const struct ps_config *config, int signals)
{
    (void)wait_to_end(service->server, config, signals, 0);
    ps_controller_leave(service->controller);
    PS_LOG(PS_LOG_LEVEL_INFO, "draining", PS_LOG_INT("seconds", config->drain_s));
    ps_server_drain(service->server);
    uint64_t end_ms = ps_clock_mono_ms() + config->drain_s * MS_PER_S;
    if (wait_to_end(service->server, config, signals, end_ms)) {
        end_at_once();
    }
    hear_signals_directly();
}

static int run(const struct ps_cli *cli, const struct ps_config *config)
{
    struct ps_error err;
    struct service service PS_CLEANUP(service_clear) = {0};
    int signals = -1;
    ps_log_init(STDERR_FILENO, config->log_format, config->log_level);
    if (!ps_ok(ps_signal_open(&signals, &err)) || !ps_ok(start(config, &service, &err))) {
        return ps_cli_fail(cli, "serve", &err);
    }
    PS_LOG(PS_LOG_LEVEL_INFO, "serving",
           PS_LOG_STR("listen", ps_str_of(ps_server_address(service.server))),
           PS_LOG_STR("plain_listen", ps_str_of(ps_server_plain_address(service.server))),
           PS_LOG_STR("version", PS_STR(PS_VERSION)));
    serve_until_signal(&service, config, signals);
    service_clear(&service);
    ps_log(PS_LOG_LEVEL_INFO, "stopped", NULL, 0);
    (void)close(signals);
    return PS_EXIT_OK;
}

int ps_cmd_serve(const struct ps_cli *cli, int argc, char **argv)
{
    struct ps_option options[OPTIONS_MAX];
    char names[OPTIONS_MAX][NAME_MAX_BYTES];
    const struct ps_command_line line = {
        .command = "serve",
        .usage = "[--tls-cert FILE --tls-key FILE] [OPTION…]",
        .about = about,
        .options = options,
        .option_count = make_options(options, names),
        .examples = examples,
    };
    struct request request = {0};
    struct ps_config config;
    struct ps_file text PS_CLEANUP(ps_file_clear) = {0};
    struct ps_error err;
    int code = PS_EXIT_OK;
    if (!ps_cli_parse(&(struct ps_cli_parse){cli, &line, take, &request}, &argc, argv, &code)) {
        return code;
    }
    if (argc > 0) {
        struct ps_status status =
            ps_fail(&err, PS_CODE_INPUT, "'%s' is no option: settings begin with '--'", argv[0]);
        (void)status;
        return ps_cli_misuse(cli, &line, &err);
    }
    if (!ps_ok(configure(&request, &config, &text, &err))) {
        return ps_cli_misuse(cli, &line, &err);
    }
    return run(cli, &config);
}
