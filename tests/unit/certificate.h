/* SPDX-License-Identifier: Apache-2.0 */
/* Throw-away certificates for tests, and folders to put them in. */
#pragma once

#include <openssl/evp.h>

/* PEM text of a self-signed certificate and its key; to be freed by certificate_clear(). */
struct certificate {
    char *cert_pem;
    char *key_pem;
};

/*
 * A new P-256 certificate for "localhost" and 127.0.0.1, valid from from_s to to_s, in seconds from
 * now.
 */
struct certificate certificate_make(long from_s, long to_s);
void certificate_clear(struct certificate *certificate);

/*
 * One that signed itself and is valid for an hour. key: a type of OpenSSL, with its group or number
 * of bits behind a space; digest "": the key's own; uses: extendedKeyUsage, names: subjectAltName,
 * as in OpenSSL's configuration files, "" for none.
 */
struct certificate certificate_of_kind(const char *key, const char *digest, const char *uses,
                                       const char *names);

/* The key, encrypted by a passphrase; to be freed. */
char *certificate_encrypted_key(void);

/* Writes text as the whole content of folder/name. */
void certificate_write(const char *folder, const char *name, const char *text);

/* Makes a folder of the test's own; template must end in XXXXXX. */
void certificate_folder(char *template);

/* Removes the folder and the files in it. */
void certificate_remove(const char *folder);
