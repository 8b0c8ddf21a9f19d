/* SPDX-License-Identifier: Apache-2.0 */
/* Reading files whole, with a maximum. */
#pragma once

#include <stddef.h>

#include "portside/error.h"
#include "portside/str.h"

/* Content of a file; owned. Invariant: ptr is NUL-terminated behind len bytes, or NULL. */
struct ps_file {
    char *ptr;
    size_t len;
};

/*
 * Reads all of path. Fails with PS_CODE_IO if it cannot be read (the message says why in the
 * system's words), with PS_CODE_LIMIT if it is larger than max_bytes.
 */
struct ps_status ps_file_read(const char *path, size_t max_bytes, struct ps_file *ret_file,
                              struct ps_error *err) PS_MUST_USE;

/* Overwrites and frees the content, as it may be a private key; file is empty then. */
void ps_file_clear(struct ps_file *file);

/* Looks at the content. */
struct ps_str ps_file_view(const struct ps_file *file);
