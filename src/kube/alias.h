/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The API server under the name that its certificate has (tls-server-name of a kubeconfig): URLs
 * have that name, connections go to the address.
 */
#pragma once

#include <stdbool.h>

#include <curl/curl.h>

/* All NULL: the address is the name. */
struct ps_alias {
    char *server;                  /* the server's URL with the name */
    char *host;                    /* header Host: address and port, as without the alias */
    struct curl_slist *connect_to; /* for CURLOPT_CONNECT_TO */
};

/* name may be NULL. False if the parts make no URL or there is no memory. */
bool ps_alias_init(struct ps_alias *alias, const char *server, const char *name);

void ps_alias_clear(struct ps_alias *alias);
