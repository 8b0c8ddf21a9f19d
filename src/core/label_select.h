/* SPDX-License-Identifier: Apache-2.0 */
/* LabelSelector of the Kubernetes API, against the labels that the pods of a StatefulSet have. */
#pragma once

#include "portside/json.h"
#include "portside/str.h"

/* Labels of the pods: those of the template, and the one that admission adds. */
struct ps_pod_labels {
    const struct ps_json *template; /* spec.template.metadata.labels, or NULL */
    struct ps_str statefulset;
};

/* True if selector selects the pods. An empty one, or NULL, selects all. */
bool ps_label_selects(const struct ps_json *selector, const struct ps_pod_labels *labels);

/* True if text is one of the strings of the array values. */
bool ps_label_is_listed(struct ps_str text, const struct ps_json *values);
