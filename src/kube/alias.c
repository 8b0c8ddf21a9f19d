/* SPDX-License-Identifier: Apache-2.0 */
#include "alias.h"

#include "portside/heap.h"
#include "portside/str.h"

#include <stdio.h>

#define TEXT_BYTES 512U

/* What libcurl took apart; its own memory. */
struct parts {
    CURLU *url;
    char *host; /* in brackets if IPv6 */
    char *port;
    char *named;
};

static void free_parts(struct parts *parts)
{
    curl_free(parts->host);
    curl_free(parts->port);
    curl_free(parts->named);
    curl_url_cleanup(parts->url);
}

static bool take_apart(struct parts *parts, const char *server, const char *name)
{
    return parts->url != NULL && curl_url_set(parts->url, CURLUPART_URL, server, 0) == CURLUE_OK &&
           curl_url_get(parts->url, CURLUPART_HOST, &parts->host, 0) == CURLUE_OK &&
           curl_url_get(parts->url, CURLUPART_PORT, &parts->port, CURLU_DEFAULT_PORT) ==
               CURLUE_OK &&
           curl_url_set(parts->url, CURLUPART_HOST, name, 0) == CURLUE_OK &&
           curl_url_get(parts->url, CURLUPART_URL, &parts->named, 0) == CURLUE_OK;
}

static bool put_together(struct ps_alias *alias, const struct parts *parts)
{
    char text[TEXT_BYTES];
    struct ps_str named = ps_str_of(parts->named);
    if (ps_str_ends(named, "/")) {
        named.len--;
    }
    /* "::host:port": whatever is asked for, go there. */
    int len = snprintf(text, sizeof(text), "::%s:%s", parts->host, parts->port);
    if (len < 0 || (size_t)len >= sizeof(text)) {
        return false;
    }
    alias->server = ps_heap_copy(named);
    alias->host = ps_heap_copy(ps_str_of(text + 2));
    alias->connect_to = curl_slist_append(NULL, text);
    return alias->server != NULL && alias->host != NULL && alias->connect_to != NULL;
}

bool ps_alias_init(struct ps_alias *alias, const char *server, const char *name)
{
    if (name == NULL) {
        return true;
    }
    struct parts parts = {.url = curl_url()};
    bool done = take_apart(&parts, server, name) && put_together(alias, &parts);
    free_parts(&parts);
    return done;
}

void ps_alias_clear(struct ps_alias *alias)
{
    ps_heap_free(alias->server);
    ps_heap_free(alias->host);
    curl_slist_free_all(alias->connect_to);
    *alias = (struct ps_alias){0};
}
