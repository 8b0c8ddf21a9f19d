/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a pod's annotation portside.dev/status says about its injection. It is written at admission
 * by the contract of then; this version serves that contract and the one before it.
 *
 * A pod's own annotations do not show the installation's defaults of then, so the status keeps
 * those that have effect with the pod: `"defaults":{"type":"LoadBalancer"}`, `{}` if there were
 * none. With them a broker is served as it was made, whatever the defaults are by now.
 */
#pragma once

#include "portside/arena.h"
#include "portside/config.h"
#include "portside/json.h"
#include "portside/jw.h"
#include "portside/str.h"

/* Raised on purpose, when what is injected and what the controller does no longer fit. */
#define PS_CONTRACT_VERSION 1

struct ps_injected {
    int64_t contract;                /* 0: not injected, or it cannot be read */
    bool served;                     /* contract is one that this version knows */
    struct ps_str delivery;          /* "env" or "hook"; empty: not said */
    const struct ps_json *listeners; /* by exposure; NULL: not said */
    const struct ps_json *defaults;  /* by annotation; NULL: not said, as by older versions */
};

/* Reads status, the annotation's value (empty: there is none). Lives in arena, views into it. */
void ps_injected_read(struct ps_arena *arena, struct ps_str status,
                      struct ps_injected *ret_injected);

/* True if the pod has the listener of exposure; one whose contract is unknown may have any. */
bool ps_injected_carries(const struct ps_injected *injected, struct ps_str exposure);

/* Writes the object of defaults for a pod that is made now, by policy. */
void ps_injected_put_defaults(struct ps_jw *jw, const struct ps_policy *policy);

/*
 * Fills ret_defaults, by index into ps_exposure_keys(): what the pod was made with. Views into the
 * status; empty where it says nothing.
 */
void ps_injected_defaults(const struct ps_injected *injected,
                          struct ps_str ret_defaults[PS_CONFIG_DEFAULTS_MAX]);

/* True if a pod made now would get other defaults; false if the status says nothing of its own. */
bool ps_injected_defaults_differ(const struct ps_injected *injected,
                                 const struct ps_policy *policy);
