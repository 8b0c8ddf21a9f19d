/* SPDX-License-Identifier: Apache-2.0 */
/* A folder with a certificate and a key, and what serves them. */
#pragma once

#include "certificate.h"
#include "portside/tls.h"

#define HOUR 3600L /* seconds */

extern char folder[32];
extern char cert_path[64];
extern char key_path[64];
extern struct certificate pair; /* not written yet */
extern struct ps_tls *tls;      /* has read nothing yet */

/* Fixtures of a test case. */
void set_up(void);
void tear_down(void);

/* Writes both files. */
void write_pair(const struct certificate *certificate);
