/* SPDX-License-Identifier: Apache-2.0 */
/* Whose token it is: the claims of a service account's token, a JSON Web Token (RFC 7519). */
#include "config.h"

#include "portside/arena.h"
#include "portside/base64.h"
#include "portside/json.h"

#include <string.h>

#define ARENA_BYTES ((size_t)256 * 1024)
#define TOKEN_BYTES_MAX ((size_t)32 * 1024)

struct reading {
    struct ps_arena *arena;
    struct ps_str token;
    struct ps_kube_account *account;
    bool complete;
};

/* The claims stand between two points, in the alphabet of URLs (RFC 4648 section 5). */
static struct ps_str decode_claims(const struct reading *reading)
{
    struct ps_str rest = reading->token;
    struct ps_str header;
    struct ps_str claims = PS_STR("");
    size_t len = 0;
    if (!ps_str_split(&rest, '.', &header) || !ps_str_split(&rest, '.', &claims)) {
        return PS_STR("");
    }
    char *text = ps_arena_alloc(reading->arena, claims.len + 1);
    char *out = ps_arena_alloc(reading->arena, PS_BASE64_ROOM(claims.len));
    for (size_t i = 0; i < claims.len; i++) {
        char c = claims.ptr[i];
        text[i] = c == '-' ? '+' : c == '_' ? '/' : c;
    }
    bool good = ps_base64_decode((struct ps_str){text, claims.len}, out, &len);
    return good ? (struct ps_str){out, len} : PS_STR("");
}

/* False if text is empty, or longer than such a thing may be. */
static bool keep(char *out, size_t room, struct ps_str text)
{
    if (text.len == 0 || text.len >= room) {
        return false;
    }
    memcpy(out, text.ptr, text.len);
    out[text.len] = '\0';
    return true;
}

static struct ps_status read_claims(void *arg)
{
    struct reading *reading = arg;
    struct ps_kube_account *account = reading->account;
    struct ps_json *claims = NULL;
    PS_TRY(ps_json_parse(reading->arena, decode_claims(reading), &claims, NULL));
    const struct ps_json *place = ps_json_get(claims, "kubernetes.io");
    const struct ps_json *who = ps_json_get(place, "serviceaccount");
    reading->complete = keep(account->namespace, sizeof(account->namespace),
                             ps_json_get_text(place, "namespace")) &&
                        keep(account->name, sizeof(account->name), ps_json_get_text(who, "name")) &&
                        keep(account->uid, sizeof(account->uid), ps_json_get_text(who, "uid"));
    return ps_success();
}

bool ps_kube_config_account(const struct ps_kube_config *config,
                            struct ps_kube_account *ret_account)
{
    struct ps_str token = ps_source_view(&config->token);
    struct reading reading = {.token = token, .account = ret_account};
    if (token.len == 0 || token.len > TOKEN_BYTES_MAX) {
        return false;
    }
    reading.arena = ps_arena_new(ARENA_BYTES);
    bool good = reading.arena != NULL &&
                ps_ok(ps_arena_run(reading.arena, read_claims, &reading, NULL)) && reading.complete;
    ps_arena_free(reading.arena);
    return good;
}
