/* SPDX-License-Identifier: Apache-2.0 */
/* What a watch does when its connection ends. Pure. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* How it ended. */
struct ps_watch_end {
    int status;              /* HTTP status, or code of an ERROR event; 0: no answer */
    bool broken;             /* not by the server's own will */
    bool stale;              /* an event was left out */
    unsigned events;         /* that came, bookmarks included */
    uint64_t lived_ms;       /* since it was opened */
    unsigned attempt;        /* failures in a row before this end */
    uint64_t retry_after_ms; /* what the server asked for; 0: nothing */
    uint64_t random;
};

struct ps_watch_next {
    bool relist;      /* list again, as the last version is of no use; else go on from it */
    bool trouble;     /* worth a line in the log */
    unsigned attempt; /* failures in a row now */
    uint64_t pause_ms;
};

/* Plans what comes next; it never gives up. */
struct ps_watch_next ps_watch_plan(const struct ps_watch_end *end);
