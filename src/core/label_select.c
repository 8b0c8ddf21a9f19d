/* SPDX-License-Identifier: Apache-2.0 */
#include "label_select.h"

#include "portside/service.h"

/* False if the pod has no such label. */
static bool find_label(const struct ps_pod_labels *labels, struct ps_str key,
                       struct ps_str *ret_value)
{
    const struct ps_json *value = ps_json_get_str(labels->template, key);
    if (ps_str_is(key, PS_LABEL_STATEFULSET)) {
        *ret_value = labels->statefulset;
        return true;
    }
    *ret_value = ps_json_text(value);
    return ps_json_is_string(value);
}

bool ps_label_is_listed(struct ps_str text, const struct ps_json *values)
{
    PS_JSON_EACH(value, values)
    {
        if (ps_str_equal(ps_json_text(value), text)) {
            return true;
        }
    }
    return false;
}

/* LabelSelectorRequirement of the Kubernetes API. */
static bool meets(const struct ps_pod_labels *labels, const struct ps_json *requirement)
{
    struct ps_str verb = ps_json_get_text(requirement, "operator");
    const struct ps_json *values = ps_json_get(requirement, "values");
    struct ps_str value = PS_STR("");
    bool there = find_label(labels, ps_json_get_text(requirement, "key"), &value);
    if (ps_str_is(verb, "In")) {
        return there && ps_label_is_listed(value, values);
    }
    if (ps_str_is(verb, "NotIn")) {
        return !there || !ps_label_is_listed(value, values);
    }
    return ps_str_is(verb, "Exists") ? there : !there;
}

bool ps_label_selects(const struct ps_json *selector, const struct ps_pod_labels *labels)
{
    struct ps_str value = PS_STR("");
    PS_JSON_EACH(wanted, ps_json_get(selector, "matchLabels"))
    {
        if (!find_label(labels, ps_json_key(wanted), &value) ||
            !ps_str_equal(value, ps_json_text(wanted))) {
            return false;
        }
    }
    PS_JSON_EACH(requirement, ps_json_get(selector, "matchExpressions"))
    {
        if (!meets(labels, requirement)) {
            return false;
        }
    }
    return true;
}
