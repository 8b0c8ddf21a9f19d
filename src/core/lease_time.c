/* SPDX-License-Identifier: Apache-2.0 */
/* MicroTime of the Kubernetes API: RFC 3339 in UTC with six digits of a second. */
#include "portside/lease.h"

#define US_PER_S 1000000
#define S_PER_DAY 86400
/* 0000-01-01 and 10000-01-01, in seconds from 1970. */
#define FIRST_S (-62167219200)
#define LAST_S 253402300799

struct date {
    int64_t year;
    int64_t month;
    int64_t day;
};

/*
 * The proleptic Gregorian calendar, counted in eras of 400 years that begin in March, so that the
 * leap day is the last of its year.
 */
static struct date date_of(int64_t days)
{
    int64_t shifted = days + 719468;
    int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
    int64_t day_of_era = shifted - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t from_march = (5 * day_of_year + 2) / 153;
    struct date date = {
        .year = year_of_era + era * 400,
        .month = from_march < 10 ? from_march + 3 : from_march - 9,
        .day = day_of_year - (153 * from_march + 2) / 5 + 1,
    };
    if (date.month <= 2) {
        date.year++;
    }
    return date;
}

/* Writes value with leading zeros, digits wide, and the byte after behind it. */
static char *put(char *at, int64_t value, size_t digits, char after)
{
    for (size_t i = digits; i > 0; i--) {
        at[i - 1] = (char)('0' + value % 10);
        value /= 10;
    }
    at[digits] = after;
    return at + digits + 1;
}

void ps_micro_time_format(int64_t wall_us, char ret_text[PS_MICRO_TIME_BYTES])
{
    int64_t micros = wall_us % US_PER_S;
    int64_t seconds = wall_us / US_PER_S;
    if (micros < 0) {
        micros += US_PER_S;
        seconds--;
    }
    if (seconds < FIRST_S) {
        seconds = FIRST_S;
    } else if (seconds > LAST_S) {
        seconds = LAST_S;
    }
    int64_t days = seconds / S_PER_DAY - (seconds % S_PER_DAY < 0 ? 1 : 0);
    int64_t rest = seconds - days * S_PER_DAY;
    struct date date = date_of(days);
    char *at = put(ret_text, date.year, 4, '-');
    at = put(at, date.month, 2, '-');
    at = put(at, date.day, 2, 'T');
    at = put(at, rest / 3600, 2, ':');
    at = put(at, rest / 60 % 60, 2, ':');
    at = put(at, rest % 60, 2, '.');
    at = put(at, micros, 6, 'Z');
    *at = '\0';
}
