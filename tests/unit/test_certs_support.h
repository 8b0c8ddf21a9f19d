/* SPDX-License-Identifier: Apache-2.0 */
/* A controller that keeps certificates, on the fake API server. */
#pragma once

#include "portside/tls.h"
#include "test_controller_support.h"

#define SECRETS "/api/v1/namespaces/portside/secrets"
#define SECRET SECRETS "/portside-certificates"
#define HOOKS "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations"
#define HOOK HOOKS "/portside"
#define LEASE "/apis/coordination.k8s.io/v1/namespaces/portside/leases/portside"
#define HOOK_LIST(webhooks)                                                                        \
    {                                                                                              \
        "GET", HOOKS "?", 200,                                                                     \
            LIST("{\"metadata\":{\"name\":\"portside\",\"uid\":\"h1\",\"resourceVersion\":"        \
                 "\"7\"},\"webhooks\":" webhooks "}"),                                             \
            0                                                                                      \
    }
#define TWO_ENTRIES                                                                                \
    "[{\"name\":\"a.b.c\",\"clientConfig\":{}},{\"name\":\"d.e.f\",\"clientConfig\":"              \
    "{\"caBundle\":\"aGVsbG8=\"}}]"

/* With what it is to serve; one at a time. */
struct ps_fake *ps_certs_begin(const struct ps_fake_answer *answers, size_t count);
void ps_certs_end(struct ps_fake *fake);

/* True if there is a certificate to be served. */
bool ps_certs_are_served(void);
/* How often that has changed. */
uint64_t ps_certs_generation(void);
