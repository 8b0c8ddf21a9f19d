/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Something secret or trusted that is given inline or in a file. A file is read again when its
 * size, inode or time changes (the kubelet swaps a symbolic link), and once a minute at the latest.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "portside/error.h"
#include "portside/file.h"
#include "portside/str.h"

#define PS_SOURCE_BYTES_MAX ((size_t)1024 * 1024)

struct ps_source {
    char *path; /* owned; NULL: inline, or not there at all */
    struct ps_file content;
    bool doubted;
    uint64_t read_ms;
    uint64_t seen[4]; /* size, inode, seconds, nanoseconds of the file that was read */
};

/* Takes a copy of text as it is. */
bool ps_source_set(struct ps_source *source, struct ps_str text) PS_MUST_USE;
/* Takes base64 (RFC 4648, section 4); false if it is none or there is no memory. */
bool ps_source_set_base64(struct ps_source *source, struct ps_str text) PS_MUST_USE;
/* Names the file; it is read by the first refresh. */
bool ps_source_set_path(struct ps_source *source, const char *path) PS_MUST_USE;

/* Reads the file if it is time; fails if it cannot be read and never was. */
struct ps_status ps_source_refresh(struct ps_source *source, uint64_t now_ms,
                                   struct ps_error *err) PS_MUST_USE;

/* Empty if it is not there. */
struct ps_str ps_source_view(const struct ps_source *source);

void ps_source_clear(struct ps_source *source);
