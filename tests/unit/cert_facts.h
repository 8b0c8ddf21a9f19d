/* SPDX-License-Identifier: Apache-2.0 */
/* What the certificate step sees, in a few words; certificates are numbers. */
#pragma once

#include "portside/cert_step.h"

#define NOW INT64_C(1795276800)
#define DAY INT64_C(86400)
#define MONO_MS 1000000U

struct ps_cert_id cert_id(unsigned char number);
/* Of digits, as in "13". */
struct ps_cert_set cert_set(const char *numbers);
struct ps_cert_leaf cert_leaf(unsigned char number, unsigned char issuer, int64_t age_days);
struct ps_cert_bundle cert_bundle(const char *numbers);

/* CA 1 and its leaf 2 in the Secret, served, and published long since; the leader looks. */
struct ps_cert_facts cert_facts(void);
struct ps_cert_state cert_state(void);
