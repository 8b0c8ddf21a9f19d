/* SPDX-License-Identifier: Apache-2.0 */
#include "test_certs_support.h"

#include <check.h>
#include <time.h>

static struct ps_tls *tls;

bool ps_certs_are_served(void)
{
    struct ps_error err;
    return ps_tls_is_ready(tls, (int64_t)time(NULL), &err);
}

uint64_t ps_certs_generation(void)
{
    return ps_tls_generation(tls);
}

struct ps_fake *ps_certs_begin(const struct ps_fake_answer *answers, size_t count)
{
    struct ps_error err = {0};
    struct ps_fake *fake = ps_fake_begin(answers, count);
    tls = ps_tls_new(NULL, NULL);
    ck_assert_msg(ps_ok(ps_controller_certify(ps_fake_controller(fake), tls, &err)), "%s",
                  err.message);
    return fake;
}

void ps_certs_end(struct ps_fake *fake)
{
    ps_fake_end(fake);
    ps_tls_free(tls);
    tls = NULL;
}
