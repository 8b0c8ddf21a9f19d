/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Accept: lets connections in. When all places are taken, the newcomer gets that of whoever makes
 * the least of his; else it waits in the kernel's queue.
 */
#pragma once

#include "worker.h"

/* Accepts what waits, but not so many that open connections would notice. */
void ps_accept_some(struct ps_worker *worker);

/* If another worker has asked for it: the same for a newcomer of his. */
void ps_accept_make_room(struct ps_worker *worker);

/* Watches the listener again, unless a pause is on. */
void ps_accept_watch(struct ps_worker *worker);
