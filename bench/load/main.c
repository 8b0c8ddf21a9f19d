/* SPDX-License-Identifier: Apache-2.0 */
#include "load.h"

#include <arpa/inet.h>
#include <getopt.h>
#include <openssl/err.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <unistd.h>

static const char usage[] =
    "load --port PORT --ca FILE --body FILE [OPTION…]\n"
    "load --port PORT --ca FILE --body FILE --first -- COMMAND [ARGUMENT…]\n"
    "\n"
    "Posts the body to https://127.0.0.1:PORT/mutate again and again and prints what it measured as\n"
    "one line of JSON. One thread; run it on another processor than the server (taskset).\n"
    "\n"
    "  --connections N   at once (default 16); without --rate each asks again when it is answered\n"
    "  --rate R          instead: R requests a second by the clock; a latency counts from the time\n"
    "                    the request was due, however late it could be sent\n"
    "  --fresh           a new connection, with a full handshake, for each request\n"
    "  --seconds S       how long it is measured (default 1), after --warm-up S (default 0.2)\n"
    "  --server PID      whose processor time and memory are counted\n"
    "  --save FILE       write the last answer of the first connection, header and all\n"
    "  --first           start COMMAND; how long from exec to its first answer?\n";

static void die(const char *what, const char *value)
{
    (void)fprintf(stderr, "load: %s '%s': see load --help\n", what, value);
    exit(2);
}

static double number(const char *text)
{
    char *end;
    double value = strtod(text, &end);
    if (*text == '\0' || *end != '\0' || value < 0) {
        die("not a number:", text);
    }
    return value;
}

/* NOLINTNEXTLINE(readability-function-size): a row for each option */
static void take(struct load_options *options, int option, const char *value)
{
    switch (option) {
    case 'p':
        options->address.sin_port = htons((uint16_t)number(value));
        return;
    case 'a':
        options->ca_path = value;
        return;
    case 'b':
        options->body_path = value;
        return;
    case 'c':
        options->connections = (size_t)number(value);
        return;
    case 'r':
        options->rate = number(value);
        return;
    case 'f':
        options->fresh = true;
        return;
    case 's':
        options->seconds = number(value);
        return;
    case 'w':
        options->warm_up_s = number(value);
        return;
    case 'P':
        options->server = (pid_t)number(value);
        return;
    case 'S':
        options->save_path = value;
        return;
    default:
        exit(2);
    }
}

static void read_options(struct load_options *options, int argc, char **argv)
{
    static const struct option rows[] = {
        {"port", required_argument, NULL, 'p'},
        {"ca", required_argument, NULL, 'a'},
        {"body", required_argument, NULL, 'b'},
        {"connections", required_argument, NULL, 'c'},
        {"rate", required_argument, NULL, 'r'},
        {"fresh", no_argument, NULL, 'f'},
        {"seconds", required_argument, NULL, 's'},
        {"warm-up", required_argument, NULL, 'w'},
        {"server", required_argument, NULL, 'P'},
        {"save", required_argument, NULL, 'S'},
        {"first", no_argument, NULL, '1'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    bool first = false;
    int option;
    while ((option = getopt_long(argc, argv, "+", rows, NULL)) != -1) {
        if (option == 'h') {
            (void)fputs(usage, stdout);
            exit(0);
        }
        first = first || option == '1';
        if (option != '1') {
            take(options, option, optarg);
        }
    }
    options->command = first ? argv + optind : NULL;
    bool complete = options->address.sin_port != 0 && options->ca_path != NULL &&
                    options->body_path != NULL && first == (optind < argc);
    if (!complete || options->connections < 1 || options->connections > LOAD_CONNECTIONS_MAX) {
        (void)fputs(usage, stderr);
        exit(2);
    }
}

static char *read_file(const char *path, size_t *ret_len)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL || fseek(file, 0, SEEK_END) != 0) {
        die("cannot read", path);
    }
    size_t len = (size_t)ftell(file);
    char *text = malloc(len + 1);
    rewind(file);
    if (text == NULL || fread(text, 1, len, file) != len) {
        die("cannot read", path);
    }
    (void)fclose(file);
    *ret_len = len;
    return text;
}

/* As the API server writes it. */
static void make_request(struct load *load)
{
    size_t body_len;
    char *body = read_file(load->options.body_path, &body_len);
    char header[512];
    int header_len = snprintf(header, sizeof(header),
                              "POST /mutate?timeout=10s HTTP/1.1\r\nHost: portside.portside.svc\r\n"
                              "User-Agent: kube-apiserver-admission\r\nContent-Length: %zu\r\n"
                              "Accept: application/json, */*\r\nContent-Type: application/json\r\n"
                              "Accept-Encoding: gzip\r\n\r\n",
                              body_len);
    load->request_len = (size_t)header_len + body_len;
    load->request = malloc(load->request_len);
    if (load->request == NULL) {
        die("no memory for", load->options.body_path);
    }
    memcpy(load->request, header, (size_t)header_len);
    memcpy(load->request + header_len, body, body_len);
    free(body);
}

/* AES-128 first, as Go's API server offers it: OpenSSL and Go then agree on the same cipher. */
static SSL_CTX *make_context(const struct load_options *options)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    static const unsigned char http11[] = "\x08http/1.1";
    if (context == NULL || SSL_CTX_load_verify_locations(context, options->ca_path, NULL) != 1 ||
        SSL_CTX_set_ciphersuites(context, "TLS_AES_128_GCM_SHA256") != 1 ||
        SSL_CTX_set_alpn_protos(context, http11, sizeof(http11) - 1) != 0) {
        ERR_print_errors_fp(stderr);
        exit(2);
    }
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    (void)SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_read_ahead(context, 1); /* a system call for many records, not two for each */
    SSL_CTX_set_default_read_buffer_len(context, (size_t)64 * 1024);
    (void)SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE);
    return context;
}

static void save_sample(const struct load *load)
{
    const char *path = load->options.save_path;
    FILE *file = path == NULL ? NULL : fopen(path, "wb");
    if (path != NULL &&
        (file == NULL || fwrite(load->sample, 1, load->sample_len, file) != load->sample_len ||
         fclose(file) != 0)) {
        die("cannot write", path);
    }
}

int main(int argc, char **argv)
{
    static struct load load = {
        .options = {.connections = 16, .seconds = 1, .warm_up_s = 0.2},
    };
    load.options.address.sin_family = AF_INET;
    load.options.address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    read_options(&load.options, argc, argv);
    (void)signal(SIGPIPE, SIG_IGN);
    (void)prctl(PR_SET_TIMERSLACK, 1UL); /* requests of --rate are due to the microsecond */
    make_request(&load);
    load.tls = make_context(&load.options);
    load.epoll = epoll_create1(EPOLL_CLOEXEC);
    load.conns = calloc(load.options.connections, sizeof(*load.conns));
    if (load.epoll < 0 || load.conns == NULL) {
        die("no memory for", "connections");
    }
    bool good = load.options.command != NULL ? load_first(&load) : load_run(&load);
    save_sample(&load);
    return good ? 0 : 1;
}
