/* SPDX-License-Identifier: Apache-2.0 */
/* What OpenSSL's error queue says, for a person. */
#pragma once

/*
 * The reason of the oldest error in this thread's queue, "unknown cause" if there is none; empties
 * the queue. The text is static.
 */
const char *ps_openssl_reason(void);
