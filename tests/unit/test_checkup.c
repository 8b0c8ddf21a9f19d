/* SPDX-License-Identifier: Apache-2.0 */
/* `portside check` against an API server by script: what is asked, and what is said about it. */
#include "certificate.h"
#include "cmd_check.h"
#include "expect_says.h"
#include "portside/base64.h"
#include "portside/clock.h"
#include "portside/heap.h"
#include "support/runner.h"
#include "test_kube_support.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define LIST(items) "{\"metadata\":{\"resourceVersion\":\"9\"},\"items\":[" items "]}"
#define STATUS(code, reason, message)                                                              \
    "{\"kind\":\"Status\",\"code\":" #code ",\"reason\":\"" reason "\",\"message\":\"" message "\"}"
#define STEP(request, code, text)                                                                  \
    {                                                                                              \
        .expect = (request), .status = (code), .body = (text)                                      \
    }
#define NO(request) STEP(request, 403, STATUS(403, "Forbidden", "User x cannot do this"))
#define GONE(request) STEP(request, 404, STATUS(404, "NotFound", "not found"))

#define VERSION_PATH "GET /version"
#define HOOK_PATH "GET /apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/portside"
#define SECRET_PATH "GET /api/v1/namespaces/system/secrets/portside-certificates"
#define LEASE_PATH "GET /apis/coordination.k8s.io/v1/namespaces/system/leases/portside"
#define SPACES_PATH "GET /api/v1/namespaces?limit=500&labelSelector=portside.dev%2Finject%3Denabled"
#define TRIAL_PATH "POST /apis/apps/v1/namespaces/kafka/statefulsets?*"
#define EVENTS_PATH "GET /api/v1/events?limit=500&fieldSelector=source%3Dportside"

#define VERSION_IS(minor)                                                                          \
    STEP(VERSION_PATH, 200,                                                                        \
         "{\"major\":\"1\",\"minor\":\"" minor "\",\"gitVersion\":\"v1." minor ".4\"}")
#define VERSION VERSION_IS("35")
#define HOOK(bundle)                                                                               \
    STEP(HOOK_PATH, 200,                                                                           \
         "{\"webhooks\":[{\"name\":\"brokers.portside.dev\",\"clientConfig\":{\"service\":{"       \
         "\"namespace\":\"system\",\"name\":\"portside\"}" bundle "}}]}")
#define NO_BUNDLE HOOK("")
#define LEASE_OF(version, holder)                                                                  \
    STEP(LEASE_PATH, 200,                                                                          \
         "{\"metadata\":{\"resourceVersion\":\"" version "\"},\"spec\":{\"holderIdentity\":"       \
         "\"" holder "\"}}")
#define LEASE LEASE_OF("1", "me-1"), LEASE_OF("2", "me-1")
#define SPACE(name, more)                                                                          \
    "{\"metadata\":{\"name\":\"" name "\"," more "\"labels\":{\"portside.dev/inject\":"            \
    "\"enabled\"}}}"
#define SPACES(items) STEP(SPACES_PATH, 200, LIST(items))
#define KAFKA SPACES(SPACE("kafka", ""))
#define DENIED                                                                                     \
    "admission webhook \\\"brokers.portside.dev\\\" denied the request: portside.dev/inject: "     \
    "'maybe' is not a switch: use true or false"
#define TRIAL_SAYS(code, words) STEP(TRIAL_PATH, code, STATUS(code, "", words))
#define TRIAL TRIAL_SAYS(403, DENIED)
#define EVENTS STEP(EVENTS_PATH, 200, LIST(""))
/* What stands before and behind the rows that a test is about. */
#define UNSEEN NO(HOOK_PATH)
#define HEAD VERSION, UNSEEN

static const struct row {
    const char *name;
    struct ps_script_step steps[16];
    const char *space;
    bool home; /* --portside-namespace system */
    bool json;
    int exit_code;
    const char *says[4];
    const char * not ; /* must not be said */
} rows[] = {
    {.name = "all is well, as far as one may see",
     .home = true,
     .steps = {HEAD, NO(SECRET_PATH), LEASE, KAFKA, TRIAL, EVENTS},
     .says = {"ok       API server    v1.35.4 at https://there\n",
              "unknown  registration  get mutatingwebhookconfigurations 'portside'",
              "'me-1' holds the Lease and renews it",
              "in namespace kafka the API server asks portside, which answers: admission webhook"},
     .not = "failed  "},
    {.name = "a cluster that is too old",
     .steps = {VERSION_IS("29+"), UNSEEN, KAFKA, TRIAL, EVENTS},
     .exit_code = PS_EXIT_FAILED,
     .says = {"failed   API server    v1.29+.4 at https://there: portside needs 1.30", "upgrade"}},
    {.name = "a version that is not told",
     .steps = {STEP(VERSION_PATH, 200, "{\"major\":{},\"minor\":7}"), UNSEEN, KAFKA, TRIAL, EVENTS},
     .says = {"unknown  API server    https://there does not tell its version"}},
    {.name = "no registration",
     .steps = {VERSION, GONE(HOOK_PATH), KAFKA, TRIAL_SAYS(201, ""), EVENTS},
     .exit_code = PS_EXIT_FAILED,
     .says = {"there is no MutatingWebhookConfiguration 'portside'", "-> helm install",
              "a wrong annotation was accepted: portside was not asked"}},
    {.name = "a registration without entries",
     .steps = {VERSION, STEP(HOOK_PATH, 200, "{\"webhooks\":[]}"), KAFKA, TRIAL, EVENTS},
     .exit_code = PS_EXIT_FAILED,
     .says = {"'portside' has no entry"}},
    {.name = "no caBundle, no Secret, nobody with the Lease; where is told by the registration",
     .steps = {VERSION, NO_BUNDLE, GONE(SECRET_PATH), LEASE_OF("1", ""), KAFKA, TRIAL, EVENTS},
     .exit_code = PS_EXIT_FAILED,
     .says = {"failed   registration  entry 'brokers.portside.dev' has no caBundle",
              "failed   certificate   there is no Secret 'portside-certificates' in namespace "
              "'system'",
              "nobody holds the Lease 'portside'", "1 labelled: kafka"}},
    {.name = "a damaged caBundle and a damaged certificate",
     .steps = {VERSION, HOOK(",\"caBundle\":\"aGVsbG8=\""),
               STEP(SECRET_PATH, 200, "{\"data\":{\"tls.crt\":\"%%\"}}"), LEASE, KAFKA, TRIAL,
               EVENTS},
     .exit_code = PS_EXIT_FAILED,
     .says = {"the caBundle of entry 'brokers.portside.dev': ",
              "tls.crt of Secret 'portside-certificates': it is not base64"}},
    {.name = "no Lease, and no namespace",
     .home = true,
     .steps = {HEAD, NO(SECRET_PATH), GONE(LEASE_PATH), SPACES(""), EVENTS},
     .exit_code = PS_EXIT_FAILED,
     .says = {"there is no Lease 'portside' in namespace 'system'",
              "unknown  namespaces    none is labelled",
              "failed   trial         not tried, as portside is asked about labelled"}},
    {.name = "namespaces that are never asked about, or end",
     .home = true,
     .steps = {HEAD, NO(SECRET_PATH), LEASE,
               SPACES(SPACE("kube-system", "") "," SPACE("system", "") "," SPACE(
                   "old", "\"deletionTimestamp\":\"2026-01-01T00:00:00Z\",") "," SPACE("kafka",
                                                                                       "")),
               TRIAL, EVENTS},
     .exit_code = PS_EXIT_FAILED,
     .says = {"'kube-system' is labelled, but portside is never asked about it",
              "-> kubectl label namespace system portside.dev/inject-\n", "1 labelled: kafka\n"}},
    {.name = "a namespace without the label",
     .space = "shop",
     .steps = {HEAD, STEP("GET /api/v1/namespaces/shop", 200, "{\"metadata\":{\"name\":\"shop\"}}"),
               STEP("GET /api/v1/namespaces/shop/events?*", 200, LIST(""))},
     .exit_code = PS_EXIT_FAILED,
     .says = {"'shop' has not the label portside.dev/inject=enabled",
              "-> kubectl label namespace shop portside.dev/inject=enabled"}},
    {.name = "a namespace that does not exist",
     .space = "shop",
     .steps = {HEAD, GONE("GET /api/v1/namespaces/shop"),
               STEP("GET /api/v1/namespaces/shop/events?*", 200, LIST(""))},
     .exit_code = PS_EXIT_FAILED,
     .says = {"there is no namespace 'shop'", "not tried"}},
    {.name = "who may see nothing but try",
     .space = "kafka",
     .steps = {VERSION, UNSEEN, NO("GET /api/v1/namespaces/kafka"), TRIAL,
               NO("GET /api/v1/namespaces/kafka/events?*")},
     .says = {"unknown  namespaces", "ok       trial", "unknown  finding", "2 ok, 0 failed"}},
    {.name = "who may not even try",
     .steps = {HEAD, KAFKA, NO(TRIAL_PATH), EVENTS},
     .exit_code = PS_EXIT_FAILED,
     .says = {"failed   trial", "-n NAME"}},
    {.name = "the webhook cannot be called",
     .steps = {HEAD, KAFKA,
               TRIAL_SAYS(500, "Internal error occurred: failed calling webhook "
                               "\\\"brokers.portside.dev\\\": no endpoints available for service"),
               EVENTS},
     .exit_code = PS_EXIT_FAILED,
     .says = {"failed calling webhook \"brokers.portside.dev\": no endpoints",
              "-> no replica is ready"}},
    {.name = "the webhook is not trusted",
     .steps = {HEAD, KAFKA,
               TRIAL_SAYS(500, "failed calling webhook: x509: certificate signed by unknown "
                               "authority"),
               EVENTS},
     .exit_code = PS_EXIT_FAILED,
     .says = {"-> the caBundle of the registration does not fit"}},
    {.name = "another webhook's refusal is no proof",
     .steps = {HEAD, KAFKA, TRIAL_SAYS(400, "admission webhook x denied the request: no Kafka"),
               EVENTS},
     .exit_code = PS_EXIT_FAILED,
     .says = {"somebody else refused it first"}},
    {.name = "nothing answers: no further row",
     .steps = {{.expect = VERSION_PATH, .status = 0, .error = "refused"},
               {.expect = VERSION_PATH, .status = 0, .error = "refused"}},
     .exit_code = PS_EXIT_FAILED,
     .says = {"failed   API server  https://there: ", "0 ok, 1 failed, 0 unknown"}},
    {.name = "JSON",
     .json = true,
     .steps = {HEAD, KAFKA, TRIAL_SAYS(201, ""), EVENTS},
     .exit_code = PS_EXIT_FAILED,
     .says = {"{\"ok\":false,\"rows\":[{\"check\":\"API server\",\"result\":\"ok\",\"says\":",
              "\"result\":\"unknown\"", "\"cure\":\"look at the rules", "\"more\":0}\n"}},
    {.name = "control characters are shown, not obeyed",
     .steps = {HEAD, KAFKA, TRIAL_SAYS(400, "\\u001b[2J no"), EVENTS},
     .exit_code = PS_EXIT_FAILED,
     .says = {"\\u001b[2J no"},
     .not = "\033"},
};

/* What was printed to both streams, and the exit code. */
struct run {
    char *text;
    size_t size;
    struct ps_checkup *check;
    int exit_code;
};

static void run(struct run *run, struct ps_script *script, const struct row *row)
{
    FILE *file = open_memstream(&run->text, &run->size);
    const struct ps_term term = {.file = file, .columns = 80};
    const struct ps_cli cli = {.out = term, .err = term};
    run->check = ps_heap_new(1, sizeof(*run->check));
    *run->check = (struct ps_checkup){
        .cli = &cli,
        .arena = ps_arena_new((size_t)1024 * 1024),
        .kube = ps_script_kube(script),
        .server = "https://there",
        .space = row->space == NULL ? PS_STR("") : ps_str_of(row->space),
        .home = row->home ? PS_STR("system") : PS_STR(""),
        .registration = PS_STR("portside"),
        .secret = PS_STR("portside-certificates"),
        .json = row->json,
    };
    run->exit_code = ps_checkup_run(run->check);
    (void)fclose(file);
}

static void forget(struct run *run)
{
    ps_arena_free(run->check->arena);
    ps_heap_free(run->check);
    ps_heap_free(run->text);
}

static void expect_run(const struct row *row)
{
    struct ps_script *script = ps_script_begin(row->steps, ps_script_count(row->steps), 0);
    struct run one = {0};
    run(&one, script, row);
    ck_assert_msg(one.exit_code == row->exit_code, "%s: exit code %d: %s", row->name, one.exit_code,
                  one.text);
    ps_expect_says(row->name, one.text, row->says, PS_COUNT(row->says));
    ps_expect_not(row->name, one.text, row->not );
    forget(&one);
    ps_script_end(script);
}

struct encoding {
    struct ps_arena *arena;
    struct ps_str bytes;
    struct ps_str text;
};

static struct ps_status encode(void *arg)
{
    struct encoding *encoding = arg;
    encoding->text = ps_base64_encode(encoding->arena, encoding->bytes);
    return ps_success();
}

START_TEST(says_what_is_and_what_to_do)
{
    expect_run(&rows[_i]);
}
END_TEST

/* It is looked at for longer than its holder promises to need. */
START_TEST(a_lease_that_nobody_renews)
{
    struct row row = {.name = "Lease", .home = true, .exit_code = PS_EXIT_FAILED};
    struct ps_script_step steps[40] = {VERSION, UNSEEN, NO(SECRET_PATH)};
    for (size_t i = 3; i < 34; i++) {
        steps[i] = (struct ps_script_step)LEASE_OF("1", "dead");
    }
    steps[34] = (struct ps_script_step)KAFKA;
    steps[35] = (struct ps_script_step)TRIAL;
    steps[36] = (struct ps_script_step)EVENTS;
    struct ps_script *script = ps_script_begin(steps, 37, 0);
    struct run one = {0};
    run(&one, script, &row);
    ck_assert_int_eq(one.exit_code, PS_EXIT_FAILED);
    ck_assert_msg(strstr(one.text, "'dead' holds the Lease and has not renewed it") != NULL, "%s",
                  one.text);
    ck_assert_uint_ge(ps_script_begun_ms(script, 34), 10000);
    forget(&one);
    ps_script_end(script);
}
END_TEST

#define EVENT_BYTES 600

/* An Event about pod name with uid u-name, seen age_ms before the clock of the script. */
static void put_event(char text[EVENT_BYTES], const char *name, const char *what, int64_t wall_ms)
{
    char when[PS_CLOCK_TEXT_BYTES];
    ps_clock_format(wall_ms, when);
    (void)snprintf(text, EVENT_BYTES,
                   "{\"involvedObject\":{\"kind\":\"Pod\",\"namespace\":\"kafka\",\"name\":\"%s\","
                   "\"uid\":\"u-%s\"},%s,\"message\":\"said of %s\",\"lastTimestamp\":\"%.19sZ\"}",
                   name, name, what, name, when);
}

#define OURS "\"source\":{\"component\":\"portside\"},"
#define WARNING(reason) OURS "\"type\":\"Warning\",\"reason\":\"" reason "\""
#define NORMAL(reason) OURS "\"type\":\"Normal\",\"reason\":\"" reason "\""

/* Only what is fresh, of a pod that is still there, and not over. */
START_TEST(findings_are_those_of_now)
{
    char events[7][EVENT_BYTES];
    char list[8 * EVENT_BYTES];
    struct ps_script *clock = ps_script_begin(NULL, 0, 0);
    int64_t now_ms = ps_kube_wall_ms(ps_script_kube(clock));
    ps_script_end(clock);
    put_event(events[0], "bare", WARNING("NotInjected"), now_ms - 60000);
    put_event(events[1], "old", WARNING("NotInjected"), now_ms - 3600000);
    put_event(events[2], "deaf", WARNING("NotListening"), now_ms - 120000);
    put_event(events[3], "deaf", NORMAL("Listening"), now_ms - 60000);
    put_event(events[4], "new", WARNING("NotInjected"), now_ms - 60000);
    put_event(events[5], "gone", WARNING("NotInjected"), now_ms - 60000);
    put_event(events[6], "else", "\"source\":{\"component\":\"kubelet\"},\"type\":\"Warning\"",
              now_ms - 60000);
    (void)snprintf(list, sizeof(list), LIST("%s,%s,%s,%s,%s,%s,%s,3"), events[0], events[1],
                   events[2], events[3], events[4], events[5], events[6]);
    struct row row = {
        .name = "findings",
        .steps = {HEAD, KAFKA, TRIAL, STEP(EVENTS_PATH, 200, list),
                  STEP("GET /api/v1/namespaces/kafka/pods/bare", 200,
                       "{\"metadata\":{\"uid\":\"u-bare\"}}"),
                  STEP("GET /api/v1/namespaces/kafka/pods/new", 200,
                       "{\"metadata\":{\"uid\":\"u-newer\"}}"),
                  GONE("GET /api/v1/namespaces/kafka/pods/gone")},
        .exit_code = PS_EXIT_FAILED,
        .says = {"failed   finding       kafka/bare NotInjected: said of bare\n3 ok, 1 failed"},
        .not = "said of deaf",
    };
    expect_run(&row);
}
END_TEST

/* The Secret and the caBundle hold a certificate that is valid from from_s to to_s, from now. */
static void expect_certificate(long from_s, long to_s, const char *secret, const char *bundle)
{
    char held[4096];
    char hook[4096];
    struct certificate pair = certificate_make(from_s, to_s);
    struct ps_arena *arena = ps_arena_new((size_t)64 * 1024);
    struct encoding encoding = {arena, ps_str_of(pair.cert_pem), PS_STR("")};
    ck_assert(ps_ok(ps_arena_run(arena, encode, &encoding, NULL)));
    (void)snprintf(held, sizeof(held), "{\"data\":{\"tls.crt\":\"%.*s\"}}", PS_FMT(encoding.text));
    (void)snprintf(hook, sizeof(hook),
                   "{\"webhooks\":[{\"name\":\"x\",\"clientConfig\":{\"caBundle\":\"%.*s\"}}]}",
                   PS_FMT(encoding.text));
    bool good = strncmp(secret, "ok", 2) == 0;
    struct row row = {
        .name = secret,
        .home = true,
        .steps = {VERSION, STEP(HOOK_PATH, 200, hook), STEP(SECRET_PATH, 200, held), LEASE, KAFKA,
                  TRIAL, EVENTS},
        .exit_code = good ? PS_EXIT_OK : PS_EXIT_FAILED,
        .says = {secret, bundle},
    };
    expect_run(&row);
    ps_arena_free(arena);
    certificate_clear(&pair);
}

START_TEST(certificates_are_dated)
{
    const long hour = 3600;
    /* The clock of the script stands still at some day of the past. */
    struct ps_script *clock = ps_script_begin(NULL, 0, 0);
    long then = (long)(ps_kube_wall_ms(ps_script_kube(clock)) / 1000 - (int64_t)time(NULL));
    ps_script_end(clock);
    expect_certificate(then - hour, then + 49 * hour, "ok       certificate   valid until 20",
                       "1 entry with a caBundle");
    expect_certificate(then - 3 * hour, then - hour, "failed   certificate   it expired at 20",
                       "the CA in the caBundle of entry 'x' has expired");
    expect_certificate(then + hour, then + 3 * hour, "failed   certificate   it is not valid yet",
                       "-> compare the clocks");
}
END_TEST

Suite *ps_test_suite(void)
{
    Suite *suite = suite_create("checkup");
    TCase *tc = tcase_create("command");
    tcase_add_loop_test(tc, says_what_is_and_what_to_do, 0, (int)PS_COUNT(rows));
    tcase_add_test(tc, a_lease_that_nobody_renews);
    tcase_add_test(tc, certificates_are_dated);
    tcase_add_test(tc, findings_are_those_of_now);
    suite_add_tcase(suite, tc);
    return suite;
}
