/* SPDX-License-Identifier: Apache-2.0 */
#include "portside/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct ps_status ps_fail(struct ps_error *err, enum ps_code code, const char *format, ...)
{
    if (err != NULL) {
        va_list args;
        va_start(args, format);
        err->code = code;
        (void)vsnprintf(err->message, sizeof(err->message), format, args); /* cut is fine */
        va_end(args);
    }
    return (struct ps_status){code};
}

struct ps_status ps_wrap(struct ps_error *err, const char *format, ...)
{
    if (err == NULL) {
        return (struct ps_status){PS_CODE_INTERNAL};
    }
    char context[sizeof(err->message)];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(context, sizeof(context), format, args);
    va_end(args);
    size_t used = strlen(context);
    size_t room = sizeof(context) - used;
    (void)snprintf(context + used, room, ": %.*s", (int)(sizeof(err->message) - 1), err->message);
    memcpy(err->message, context, sizeof(context));
    return (struct ps_status){err->code};
}
