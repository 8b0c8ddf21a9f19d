/* SPDX-License-Identifier: Apache-2.0 */
/* What is logged about requests. */
#pragma once

#include "portside/admit.h"
#include "refusal.h"

#include <stdint.h>

/* One line for a review that was decided, nanoseconds being how long that took. */
void ps_report_review(const struct ps_admission *admission, uint64_t nanoseconds);

/* One line for a request that never reached the handler. */
void ps_report_refusal(const struct ps_header *header, const struct ps_answer *answer);
