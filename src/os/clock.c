/* SPDX-License-Identifier: Apache-2.0 */
#include "portside/clock.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define MS_PER_S 1000

uint64_t ps_clock_mono_ns(void)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail on Linux with a valid address */
    return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

uint64_t ps_clock_mono_ms(void)
{
    return ps_clock_mono_ns() / 1000000U;
}

int64_t ps_clock_wall_ms(void)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * MS_PER_S + now.tv_nsec / 1000000;
}

bool ps_clock_parse(struct ps_str text, int64_t *ret_wall_ms)
{
    char copy[sizeof("2026-11-21T14:06:27Z")];
    struct tm utc = {0};
    if (text.len != sizeof(copy) - 1) {
        return false;
    }
    memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    const char *end = strptime(copy, "%Y-%m-%dT%H:%M:%SZ", &utc);
    if (end != &copy[text.len]) {
        return false;
    }
    *ret_wall_ms = (int64_t)timegm(&utc) * MS_PER_S;
    return true;
}

void ps_clock_format(int64_t wall_ms, char ret_text[PS_CLOCK_TEXT_BYTES])
{
    time_t seconds = (time_t)(wall_ms / MS_PER_S);
    int ms = (int)(wall_ms % MS_PER_S);
    if (ms < 0) {
        seconds--;
        ms += MS_PER_S;
    }
    struct tm utc;
    char text[80];
    if (gmtime_r(&seconds, &utc) == NULL || utc.tm_year < -1900 || utc.tm_year > 8099) {
        memcpy(ret_text, "0000-01-01T00:00:00.000Z", PS_CLOCK_TEXT_BYTES);
        return;
    }
    (void)snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", utc.tm_year + 1900,
                   utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec, ms);
    memcpy(ret_text, text, PS_CLOCK_TEXT_BYTES - 1);
    ret_text[PS_CLOCK_TEXT_BYTES - 1] = '\0';
}
