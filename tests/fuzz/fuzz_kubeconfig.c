/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A kubeconfig. What is read as YAML is read the same twice; what is accepted has an https or http
 * server without a slash at its end; what is refused has a message.
 */
#include "fuzz/fuzz.h"
#include "kubeyaml.h"
#include "portside/kube_config.h"

static void check_yaml(struct ps_str text)
{
    struct ps_arena *arena = fuzz_arena();
    struct ps_json *first = NULL;
    struct ps_json *second = NULL;
    struct ps_error err = {.message = ""};
    bool parsed = ps_ok(ps_yaml_parse(arena, text, &first, &err));
    FUZZ_CHECK(parsed || err.message[0] != '\0');
    FUZZ_CHECK(parsed == ps_ok(ps_yaml_parse(arena, text, &second, &err)));
    FUZZ_CHECK(!parsed || ps_json_equal(first, second));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ps_str text = fuzz_text(data, size);
    struct ps_kube_config *config = NULL;
    struct ps_error err = {.message = ""};
    check_yaml(text);
    if (!ps_ok(ps_kube_config_parse(text, "/proc/none", NULL, &config, &err))) {
        FUZZ_CHECK(err.message[0] != '\0' && config == NULL);
        return 0;
    }
    struct ps_str server = ps_str_of(ps_kube_config_server(config));
    FUZZ_CHECK(ps_str_starts(server, "https://") || ps_str_starts(server, "http://"));
    FUZZ_CHECK(!ps_str_ends(server, "/"));
    FUZZ_CHECK(ps_kube_config_namespace(config)[0] != '\0');
    ps_kube_config_free(config);
    return 0;
}
