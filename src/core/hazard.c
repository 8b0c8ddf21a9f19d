/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table, and warnings. A text begins with what is wrong and ends with the cure; values of
 * variables other than the listeners' are never put into it, for they may be secrets.
 */
#include "portside/hazard.h"

#include "hazard_checks.h"
#include "portside/buf.h"

/* More of a value than this says nothing more to a person. */
#define VALUE_BYTES_MAX 64
#define VALUE_BYTES_MIN 16U
#define WARNING_BYTES_ADVISED 120U

struct hazard {
    const char *name;
    void (*check)(struct ps_hazard_view *view);
    const char *text;
};

/* What keeps the broker from starting stands first. docs/hazards.md follows this order. */
static const struct hazard hazards[] = {
    {"not-advertised", ps_hazard_not_advertised,
     "{variable} is not set, and {name} exits without it: set NAME://$(POD_NAME).SERVICE:PORT"},
    {"service-links", ps_hazard_service_links,
     "a container reads service variables, so a Service 'kafka' would set KAFKA_PORT and stop "
     "the broker: rename that Service"},
    {"zookeeper-floating-tag", ps_hazard_floating_tag,
     "image '{value}' has no fixed tag, and Kafka 4 has no ZooKeeper mode: pin {name} or older"},
    {"zookeeper-kraft-image", ps_hazard_kraft_image,
     "image '{value}' cannot run with ZooKeeper: set the KRaft variables, or take {name}"},
    {"cluster-id", ps_hazard_cluster_id,
     "CLUSTER_ID is not set, and {name} needs it for KRaft: set the output of kafka-storage "
     "random-uuid"},
    {"reference-order", ps_hazard_reference_order,
     "{variable} uses {value}, which env defines only below it: move {name} up"},
    {"reference-hostname", ps_hazard_reference_hostname,
     "{variable} uses {value}, unknown to kubelet: define POD_NAME from metadata.name above it"},
    {"reference-undefined", ps_hazard_reference_undefined,
     "{variable} uses {value}, which env does not define: define {name} above it"},
    {"shell-syntax", ps_hazard_shell_syntax,
     "{variable} holds shell syntax '{value}', which nothing expands: use $(VAR)"},
    {"shell-syntax-id", ps_hazard_shell_syntax_id,
     "{variable} holds shell syntax, which nothing expands: use the label "
     "apps.kubernetes.io/pod-index by fieldRef"},
    {"line-break", ps_hazard_line_break,
     "{variable} has a line break inside, which ends a property: write it on one line"},
    {"backslash", ps_hazard_backslash,
     "{variable} has a backslash inside, which a properties file takes as an escape: remove it"},
    {"listener-malformed", ps_hazard_malformed,
     "{variable} has '{value}', which Kafka cannot read: write NAME://HOST:PORT"},
    {"id-not-number", ps_hazard_id_field,
     "{variable} comes from {value}, which is no number: use label apps.kubernetes.io/pod-index"},
    {"id-nowhere-set", ps_hazard_id_absent_metadata,
     "{variable} comes from {value}, which is not set: use label apps.kubernetes.io/pod-index"},
    {"id-same", ps_hazard_id_same,
     "{variable} is the same for all {number} replicas: use label apps.kubernetes.io/pod-index"},
    {"protocol-missing", ps_hazard_no_protocol,
     "{variable} has no protocol for '{name}': add {name}:PROTOCOL"},
    {"port-twice", ps_hazard_port_twice,
     "{variable} has two listeners on port {number}, which Kafka refuses: give '{name}' another"},
    {"controller-advertised", ps_hazard_controller_advertised,
     "{variable} holds the controller listener '{name}', which Kafka before 3.9 refuses: remove it "
     "there"},
    {"any-address-advertised", ps_hazard_any_address,
     "{variable} advertises '{value}', which no client can reach: use $(POD_NAME).SERVICE"},
    {"localhost-advertised", ps_hazard_localhost,
     "{variable} advertises '{value}', which only the pod reaches: use $(POD_NAME).SERVICE"},
    {"static-host-advertised", ps_hazard_static_host,
     "{variable} advertises '{value}' for each of {number} replicas: use $(POD_NAME).SERVICE"},
    {"config-mount", ps_hazard_config_mount,
     "{value} is mounted on /etc/kafka, where {name} must write: mount it elsewhere"},
    {"offsets-replication", ps_hazard_offsets_default,
     "{variable} is not set and so 3: with one broker alone consumers never join, set it to 1"},
    {"certificate-names", ps_hazard_certificate,
     "listener '{name}' has a certificate that cannot name nodes: set "
     "portside.dev/advertised-host"},
    {"node-port-base-id", ps_hazard_id_not_ordinal,
     "node ports are portside.dev/node-port-base + ordinal, not + id: {variable} is {number}"},
    {"node-port-base-computed", ps_hazard_id_computed,
     "node ports are portside.dev/node-port-base + ordinal, not + broker id, which the command "
     "computes otherwise"},
    {"service-mesh", ps_hazard_mesh,
     "{value} with strict mTLS resets outside clients at port {number}: exclude it by {name}"},
    {"service-mesh-ambient", ps_hazard_mesh_ambient,
     "istio's ambient mode with strict mTLS resets outside clients: set port {number} to "
     "PERMISSIVE by PeerAuthentication"},
    {"same-node", ps_hazard_same_node,
     "nothing keeps {number} brokers on different nodes: add podAntiAffinity by "
     "kubernetes.io/hostname or a topology spread"},
};

/* Unicode's category Cc, which Go's warning header refuses: U+0000-001F and U+007F-009F. */
static bool is_control(struct ps_str text, size_t at, size_t size)
{
    unsigned char first = (unsigned char)text.ptr[at];
    return size == 1 ? first < 0x20 || first == 0x7f
                     : first == 0xc2 && (unsigned char)text.ptr[at + 1] < 0xa0;
}

/* Text that a warning header can carry. */
static struct ps_str printable(struct ps_arena *arena, struct ps_str text)
{
    struct ps_buf buf;
    size_t at = 0;
    ps_buf_init(&buf, arena, text.len + 1);
    while (at < text.len) {
        size_t size = ps_str_rune(text, at);
        if (size == 0) {
            ps_buf_putc(&buf, '?');
        } else if (is_control(text, at, size)) {
            ps_buf_putc(&buf, ' ');
        } else {
            ps_buf_put(&buf, ps_str_slice(text, at, at + size));
        }
        at += size == 0 ? 1 : size;
    }
    return ps_buf_view(&buf);
}

/* At most max bytes, whole characters, with dots if there was more. */
static struct ps_str cut(struct ps_arena *arena, struct ps_str text, size_t max)
{
    static const char dots[] = "...";
    size_t end = max - (sizeof(dots) - 1);
    if (text.len <= max) {
        return text;
    }
    while (end > 0 && ((unsigned char)text.ptr[end] & 0xC0U) == 0x80U) {
        end--;
    }
    return ps_arena_printf(arena, "%.*s%s", (int)end, text.ptr, dots);
}

void ps_warn_text(struct ps_warnings *warnings, struct ps_str text)
{
    if (text.len == 0) {
        return;
    }
    text = ps_str_slice(text, 0, 2 * PS_WARNING_BYTES_MAX);
    text = cut(warnings->arena, printable(warnings->arena, text), PS_WARNING_BYTES_MAX);
    for (size_t i = 0; i < warnings->count; i++) {
        if (ps_str_equal(warnings->list[i], text)) {
            return;
        }
    }
    if (warnings->count < PS_WARNINGS_MAX) {
        warnings->list[warnings->count++] = text;
    }
}

/* The value of a placeholder such as {name}; false if part is none. */
static bool put_placeholder(struct ps_buf *buf, struct ps_str part,
                            const struct ps_hazard_finding *finding, size_t value_max)
{
    if (ps_str_is(part, "variable")) {
        ps_buf_put(buf, cut(buf->arena, finding->variable, VALUE_BYTES_MAX));
    } else if (ps_str_is(part, "value")) {
        ps_buf_put(buf, cut(buf->arena, finding->value, value_max));
    } else if (ps_str_is(part, "name")) {
        ps_buf_put(buf, cut(buf->arena, finding->name, VALUE_BYTES_MAX));
    } else if (ps_str_is(part, "number")) {
        ps_buf_printf(buf, "%llu", (unsigned long long)finding->number);
    } else {
        return false;
    }
    return true;
}

static struct ps_str render(const struct ps_hazard_view *view,
                            const struct ps_hazard_finding *finding, size_t value_max)
{
    struct ps_str text = ps_str_of(view->text);
    struct ps_buf buf;
    ps_buf_init(&buf, view->arena, PS_WARNING_BYTES_MAX);
    for (size_t at = 0; at < text.len; at++) {
        size_t end = ps_str_find(text, PS_STR("}"), at);
        if (text.ptr[at] == '{' &&
            put_placeholder(&buf, ps_str_slice(text, at + 1, end), finding, value_max)) {
            at = end;
        } else {
            ps_buf_putc(&buf, text.ptr[at]);
        }
    }
    return ps_buf_view(&buf);
}

/* The value is shortened where the whole would be longer than the API server advises. */
void ps_hazard_report(struct ps_hazard_view *view, struct ps_hazard_finding finding)
{
    struct ps_str text = render(view, &finding, VALUE_BYTES_MAX);
    if (text.len > WARNING_BYTES_ADVISED) {
        size_t excess = text.len - WARNING_BYTES_ADVISED;
        size_t shown = finding.value.len < VALUE_BYTES_MAX ? finding.value.len : VALUE_BYTES_MAX;
        bool enough = shown > excess + VALUE_BYTES_MIN;
        text = render(view, &finding, enough ? shown - excess : VALUE_BYTES_MIN);
    }
    ps_warn_text(view->warnings, text);
}

void ps_hazards(const struct ps_hazard_facts *facts, struct ps_warnings *warnings)
{
    struct ps_hazard_view *view = PS_ARENA_NEW(warnings->arena, struct ps_hazard_view);
    if (facts->broker->family == NULL) {
        return;
    }
    ps_hazard_view_read(warnings->arena, facts, view);
    view->warnings = warnings;
    for (size_t i = 0; i < PS_COUNT(hazards); i++) {
        view->text = hazards[i].text;
        hazards[i].check(view);
    }
}

const char *ps_hazard_name(size_t index)
{
    return index < PS_COUNT(hazards) ? hazards[index].name : NULL;
}

const char *ps_hazard_text(size_t index)
{
    return index < PS_COUNT(hazards) ? hazards[index].text : NULL;
}
