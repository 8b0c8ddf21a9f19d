/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a pod's annotation portside.dev/status says about its injection. It is written at admission
 * by the contract of then; this version serves that contract and the one before it.
 */
#pragma once

#include "portside/arena.h"
#include "portside/json.h"
#include "portside/str.h"

/* Raised on purpose, when what is injected and what the controller does no longer fit. */
#define PS_CONTRACT_VERSION 1

struct ps_injected {
    int64_t contract;                /* 0: not injected, or it cannot be read */
    bool served;                     /* contract is one that this version knows */
    struct ps_str delivery;          /* "env" or "hook"; empty: not said */
    const struct ps_json *listeners; /* by exposure; NULL: not said */
};

/* Reads status, the annotation's value (empty: there is none). Lives in arena, views into it. */
void ps_injected_read(struct ps_arena *arena, struct ps_str status,
                      struct ps_injected *ret_injected);

/* True if the pod has the listener of exposure; one whose contract is unknown may have any. */
bool ps_injected_carries(const struct ps_injected *injected, struct ps_str exposure);
