/* SPDX-License-Identifier: Apache-2.0 */
#include "openssl_error.h"

#include <openssl/err.h>
#include <stddef.h>

const char *ps_openssl_reason(void)
{
    unsigned long oldest = ERR_get_error();
    const char *reason = oldest == 0 ? NULL : ERR_reason_error_string(oldest);
    ERR_clear_error();
    return reason == NULL ? "unknown cause" : reason;
}
