/* SPDX-License-Identifier: Apache-2.0 */
/* Two minutes in the life of a cluster, and what else may happen in it. */
#pragma once

#include "test_world.h"

/*
 * What happens in every run: a StatefulSet of two brokers is made, they are bound, it grows to
 * three, somebody deletes a Service, a broker moves to another node, and after 100 seconds it is
 * scaled down again.
 */
extern const struct ps_step ps_life[];

/* Its beginning: a labelled namespace "ns", two nodes, the StatefulSet, two pods. */
void ps_life_create(struct ps_world *world);
/* annotation: "" or members of an object. */
void ps_life_put_set(struct ps_world *world, unsigned replicas, const char *annotation);
/* An injected pod; node: NULL, or where it is bound; anew: another one of that name. */
void ps_life_put_pod(struct ps_world *world, unsigned ordinal, const char *node, bool anew);

/* Another replica takes the Lease, renews it, gives it back; and nothing may be written then. */
void ps_life_other_leads(struct ps_world *world);
void ps_life_other_renews(struct ps_world *world);
void ps_life_forbid_writes(struct ps_world *world);
void ps_life_other_leaves(struct ps_world *world);

/* The machine sleeps for an hour; monotonic clocks go on meanwhile, or stand still. */
void ps_life_sleep(struct ps_world *world);
void ps_life_sleep_with_the_clock_stopped(struct ps_world *world);
void ps_life_set_the_clock_back(struct ps_world *world);

/* A pod of more than a mebibyte. */
void ps_life_grow(struct ps_world *world);
/* Objects with our labels that nobody in their senses would make. */
void ps_life_put_hostile(struct ps_world *world);
/* kafka-1 is made anew at once. */
void ps_life_remake_second(struct ps_world *world);
