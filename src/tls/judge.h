/* SPDX-License-Identifier: Apache-2.0 */
/* What API servers ask of a certificate and its key, beyond being readable. */
#pragma once

#include <openssl/x509.h>

#include "portside/error.h"
#include "portside/str.h"

/*
 * Fails with PS_CODE_INPUT if key does not belong to leaf, or if no API server would take leaf: for
 * its kind of key, its signature, its purpose, or since it has no subjectAltName. chain: what
 * follows the leaf; only looked at to say that the order is wrong. Dates are not judged.
 */
struct ps_status ps_judge_pair(X509 *leaf, STACK_OF(X509) * chain, EVP_PKEY *key,
                               struct ps_error *err) PS_MUST_USE;

/* Fails with PS_CODE_INPUT if leaf is not for all of names, separated by commas. */
struct ps_status ps_judge_names(X509 *leaf, struct ps_str names, struct ps_error *err) PS_MUST_USE;

/* Flags of X509_check_host(): whether wildcards count. True also for an IP address as text. */
bool ps_judge_covers(X509 *leaf, struct ps_str name, unsigned flags);
