/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Image references, by the grammar of github.com/distribution/reference:
 * [domain[:port]/]path[:tag][@digest].
 */
#pragma once

#include "portside/error.h"
#include "portside/str.h"

struct ps_image {
    struct ps_str domain; /* empty if the reference does not state one */
    struct ps_str path;   /* "confluentinc/cp-kafka" */
    struct ps_str base;   /* last component of path: "cp-kafka" */
    struct ps_str tag;    /* empty if none */
    struct ps_str digest; /* "sha256:…", empty if none */
};

/* Views into text. Fails with PS_CODE_INPUT if text is not a reference. */
struct ps_status ps_image_parse(struct ps_str text, struct ps_image *ret_image,
                                struct ps_error *err) PS_MUST_USE;

/* True if the tag is absent or floating ("latest") and no digest pins it. */
bool ps_image_is_floating(const struct ps_image *image);

/* Leading "MAJOR.MINOR" of the tag; false if it does not begin so. */
bool ps_image_version(const struct ps_image *image, unsigned *ret_major, unsigned *ret_minor);
