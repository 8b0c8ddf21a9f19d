/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any text is an image reference or is refused with a message. The parts of one are parts of the
 * text and, put together, all of it; they obey the grammar of distribution/reference, written here
 * as the regular expression that it is. A plain path is never refused.
 */
#include "fuzz/fuzz.h"
#include "portside/image.h"

#include <regex.h>

#define TEXT_MAX 700U
#define PART "[a-z0-9]+"
#define COMPONENT PART "((\\.|__?|-+)" PART ")*"
#define PLAIN_COMPONENT PART "((__?|-+)" PART ")*"
#define LABEL "([a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
#define DOMAIN "(" LABEL "(\\." LABEL ")*|\\[[a-fA-F0-9:]+\\])(:[0-9]+)?"
#define TAG "[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}"
#define DIGEST "sha256:[a-f0-9]{64}|sha384:[a-f0-9]{96}|sha512:[a-f0-9]{128}"
#define END "(:" TAG ")?(@(" DIGEST "))?$"

/* True if the whole of text is what pattern describes. */
static bool matches(regex_t *regex, const char *pattern, const char *text)
{
    if (regex->re_nsub == 0) {
        FUZZ_CHECK(regcomp(regex, pattern, REG_EXTENDED) == 0);
    }
    return regexec(regex, text, 0, NULL, 0) == 0;
}

static bool is_reference(const char *text)
{
    static regex_t regex;
    return matches(&regex, "^(" DOMAIN "/)?" COMPONENT "(/" COMPONENT ")*" END, text);
}

/* A path whose first component cannot be a domain, neither too long nor the digits of an id. */
static bool is_plain(const char *text)
{
    static regex_t plain;
    static regex_t id;
    return strncmp(text, "localhost", strlen("localhost")) != 0 && strlen(text) < 200 &&
           matches(&plain, "^" PLAIN_COMPONENT "(/" PLAIN_COMPONENT ")*" END, text) &&
           !matches(&id, "^([a-f0-9]{64})$", text);
}

static bool is_inside(struct ps_str part, struct ps_str text)
{
    return part.len == 0 || (part.ptr >= text.ptr && part.ptr + part.len <= text.ptr + text.len);
}

static void check_parts(struct ps_str text, const struct ps_image *image)
{
    FUZZ_CHECK(is_inside(image->domain, text) && is_inside(image->path, text));
    FUZZ_CHECK(is_inside(image->base, image->path) && image->base.len > 0);
    FUZZ_CHECK(image->base.ptr + image->base.len == image->path.ptr + image->path.len);
    FUZZ_CHECK(is_inside(image->tag, text) && is_inside(image->digest, text));
    FUZZ_CHECK(ps_str_index(image->base, '/') == image->base.len);
    FUZZ_CHECK(image->digest.len == 0 || !ps_image_is_floating(image));
    unsigned major = 0;
    unsigned minor = 0;
    FUZZ_CHECK(!ps_image_version(image, &major, &minor) || image->tag.len > 0);
}

/* The parts with their separators are the text again. */
static void check_whole(struct ps_str text, const struct ps_image *image)
{
    char whole[TEXT_MAX + 4];
    int len = snprintf(whole, sizeof(whole), "%.*s%s%.*s%s%.*s%s%.*s", PS_FMT(image->domain),
                       image->domain.len > 0 ? "/" : "", PS_FMT(image->path),
                       image->tag.len > 0 ? ":" : "", PS_FMT(image->tag),
                       image->digest.len > 0 ? "@" : "", PS_FMT(image->digest));
    FUZZ_CHECK(len > 0 && ps_str_equal((struct ps_str){whole, (size_t)len}, text));
    FUZZ_CHECK(is_reference(whole));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ps_str text = fuzz_text(data, size);
    struct ps_image image;
    struct ps_error err = {.message = ""};
    char copy[TEXT_MAX + 1] = "";
    bool short_enough = size <= TEXT_MAX && ps_str_index(text, '\0') == text.len;
    if (short_enough && size > 0) {
        memcpy(copy, data, size);
    }
    if (!ps_ok(ps_image_parse(text, &image, &err))) {
        FUZZ_CHECK(err.message[0] != '\0');
        FUZZ_CHECK(!short_enough || !is_plain(copy));
        return 0;
    }
    check_parts(text, &image);
    if (size <= TEXT_MAX) {
        check_whole(text, &image);
    }
    return 0;
}
