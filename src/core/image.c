/* SPDX-License-Identifier: Apache-2.0 */
/* The grammar stands in the comment on top of distribution/reference:reference.go. */
#include "portside/image.h"

#define PATH_BYTES_MAX 255U
#define TAG_BYTES_MAX 128U
#define IDENTIFIER_BYTES 64U
/* Larger numbers are dates or build numbers: "20240115.1" is no version. */
#define VERSION_MAX 999U

static bool is_lower_hex(struct ps_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (!ps_is_digit(c) && !(c >= 'a' && c <= 'f')) {
            return false;
        }
    }
    return true;
}

static bool is_path_letter(char c)
{
    return ps_is_digit(c) || (c >= 'a' && c <= 'z');
}

/* Length of the separator at index at: ".", "_", "__" or any number of "-"; 0 if it is none. */
static size_t separator_length(struct ps_str text, size_t at)
{
    size_t end = at;
    while (end < text.len && !is_path_letter(text.ptr[end])) {
        end++;
    }
    struct ps_str separator = ps_str_slice(text, at, end);
    if (ps_str_is(separator, ".") || ps_str_is(separator, "_") || ps_str_is(separator, "__")) {
        return separator.len;
    }
    for (size_t i = 0; i < separator.len; i++) {
        if (separator.ptr[i] != '-') {
            return 0;
        }
    }
    return separator.len;
}

static bool is_path_component(struct ps_str text)
{
    if (text.len == 0 || !is_path_letter(text.ptr[0]) || !is_path_letter(text.ptr[text.len - 1])) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        if (is_path_letter(text.ptr[i])) {
            continue;
        }
        size_t len = separator_length(text, i);
        if (len == 0) {
            return false;
        }
        i += len - 1;
    }
    return true;
}

static bool is_path(struct ps_str path)
{
    struct ps_str rest = path;
    struct ps_str component;
    if (path.len > PATH_BYTES_MAX) {
        return false;
    }
    while (ps_str_split(&rest, '/', &component)) {
        if (!is_path_component(component)) {
            return false;
        }
    }
    return true;
}

static bool is_domain_component(struct ps_str text)
{
    if (text.len == 0 || text.ptr[0] == '-' || text.ptr[text.len - 1] == '-') {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        if (!ps_is_alpha(text.ptr[i]) && !ps_is_digit(text.ptr[i]) && text.ptr[i] != '-') {
            return false;
        }
    }
    return true;
}

static bool is_domain_name(struct ps_str text)
{
    struct ps_str rest = text;
    struct ps_str component;
    while (ps_str_split(&rest, '.', &component)) {
        if (!is_domain_component(component)) {
            return false;
        }
    }
    return true;
}

/* What stands between the brackets; zones and IPv4-mapped forms are not part of the grammar. */
static bool is_ipv6(struct ps_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = ps_to_lower(text.ptr[i]);
        if (!ps_is_digit(c) && !(c >= 'a' && c <= 'f') && c != ':') {
            return false;
        }
    }
    return text.len > 0;
}

/* Empty, or a colon and digits. */
static bool is_port(struct ps_str text)
{
    for (size_t i = 1; i < text.len; i++) {
        if (!ps_is_digit(text.ptr[i])) {
            return false;
        }
    }
    return text.len == 0 || (text.ptr[0] == ':' && text.len > 1);
}

static bool is_domain(struct ps_str domain)
{
    if (ps_str_starts(domain, "[")) {
        size_t close = ps_str_index(domain, ']');
        return close < domain.len && is_ipv6(ps_str_slice(domain, 1, close)) &&
               is_port(ps_str_slice(domain, close + 1, domain.len));
    }
    size_t colon = ps_str_index(domain, ':');
    return is_domain_name(ps_str_slice(domain, 0, colon)) &&
           is_port(ps_str_slice(domain, colon, domain.len));
}

/* The rule of splitDockerDomain: what has a '.', a ':' or a capital letter cannot be a path. */
static bool looks_like_domain(struct ps_str first)
{
    for (size_t i = 0; i < first.len; i++) {
        char c = first.ptr[i];
        if (c == '.' || c == ':' || ps_to_lower(c) != c) {
            return true;
        }
    }
    return ps_str_is(first, "localhost");
}

static bool is_tag(struct ps_str tag)
{
    for (size_t i = 0; i < tag.len; i++) {
        char c = tag.ptr[i];
        bool word = ps_is_alpha(c) || ps_is_digit(c) || c == '_';
        if (!word && (i == 0 || (c != '.' && c != '-'))) {
            return false;
        }
    }
    return tag.len > 0 && tag.len <= TAG_BYTES_MAX;
}

/* The algorithms that are registered everywhere; others no container runtime takes either. */
static bool is_digest(struct ps_str digest)
{
    static const struct {
        const char *prefix;
        size_t hex_digits;
    } algorithms[] = {{"sha256:", 64}, {"sha384:", 96}, {"sha512:", 128}};
    size_t colon = ps_str_index(digest, ':');
    struct ps_str hex = ps_str_slice(digest, colon + 1, digest.len);
    for (size_t i = 0; i < PS_COUNT(algorithms); i++) {
        if (ps_str_starts(digest, algorithms[i].prefix)) {
            return hex.len == algorithms[i].hex_digits && is_lower_hex(hex);
        }
    }
    return false;
}

static struct ps_status bad(struct ps_error *err, struct ps_str text, const char *what)
{
    return ps_fail(err, PS_CODE_INPUT, "image '%.*s' is not a reference: %s",
                   PS_FMT(ps_str_slice(text, 0, 300)), what);
}

/* Takes digest and tag off the end; the colon of a port stands before a '/'. */
static struct ps_str split_suffixes(struct ps_str text, struct ps_image *image, bool *ret_tagged)
{
    size_t at = ps_str_index(text, '@');
    struct ps_str name = ps_str_slice(text, 0, at);
    size_t colon = ps_str_last_index(name, ':');
    size_t slash = ps_str_last_index(name, '/');
    image->digest = ps_str_slice(text, at + 1, text.len);
    *ret_tagged = colon < name.len && (slash == name.len || colon > slash);
    if (*ret_tagged) {
        image->tag = ps_str_slice(name, colon + 1, name.len);
        name = ps_str_slice(name, 0, colon);
    }
    return name;
}

static void split_name(struct ps_str name, struct ps_image *image)
{
    size_t slash = ps_str_index(name, '/');
    image->domain = PS_STR("");
    image->path = name;
    if (slash < name.len && looks_like_domain(ps_str_slice(name, 0, slash))) {
        image->domain = ps_str_slice(name, 0, slash);
        image->path = ps_str_slice(name, slash + 1, name.len);
    }
    size_t last = ps_str_last_index(image->path, '/');
    image->base = last == image->path.len ? image->path
                                          : ps_str_slice(image->path, last + 1, image->path.len);
}

struct ps_status ps_image_parse(struct ps_str text, struct ps_image *ret_image,
                                struct ps_error *err)
{
    struct ps_image image = {.tag = PS_STR("")};
    bool tagged = false;
    bool digested = ps_str_index(text, '@') < text.len;
    split_name(split_suffixes(text, &image, &tagged), &image);
    if (image.path.len == 0) {
        return bad(err, text, "it names no image");
    }
    if (text.len == IDENTIFIER_BYTES && is_lower_hex(text)) {
        return bad(err, text, "64 hex digits are an image's id");
    }
    if (image.domain.len > 0 && !is_domain(image.domain)) {
        return bad(err, text, "its registry is malformed");
    }
    if (!is_path(image.path)) {
        return bad(err, text, "its name must be lower case letters, digits and single separators");
    }
    if (tagged && !is_tag(image.tag)) {
        return bad(err, text, "its tag is malformed");
    }
    if (digested && !is_digest(image.digest)) {
        return bad(err, text, "its digest is malformed");
    }
    *ret_image = image;
    return ps_success();
}

/* A version has digits: "stable", "edge", "main" and their like move. */
static bool has_digit(struct ps_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (ps_is_digit(text.ptr[i])) {
            return true;
        }
    }
    return false;
}

bool ps_image_is_floating(const struct ps_image *image)
{
    if (image->digest.len > 0) {
        return false;
    }
    /* also "latest-ubi8"; no tag at all means "latest" */
    return ps_str_starts(image->tag, "latest") || !has_digit(image->tag);
}

/* Takes the digits at the front of *rest. */
static bool take_number(struct ps_str *rest, unsigned *ret_value)
{
    size_t digits = 0;
    uint64_t value = 0;
    while (digits < rest->len && ps_is_digit(rest->ptr[digits])) {
        digits++;
    }
    if (!ps_str_to_uint(ps_str_slice(*rest, 0, digits), VERSION_MAX, &value)) {
        return false;
    }
    *rest = ps_str_slice(*rest, digits, rest->len);
    *ret_value = (unsigned)value;
    return true;
}

bool ps_image_version(const struct ps_image *image, unsigned *ret_major, unsigned *ret_minor)
{
    struct ps_str rest = image->tag;
    unsigned major = 0;
    unsigned minor = 0;
    if (ps_str_starts(rest, "v")) {
        rest = ps_str_slice(rest, 1, rest.len);
    }
    if (!take_number(&rest, &major) || !ps_str_starts(rest, ".")) {
        return false;
    }
    rest = ps_str_slice(rest, 1, rest.len);
    if (!take_number(&rest, &minor)) {
        return false;
    }
    *ret_major = major;
    *ret_minor = minor;
    return true;
}
