/* SPDX-License-Identifier: Apache-2.0 */
/* Who a broker is: its id, its storage, its mode, and the image that must agree with them. */
#include "hazard_checks.h"

static const enum ps_hazard_key id_keys[] = {PS_HAZARD_NODE_ID, PS_HAZARD_BROKER_ID};

/* Labels that the StatefulSet controller itself sets on a pod. */
#define LABEL_POD_INDEX "apps.kubernetes.io/pod-index"
#define LABEL_POD_NAME "statefulset.kubernetes.io/pod-name"
#define LABEL_REVISION "controller-revision-hash"

static bool is_family(const struct ps_hazard_view *view, const char *name)
{
    return ps_str_is(ps_str_of(view->facts->broker->family->name), name);
}

/* The entry whose value an id becomes: its own, or that of the variable it consists of. */
static const struct ps_json *source_of(const struct ps_hazard_view *view,
                                       const struct ps_hazard_setting *setting)
{
    struct ps_reference reference;
    size_t at = 0;
    size_t index = 0;
    if (setting->entry == NULL || !setting->sure || !setting->literal) {
        return setting->sure ? setting->entry : NULL;
    }
    bool whole = ps_reference_next(setting->value, &at, &reference) &&
                 reference.kind == PS_REFERENCE_VARIABLE &&
                 reference.text.len == setting->value.len;
    return whole ? ps_reference_resolve(view->env, reference.name, setting->index, &index)
                 : setting->entry;
}

static struct ps_str field_path_of(const struct ps_json *entry)
{
    return ps_json_get_text(ps_json_get2(entry, "valueFrom", "fieldRef"), "fieldPath");
}

/* The key in "metadata.labels['KEY']"; empty if path is of another kind. */
static struct ps_str subscript(struct ps_str path, const char *kind)
{
    size_t begin = ps_str_find(path, PS_STR("['"), 0);
    bool fits = ps_str_equal(ps_str_slice(path, 0, begin), ps_str_of(kind)) &&
                ps_str_ends(path, "']") && begin + 4 <= path.len;
    return fits ? ps_str_slice(path, begin + 2, path.len - 2) : PS_STR("");
}

static void report_id(struct ps_hazard_view *view, const struct ps_hazard_setting *setting,
                      struct ps_str value, uint64_t number)
{
    ps_hazard_report(view, (struct ps_hazard_finding){
                               .variable = setting->variable, .value = value, .number = number});
}

/* Every field of the downward API but labels and annotations is a name, an address or a uid. */
static bool is_no_number(struct ps_str path)
{
    struct ps_str label = subscript(path, "metadata.labels");
    return ps_str_is(label, LABEL_POD_NAME) || ps_str_is(label, LABEL_REVISION) ||
           (path.len > 0 && ps_str_index(path, '[') == path.len);
}

void ps_hazard_id_field(struct ps_hazard_view *view)
{
    for (size_t i = 0; i < PS_COUNT(id_keys); i++) {
        const struct ps_hazard_setting *setting = &view->settings[id_keys[i]];
        struct ps_str path = field_path_of(source_of(view, setting));
        if (is_no_number(path)) {
            report_id(view, setting, path, 0);
        }
    }
}

static bool is_set_by_nobody(const struct ps_hazard_view *view, struct ps_str path)
{
    const struct ps_json *metadata = view->facts->metadata;
    struct ps_str annotation = subscript(path, "metadata.annotations");
    struct ps_str label = subscript(path, "metadata.labels");
    if (annotation.len > 0) {
        return ps_json_get_str(ps_json_get(metadata, "annotations"), annotation) == NULL &&
               !ps_exposure_is_controller_key(annotation);
    }
    return label.len > 0 && !ps_str_is(label, LABEL_POD_INDEX) &&
           !ps_str_is(label, LABEL_POD_NAME) && !ps_str_is(label, LABEL_REVISION) &&
           ps_json_get_str(ps_json_get(metadata, "labels"), label) == NULL;
}

void ps_hazard_id_absent_metadata(struct ps_hazard_view *view)
{
    for (size_t i = 0; i < PS_COUNT(id_keys); i++) {
        const struct ps_hazard_setting *setting = &view->settings[id_keys[i]];
        struct ps_str path = field_path_of(source_of(view, setting));
        if (is_set_by_nobody(view, path)) {
            report_id(view, setting, path, 0);
        }
    }
}

/* A literal id that is a number, of its own entry or of the variable it names. */
static bool literal_id(const struct ps_hazard_view *view, const struct ps_hazard_setting *setting,
                       uint64_t *ret_id)
{
    const struct ps_json *source = source_of(view, setting);
    return ps_json_type(ps_json_get(source, "valueFrom")) != PS_JSON_OBJECT &&
           ps_str_to_uint(ps_str_trim(ps_json_get_text(source, "value")), INT32_MAX, ret_id);
}

void ps_hazard_id_same(struct ps_hazard_view *view)
{
    uint64_t id = 0;
    for (size_t i = 0; i < PS_COUNT(id_keys) && view->facts->replicas > 1; i++) {
        if (literal_id(view, &view->settings[id_keys[i]], &id)) {
            report_id(view, &view->settings[id_keys[i]], PS_STR(""), view->facts->replicas);
        }
    }
}

static bool has_node_port_base(const struct ps_hazard_view *view)
{
    const struct ps_exposures *exposures = view->facts->exposures;
    for (size_t i = 0; i < exposures->count; i++) {
        if (exposures->list[i].node_port_base != 0) {
            return true;
        }
    }
    return false;
}

/* With several replicas a literal id is a mistake of its own, see ps_hazard_id_same(). */
void ps_hazard_id_not_ordinal(struct ps_hazard_view *view)
{
    uint64_t id = 0;
    if (!has_node_port_base(view) || view->facts->replicas > 1) {
        return;
    }
    for (size_t i = 0; i < PS_COUNT(id_keys); i++) {
        if (literal_id(view, &view->settings[id_keys[i]], &id) && id != 0) {
            report_id(view, &view->settings[id_keys[i]], PS_STR(""), id);
            return;
        }
    }
}

/* The assignment to name, up to the end of the shell's command. */
static struct ps_str assigned(struct ps_str command, const char *name)
{
    size_t at = ps_str_find(command, ps_str_of(name), 0);
    struct ps_str rest = ps_str_slice(command, at, command.len);
    size_t end = 0;
    while (end < rest.len && rest.ptr[end] != '\n' && rest.ptr[end] != ';' &&
           rest.ptr[end] != '&') {
        end++;
    }
    return ps_str_slice(rest, 0, end);
}

/* $((… + 1)) in the assignment of an id: the number is not the ordinal. */
void ps_hazard_id_computed(struct ps_hazard_view *view)
{
    static const char *const names[] = {"NODE_ID=", "BROKER_ID=", "node.id=", "broker.id="};
    for (size_t i = 0; i < PS_COUNT(names) && has_node_port_base(view); i++) {
        struct ps_str line = assigned(view->facts->broker->command, names[i]);
        size_t open = ps_str_find(line, PS_STR("$(("), 0);
        size_t close = ps_str_find(line, PS_STR("))"), open);
        struct ps_str sum = ps_str_slice(line, open, close);
        if (ps_str_index(sum, '+') < sum.len) {
            ps_hazard_report(view, (struct ps_hazard_finding){.number = 0});
            return;
        }
    }
}

/* CLUSTER_ID has no prefix in any image; confluent-local brings one along. */
void ps_hazard_cluster_id(struct ps_hazard_view *view)
{
    const struct ps_broker *broker = view->facts->broker;
    bool certain = view->facts->env_read || (view->image_starts && !view->env_from &&
                                             !ps_str_contains(broker->command, "CLUSTER_ID"));
    struct ps_str value = PS_STR("");
    bool from_elsewhere = ps_env_find(&broker->env, PS_STR("CLUSTER_ID")) != NULL &&
                          !ps_env_literal(&broker->env, PS_STR("CLUSTER_ID"), &value);
    if (is_family(view, "cp-kafka") && broker->family->needs_advertised && certain &&
        ps_hazard_is_set(view, PS_HAZARD_ROLES) && !from_elsewhere && ps_str_trim(value).len == 0) {
        ps_hazard_report(view, (struct ps_hazard_finding){.name = ps_str_of("cp-kafka")});
    }
}

/* Other brokers stand beside this StatefulSet: a larger id, or several voters. */
static bool has_siblings(const struct ps_hazard_view *view)
{
    const struct ps_hazard_setting *voters = &view->settings[PS_HAZARD_QUORUM_VOTERS];
    uint64_t id = 0;
    for (size_t i = 0; i < PS_COUNT(id_keys); i++) {
        if (literal_id(view, &view->settings[id_keys[i]], &id) && id > 1) {
            return true;
        }
    }
    return voters->entry != NULL &&
           (!voters->literal || ps_str_index(voters->value, ',') < voters->value.len);
}

static bool mounts_settings(const struct ps_json *container)
{
    PS_JSON_EACH(mount, ps_json_get(container, "volumeMounts"))
    {
        if (ps_str_starts(ps_json_get_text(mount, "mountPath"), "/mnt/shared/config")) {
            return true;
        }
    }
    return false;
}

/* Kafka's default is 3; wurstmeister's, bitnami's and an untouched apache's file say 1. */
void ps_hazard_offsets_default(struct ps_hazard_view *view)
{
    const struct ps_family *family = view->facts->broker->family;
    bool any_setting = view->settings[PS_HAZARD_ADVERTISED].entry != NULL ||
                       view->settings[PS_HAZARD_LISTENERS].entry != NULL ||
                       view->settings[PS_HAZARD_ROLES].entry != NULL;
    bool kafkas_default = family->needs_advertised || (family->drops_defaults && any_setting &&
                                                       !mounts_settings(view->container));
    if (view->facts->replicas == 1 && kafkas_default && !has_siblings(view) &&
        ps_hazard_is_unset(view, PS_HAZARD_OFFSETS_FACTOR)) {
        report_id(view, &view->settings[PS_HAZARD_OFFSETS_FACTOR], PS_STR(""), 0);
    }
}

/* The apache image formats storage at each start, which ZooKeeper mode does not have. */
static bool is_kraft_only(const struct ps_hazard_view *view)
{
    return (is_family(view, "apache") || is_family(view, "apache-native")) && view->image_starts;
}

static struct ps_str image_text(const struct ps_hazard_view *view)
{
    const struct ps_image *image = &view->facts->broker->image;
    return image->tag.len == 0
               ? image->path
               : ps_arena_printf(view->arena, "%.*s:%.*s", PS_FMT(image->path), PS_FMT(image->tag));
}

void ps_hazard_floating_tag(struct ps_hazard_view *view)
{
    const struct ps_broker *broker = view->facts->broker;
    if (broker->family->kraft_only_latest && ps_image_is_floating(&broker->image) &&
        ps_hazard_uses_zookeeper(view) && !is_kraft_only(view)) {
        ps_hazard_report(view, (struct ps_hazard_finding){
                                   .value = image_text(view),
                                   .name = ps_str_of(is_family(view, "cp-kafka") ? "7.9" : "3.9")});
    }
}

/* ZooKeeper mode ended with Kafka 4.0, which is Confluent's 8.0. */
static bool is_kafka_4(const struct ps_broker *broker)
{
    unsigned major = 0;
    unsigned minor = 0;
    return broker->family->kraft_only_latest && ps_image_version(&broker->image, &major, &minor) &&
           !ps_hazard_kafka_before(broker, 4, 0);
}

void ps_hazard_kraft_image(struct ps_hazard_view *view)
{
    const struct ps_broker *broker = view->facts->broker;
    bool apache = is_kraft_only(view);
    if ((apache || is_kafka_4(broker)) && ps_hazard_uses_zookeeper(view)) {
        const char *other = apache                        ? "cp-kafka 7.9"
                            : is_family(view, "cp-kafka") ? "its version 7.9"
                                                          : "its version 3.9";
        ps_hazard_report(
            view, (struct ps_hazard_finding){.value = image_text(view), .name = ps_str_of(other)});
    }
}
