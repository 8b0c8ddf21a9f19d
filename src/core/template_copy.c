/* SPDX-License-Identifier: Apache-2.0 */
#include "template_copy.h"

#include "pod_converge.h"
#include "portside/exposure.h"

#define TEMPLATE_ANNOTATIONS "/spec/template/metadata/annotations"

struct copy {
    struct ps_patch *patch;
    const struct ps_json *annotations; /* of the StatefulSet */
    const struct ps_json *template_metadata;
};

bool ps_has_user_keys(const struct ps_json *annotations)
{
    PS_JSON_EACH(member, annotations)
    {
        if (ps_exposure_is_user_key(ps_json_key(member))) {
            return true;
        }
    }
    return false;
}

/* True if a user's key of ours is not the same in both maps, seen from a. */
static bool differs_from(const struct ps_json *a, const struct ps_json *b)
{
    PS_JSON_EACH(member, a)
    {
        struct ps_str key = ps_json_key(member);
        if (ps_exposure_is_user_key(key) && !ps_json_equal(member, ps_json_get_str(b, key))) {
            return true;
        }
    }
    return false;
}

bool ps_user_keys_differ(const struct ps_json *a, const struct ps_json *b)
{
    return differs_from(a, b) || differs_from(b, a);
}

static const struct ps_json *template_annotations(const struct copy *copy)
{
    return ps_json_get(copy->template_metadata, "annotations");
}

/* True if key stands in the comma-separated list of copied keys. */
static bool is_copied(struct ps_str copied, struct ps_str key)
{
    struct ps_str element;
    while (ps_str_split(&copied, ',', &element)) {
        if (ps_str_equal(element, key)) {
            return true;
        }
    }
    return false;
}

/* Keys of the user's, but for those that the template states itself: these are never changed. */
static bool is_wanted(const struct copy *copy, struct ps_str key)
{
    const struct ps_json *existing = template_annotations(copy);
    struct ps_str copied = ps_json_get_text(existing, PS_ANNOTATION_COPIED);
    return ps_exposure_is_user_key(key) &&
           (ps_json_get_str(existing, key) == NULL || is_copied(copied, key));
}

static struct ps_str keys_to_copy(struct ps_arena *arena, const struct copy *copy)
{
    struct ps_buf buf;
    ps_buf_init(&buf, arena, 128);
    PS_JSON_EACH(member, copy->annotations)
    {
        if (is_wanted(copy, ps_json_key(member))) {
            ps_buf_puts(&buf, buf.len == 0 ? "" : ",");
            ps_buf_put(&buf, ps_json_key(member));
        }
    }
    return ps_buf_view(&buf);
}

static void write_annotations(const struct copy *copy, struct ps_jw *jw, struct ps_str copied)
{
    ps_jw_object(jw);
    PS_JSON_EACH(member, copy->annotations)
    {
        if (is_wanted(copy, ps_json_key(member))) {
            ps_jw_key_str(jw, ps_json_key(member));
            ps_jw_str(jw, ps_json_text(member));
        }
    }
    ps_jw_member(jw, PS_ANNOTATION_COPIED, copied);
    ps_jw_object_end(jw);
}

/* The template has no annotations, or no metadata at all. */
static void create_template_annotations(const struct copy *copy, struct ps_str copied)
{
    struct ps_patch *patch = copy->patch;
    bool has_metadata = ps_json_type(copy->template_metadata) == PS_JSON_OBJECT;
    struct ps_jw *jw = ps_patch_add(patch, has_metadata ? PS_STR(TEMPLATE_ANNOTATIONS)
                                                        : PS_STR("/spec/template/metadata"));
    if (!has_metadata) {
        ps_jw_object(jw);
        ps_jw_key(jw, "annotations");
    }
    write_annotations(copy, jw, copied);
    if (!has_metadata) {
        ps_jw_object_end(jw);
    }
    ps_patch_end(patch);
}

static void remove_gone_keys(const struct copy *copy, const struct ps_json *existing)
{
    struct ps_str copied = ps_json_get_text(existing, PS_ANNOTATION_COPIED);
    PS_JSON_EACH(member, existing)
    {
        struct ps_str key = ps_json_key(member);
        bool gone = ps_json_get_str(copy->annotations, key) == NULL;
        if (gone && ps_exposure_is_user_key(key) && is_copied(copied, key)) {
            ps_patch_remove(copy->patch,
                            ps_pointer_key(copy->patch->arena, PS_STR(TEMPLATE_ANNOTATIONS), key));
        }
    }
}

static void sync_template_annotations(const struct copy *copy, const struct ps_json *existing,
                                      struct ps_str copied)
{
    struct ps_patch *patch = copy->patch;
    remove_gone_keys(copy, existing);
    PS_JSON_EACH(member, copy->annotations)
    {
        if (is_wanted(copy, ps_json_key(member))) {
            ps_map_set(patch, existing, PS_STR(TEMPLATE_ANNOTATIONS), ps_json_key(member),
                       ps_json_text(member));
        }
    }
    if (copied.len > 0) {
        ps_map_set(patch, existing, PS_STR(TEMPLATE_ANNOTATIONS), PS_STR(PS_ANNOTATION_COPIED),
                   copied);
    } else if (ps_json_get(existing, PS_ANNOTATION_COPIED) != NULL) {
        ps_patch_remove(patch, ps_pointer_key(copy->patch->arena, PS_STR(TEMPLATE_ANNOTATIONS),
                                              PS_STR(PS_ANNOTATION_COPIED)));
    }
}

void ps_template_copy(struct ps_patch *patch, const struct ps_json *annotations,
                      const struct ps_json *template_metadata)
{
    const struct copy copy = {patch, annotations, template_metadata};
    const struct ps_json *existing = template_annotations(&copy);
    struct ps_str copied = keys_to_copy(patch->arena, &copy);
    if (ps_json_type(existing) == PS_JSON_OBJECT) {
        sync_template_annotations(&copy, existing, copied);
    } else if (copied.len > 0) {
        create_template_annotations(&copy, copied);
    }
}

bool ps_template_lags(const struct ps_json *annotations, const struct ps_json *template_metadata,
                      struct ps_str key)
{
    const struct copy copy = {NULL, annotations, template_metadata};
    const struct ps_json *stated = ps_json_get_str(annotations, key);
    const struct ps_json *existing = ps_json_get_str(template_annotations(&copy), key);
    struct ps_str copied = ps_json_get_text(template_annotations(&copy), PS_ANNOTATION_COPIED);
    if (!ps_exposure_is_user_key(key)) {
        return false;
    }
    return stated != NULL ? is_wanted(&copy, key) && !ps_json_equal(existing, stated)
                          : existing != NULL && is_copied(copied, key);
}

/* A copy of annotations in which the keys listed in copied are kept, or else dropped. */
static struct ps_json *filtered(struct ps_arena *arena, const struct ps_json *annotations,
                                struct ps_str copied, bool keep)
{
    if (ps_json_type(annotations) != PS_JSON_OBJECT) {
        return NULL;
    }
    struct ps_json *result = ps_json_copy(arena, annotations);
    PS_JSON_EACH(member, annotations)
    {
        struct ps_str key = ps_json_key(member);
        if (is_copied(copied, key) != keep || ps_str_is(key, PS_ANNOTATION_COPIED)) {
            (void)ps_json_object_remove(result, key);
        }
    }
    return result;
}

const struct ps_json *ps_template_copies(struct ps_arena *arena,
                                         const struct ps_json *template_metadata)
{
    const struct ps_json *existing = ps_json_get(template_metadata, "annotations");
    struct ps_str copied = ps_json_get_text(existing, PS_ANNOTATION_COPIED);
    return filtered(arena, existing, copied, true);
}

const struct ps_json *ps_template_effective(struct ps_arena *arena,
                                            const struct ps_json *annotations,
                                            const struct ps_json *template_metadata)
{
    const struct ps_json *existing = ps_json_get(template_metadata, "annotations");
    struct ps_str copied = ps_json_get_text(existing, PS_ANNOTATION_COPIED);
    struct ps_json *own = filtered(arena, existing, copied, false);
    if (own == NULL || ps_json_type(annotations) != PS_JSON_OBJECT) {
        return own == NULL ? annotations : own;
    }
    PS_JSON_EACH(member, annotations)
    {
        struct ps_str key = ps_json_key(member);
        if (ps_exposure_is_user_key(key) && ps_json_get_str(own, key) == NULL) {
            ps_json_object_set(arena, own, key, ps_json_copy(arena, member));
        }
    }
    return own;
}

/* Drops from annotations what is our copy, as old_annotations knows it. */
static void drop_copies(struct ps_json *annotations, const struct ps_json *old_annotations)
{
    struct ps_str copied = ps_json_get_text(old_annotations, PS_ANNOTATION_COPIED);
    PS_JSON_EACH(member, old_annotations)
    {
        struct ps_str key = ps_json_key(member);
        bool ours = is_copied(copied, key) || ps_str_is(key, PS_ANNOTATION_COPIED);
        if (ours && ps_json_equal(member, ps_json_mutable_get(annotations, key))) {
            (void)ps_json_object_remove(annotations, key);
        }
    }
}

/* Drops what ps_template_copy() would remove, where it leaves no copy. */
static void drop_orphans(struct ps_arena *arena, struct ps_json *annotations,
                         const struct copy *copy)
{
    const struct ps_json *existing = template_annotations(copy);
    struct ps_str copied = ps_json_get_text(existing, PS_ANNOTATION_COPIED);
    if (keys_to_copy(arena, copy).len > 0) {
        return;
    }
    PS_JSON_EACH(member, existing)
    {
        struct ps_str key = ps_json_key(member);
        if ((ps_exposure_is_user_key(key) && is_copied(copied, key)) ||
            ps_str_is(key, PS_ANNOTATION_COPIED)) {
            (void)ps_json_object_remove(annotations, key);
        }
    }
}

/* The template as its author knows it; next is what will be copied into it, NULL: no more. */
static const struct ps_json *without_copies(struct ps_arena *arena, const struct ps_json *template,
                                            const struct ps_json *old_annotations,
                                            const struct copy *next)
{
    struct ps_json *result = ps_json_copy(arena, template);
    struct ps_json *metadata = ps_json_mutable_get(result, PS_STR("metadata"));
    struct ps_json *annotations = ps_json_mutable_get(metadata, PS_STR("annotations"));
    drop_copies(annotations, old_annotations);
    if (next != NULL) {
        drop_orphans(arena, annotations, next);
    }
    if (annotations != NULL && ps_json_first(annotations) == NULL) {
        (void)ps_json_object_remove(metadata, PS_STR("annotations"));
    }
    return result;
}

bool ps_template_changes(struct ps_arena *arena, const struct ps_json *annotations,
                         const struct ps_json *old_template, const struct ps_json *new_template)
{
    const struct ps_json *old_annotations = ps_json_get2(old_template, "metadata", "annotations");
    const struct copy next = {NULL, annotations, ps_json_get(new_template, "metadata")};
    if (old_template == NULL || new_template == NULL) {
        return old_template != new_template;
    }
    return !ps_json_equal(without_copies(arena, old_template, old_annotations, NULL),
                          without_copies(arena, new_template, old_annotations, &next));
}
