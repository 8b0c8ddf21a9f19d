/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of an image reference are parts of the text, and the base is the end of the path. */
#include "fuzz/fuzz.h"
#include "portside/image.h"

static bool is_inside(struct ps_str part, struct ps_str text)
{
    return part.len == 0 || (part.ptr >= text.ptr && part.ptr + part.len <= text.ptr + text.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ps_str text = fuzz_text(data, size);
    struct ps_image image;
    struct ps_error err;
    if (!ps_ok(ps_image_parse(text, &image, &err))) {
        return 0;
    }
    FUZZ_CHECK(is_inside(image.domain, text) && is_inside(image.path, text));
    FUZZ_CHECK(is_inside(image.base, image.path) && image.base.len > 0);
    FUZZ_CHECK(image.base.ptr + image.base.len == image.path.ptr + image.path.len);
    FUZZ_CHECK(is_inside(image.tag, text) && is_inside(image.digest, text));
    FUZZ_CHECK(image.digest.len == 0 || !ps_image_is_floating(&image));
    unsigned major = 0;
    unsigned minor = 0;
    FUZZ_CHECK(!ps_image_version(&image, &major, &minor) || image.tag.len > 0);
    return 0;
}
