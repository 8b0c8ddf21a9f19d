/* SPDX-License-Identifier: Apache-2.0 */
#include "test_tls_support.h"

#include <stdio.h>

#include "support/runner.h"

char folder[32];
char cert_path[64];
char key_path[64];
struct certificate pair;
struct ps_tls *tls;

void write_pair(const struct certificate *certificate)
{
    certificate_write(folder, "tls.crt", certificate->cert_pem);
    certificate_write(folder, "tls.key", certificate->key_pem);
}

void set_up(void)
{
    (void)snprintf(folder, sizeof(folder), "/tmp/portside-test-tls-XXXXXX");
    certificate_folder(folder);
    (void)snprintf(cert_path, sizeof(cert_path), "%s/tls.crt", folder);
    (void)snprintf(key_path, sizeof(key_path), "%s/tls.key", folder);
    pair = certificate_make(-HOUR, HOUR);
    tls = ps_tls_new(cert_path, key_path);
    ck_assert_ptr_nonnull(tls);
}

void tear_down(void)
{
    ps_tls_free(tls);
    certificate_clear(&pair);
    certificate_remove(folder);
}
