/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The transport of libcurl. HTTP/1.1 with connections kept: a watch holds one of its own, and
 * requests share a few. Certificates are given as blobs, so that a file that changes is a matter of
 * config.c alone; libcurl opens another connection when they differ.
 */
#include "portside/kube_transport.h"

#include "alias.h"
#include "config.h"

#include "portside/clock.h"
#include "portside/heap.h"

#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

#define CONNECT_MS 5000L
#define KEEPALIVE_IDLE_S 20L
#define KEEPALIVE_INTERVAL_S 10L
#define CONNECTIONS_KEPT 32L
#define FDS_MAX 8U

struct curl_transport {
    struct ps_transport base;
    struct ps_kube_config *config;
    CURLM *multi;
    struct ps_transfer *transfers;
    struct ps_alias alias;
    bool told; /* somebody was called back in this turn: no time to wait */
};

struct ps_transfer {
    struct ps_transfer *next;
    struct ps_transfer **link; /* what points to this one */
    struct curl_transport *transport;
    struct ps_transport_request request;
    CURL *easy;
    struct curl_slist *headers;
    bool refused; /* on_body wanted no more */
    char error[CURL_ERROR_SIZE];
};

static void free_transfer(struct ps_transfer *transfer)
{
    if (transfer->easy != NULL) {
        (void)curl_multi_remove_handle(transfer->transport->multi, transfer->easy);
        curl_easy_cleanup(transfer->easy);
    }
    curl_slist_free_all(transfer->headers);
    if (transfer->link != NULL) {
        *transfer->link = transfer->next;
        if (transfer->next != NULL) {
            transfer->next->link = transfer->link;
        }
    }
    ps_heap_free(transfer);
}

static size_t take_body(char *bytes, size_t size, size_t count, void *arg)
{
    struct ps_transfer *transfer = arg;
    long status = 0;
    transfer->transport->told = true;
    (void)curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
    struct ps_str view = {bytes, size * count};
    transfer->refused = !transfer->request.on_body(transfer->request.arg, (int)status, view);
    return transfer->refused ? 0 : view.len;
}

/* Adds the header that prefix and value make; false if there is no memory. */
static bool add_header(struct ps_transfer *transfer, const char *prefix, struct ps_str value)
{
    size_t bytes = strlen(prefix) + value.len + 1;
    char *line = ps_heap_new(1, bytes);
    if (line == NULL) {
        return false;
    }
    (void)snprintf(line, bytes, "%s%.*s", prefix, PS_FMT(value));
    struct curl_slist *headers = curl_slist_append(transfer->headers, line);
    explicit_bzero(line, bytes); /* it may be a token */
    ps_heap_free(line);
    if (headers == NULL) {
        return false;
    }
    transfer->headers = headers;
    return true;
}

static bool add_headers(struct ps_transfer *transfer)
{
    struct ps_str token = ps_str_trim(ps_source_view(&transfer->transport->config->token));
    const char *host = transfer->transport->alias.host;
    const char *type = transfer->request.content_type;
    if (!add_header(transfer, "Accept: application/json", PS_STR("")) ||
        !add_header(transfer, "Expect:", PS_STR(""))) { /* no 100-continue: it is a round trip */
        return false;
    }
    if (host != NULL && !add_header(transfer, "Host: ", ps_str_of(host))) {
        return false;
    }
    if (type != NULL && !add_header(transfer, "Content-Type: ", ps_str_of(type))) {
        return false;
    }
    if (token.len > 0 && !add_header(transfer, "Authorization: Bearer ", token)) {
        return false;
    }
    return curl_easy_setopt(transfer->easy, CURLOPT_HTTPHEADER, transfer->headers) == CURLE_OK;
}

static bool set_blob(CURL *easy, CURLoption option, struct ps_str content)
{
    if (content.len == 0) {
        return true;
    }
    union {
        const char *from;
        void *to;
    } data = {content.ptr}; /* copied, so never written to */
    struct curl_blob blob = {data.to, content.len, CURL_BLOB_COPY};
    return curl_easy_setopt(easy, option, &blob) == CURLE_OK;
}

static bool set_trust(CURL *easy, const struct ps_kube_config *config)
{
    bool set = config->insecure ? curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L) == CURLE_OK &&
                                      curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L) == CURLE_OK
                                : set_blob(easy, CURLOPT_CAINFO_BLOB, ps_source_view(&config->ca));
    return set && set_blob(easy, CURLOPT_SSLCERT_BLOB, ps_source_view(&config->certificate)) &&
           set_blob(easy, CURLOPT_SSLKEY_BLOB, ps_source_view(&config->key));
}

static bool set_url(CURL *easy, const struct ps_kube_config *config, const struct ps_alias *alias,
                    const char *path)
{
    const char *server = alias->server != NULL ? alias->server : config->server;
    size_t bytes = strlen(server) + strlen(path) + 1;
    char *url = ps_heap_new(1, bytes);
    if (url == NULL) {
        return false;
    }
    (void)snprintf(url, bytes, "%s%s", server, path);
    bool set = curl_easy_setopt(easy, CURLOPT_URL, url) == CURLE_OK &&
               curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L) == CURLE_OK &&
               curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK;
    ps_heap_free(url);
    if (set && config->proxy != NULL) {
        set = curl_easy_setopt(easy, CURLOPT_PROXY, config->proxy) == CURLE_OK;
    }
    if (set && alias->connect_to != NULL) {
        set = curl_easy_setopt(easy, CURLOPT_CONNECT_TO, alias->connect_to) == CURLE_OK;
    }
    return set;
}

static bool set_connection(struct ps_transfer *transfer)
{
    CURL *easy = transfer->easy;
    return curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_TCP_KEEPIDLE, KEEPALIVE_IDLE_S) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_TCP_KEEPINTVL, KEEPALIVE_INTERVAL_S) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_USERAGENT, "portside/" PS_VERSION) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->error) == CURLE_OK;
}

static bool set_exchange(struct ps_transfer *transfer)
{
    CURL *easy = transfer->easy;
    const struct ps_transport_request *request = &transfer->request;
    bool set = curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer) == CURLE_OK &&
               curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body) == CURLE_OK &&
               curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer) == CURLE_OK;
    if (set && request->content_type != NULL) {
        set = curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.len) ==
                  CURLE_OK &&
              curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request->body.ptr) == CURLE_OK;
    }
    return set && curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method) == CURLE_OK;
}

static bool prepare(struct ps_transfer *transfer)
{
    const struct ps_kube_config *config = transfer->transport->config;
    transfer->easy = curl_easy_init();
    return transfer->easy != NULL && set_connection(transfer) && set_exchange(transfer) &&
           set_trust(transfer->easy, config) &&
           set_url(transfer->easy, config, &transfer->transport->alias, transfer->request.path) &&
           add_headers(transfer) &&
           curl_multi_add_handle(transfer->transport->multi, transfer->easy) == CURLM_OK;
}

static struct ps_status begin(struct ps_transport *transport,
                              const struct ps_transport_request *request,
                              struct ps_transfer **ret_transfer, struct ps_error *err)
{
    struct curl_transport *curl = (struct curl_transport *)transport;
    PS_TRY(ps_kube_config_refresh(curl->config, ps_clock_mono_ms(), err));
    struct ps_transfer *transfer = ps_heap_new(1, sizeof(*transfer));
    if (transfer == NULL) {
        return ps_fail(err, PS_CODE_IO, "no memory for a request");
    }
    transfer->transport = curl;
    transfer->request = *request;
    transfer->next = curl->transfers;
    transfer->link = &curl->transfers;
    if (transfer->next != NULL) {
        transfer->next->link = &transfer->next;
    }
    curl->transfers = transfer;
    if (!prepare(transfer)) {
        free_transfer(transfer);
        return ps_fail(err, PS_CODE_INTERNAL, "libcurl does not take the request to '%s'",
                       curl->config->server);
    }
    *ret_transfer = transfer;
    return ps_success();
}

static void cancel(struct ps_transport *transport, struct ps_transfer *transfer)
{
    (void)transport;
    free_transfer(transfer);
}

/* Why it broke off: libcurl's words with the server's address, which some of them lack. */
static void explain(const struct ps_transfer *transfer, CURLcode code, struct ps_error *ret_error)
{
    const char *words = transfer->error[0] != '\0' ? transfer->error : curl_easy_strerror(code);
    if (transfer->refused) {
        words = "there is no memory for the answer";
    }
    (void)!ps_ok(ps_fail(ret_error, PS_CODE_IO, "no whole answer of '%s': %s",
                         transfer->transport->config->server, words));
}

/* The transfer is over: it is freed, and its owner is told. */
static void finish(struct ps_transfer *transfer, CURLcode code)
{
    struct ps_transport_request request = transfer->request;
    struct ps_transport_result result = {0};
    struct ps_error error = {.message = ""};
    long status = 0;
    curl_off_t retry_after_s = 0;
    (void)curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
    (void)curl_easy_getinfo(transfer->easy, CURLINFO_RETRY_AFTER, &retry_after_s);
    result.status = (int)status;
    if (retry_after_s > 0 && retry_after_s < INT32_MAX) {
        result.retry_after_ms = (uint64_t)retry_after_s * 1000;
    }
    if (code != CURLE_OK) {
        explain(transfer, code, &error);
        result.error = error.message;
    }
    if (status == 401) {
        ps_kube_config_doubt(transfer->transport->config);
    }
    free_transfer(transfer);
    request.on_done(request.arg, &result);
}

static struct ps_status failed(struct ps_error *err, CURLMcode code)
{
    return ps_fail(err, PS_CODE_INTERNAL, "libcurl: %s", curl_multi_strerror(code));
}

/* Moves bytes and tells of what has ended. */
static struct ps_status perform(struct curl_transport *curl, struct ps_error *err)
{
    int running = 0;
    int left = 0;
    CURLMcode code = curl_multi_perform(curl->multi, &running);
    if (code != CURLM_OK) {
        return failed(err, code);
    }
    for (CURLMsg *message = curl_multi_info_read(curl->multi, &left); message != NULL;
         message = curl_multi_info_read(curl->multi, &left)) {
        if (message->msg != CURLMSG_DONE) {
            continue;
        }
        struct ps_transfer *transfer = NULL;
        CURLcode result = message->data.result; /* message dies with its handle */
        (void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
        curl->told = true;
        finish(transfer, result);
    }
    return ps_success();
}

static short wanted(short events)
{
    short all = 0;
    all |= (events & POLLIN) != 0 ? CURL_WAIT_POLLIN : 0;
    all |= (events & POLLPRI) != 0 ? CURL_WAIT_POLLPRI : 0;
    all |= (events & POLLOUT) != 0 ? CURL_WAIT_POLLOUT : 0;
    return all;
}

static struct ps_status wait_for(struct ps_transport *transport, int timeout_ms, struct pollfd *fds,
                                 size_t count, struct ps_error *err)
{
    struct curl_transport *curl = (struct curl_transport *)transport;
    struct curl_waitfd extra[FDS_MAX] = {{0}};
    if (count > FDS_MAX) {
        return ps_fail(err, PS_CODE_INTERNAL, "more than %u descriptors to wait for", FDS_MAX);
    }
    for (size_t i = 0; i < count; i++) {
        extra[i] = (struct curl_waitfd){fds[i].fd, wanted(fds[i].events), 0};
    }
    curl->told = false;
    PS_TRY(perform(curl, err));
    CURLMcode code =
        curl_multi_poll(curl->multi, extra, (unsigned)count, curl->told ? 0 : timeout_ms, NULL);
    if (code != CURLM_OK) {
        return failed(err, code);
    }
    /* Again by ourselves: libcurl does not pass POLLHUP and POLLERR on. */
    if (count > 0 && poll(fds, (nfds_t)count, 0) <= 0) {
        for (size_t i = 0; i < count; i++) {
            fds[i].revents = 0;
        }
    }
    /* Bytes move at the next turn: after a long sleep the caller may want to send no more. */
    return ps_success();
}

static void free_transport(struct ps_transport *transport)
{
    struct curl_transport *curl = (struct curl_transport *)transport;
    while (curl->transfers != NULL) {
        free_transfer(curl->transfers);
    }
    if (curl->multi != NULL) {
        (void)curl_multi_cleanup(curl->multi);
    }
    ps_alias_clear(&curl->alias);
    ps_kube_config_free(curl->config);
    ps_heap_free(curl);
}

struct ps_status ps_transport_curl(struct ps_kube_config *config,
                                   struct ps_transport **ret_transport, struct ps_error *err)
{
    static const struct ps_transport_ops ops = {begin, cancel, wait_for, free_transport};
    struct curl_transport *curl = ps_heap_new(1, sizeof(*curl));
    if (curl == NULL) {
        ps_kube_config_free(config);
        return ps_fail(err, PS_CODE_IO, "no memory for libcurl");
    }
    curl->base.ops = &ops;
    curl->config = config;
    if (curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK) {
        curl->multi = curl_multi_init();
    }
    if (curl->multi == NULL ||
        curl_multi_setopt(curl->multi, CURLMOPT_MAXCONNECTS, CONNECTIONS_KEPT) != CURLM_OK) {
        free_transport(&curl->base);
        return ps_fail(err, PS_CODE_IO, "libcurl cannot be set up");
    }
    if (!ps_alias_init(&curl->alias, config->server, config->server_name)) {
        struct ps_status status =
            ps_fail(err, PS_CODE_INPUT, "the server '%s' or its tls-server-name '%s' is no address",
                    config->server, config->server_name == NULL ? "" : config->server_name);
        free_transport(&curl->base);
        return status;
    }
    *ret_transport = &curl->base;
    return ps_success();
}
