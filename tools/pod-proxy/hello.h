/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The name in a TLS ClientHello (RFC 8446 4.1.2, RFC 6066 3), from the first bytes of a connection.
 * The hello may be cut into records, and those into segments, anywhere.
 */
#ifndef POD_PROXY_HELLO_H
#define POD_PROXY_HELLO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NAME_TEXT 254   /* a name with its NUL: lower case, no final dot */
#define HELLO_MAX 32768 /* a longer hello, with its record headers, is refused */

/*
 * 0: name is set.  -EAGAIN: more bytes are needed.  -ENOENT: a whole hello without a name.
 * -EBADMSG: no such hello.  Of two names in one hello neither is believed (-EBADMSG), nor one
 * beside an encrypted one (ESNI, draft-ietf-tls-esni-02 to -06).
 */
int hello_name(const uint8_t *data, size_t len, char name[NAME_TEXT]);
/* The same; *size, where it is 0 or -ENOENT: bytes of the records, behind which others may follow.
 */
int hello_read(const uint8_t *data, size_t len, char name[NAME_TEXT], size_t *size);

/*
 * Has a whole hello the extension of an Encrypted Client Hello (RFC 9849)?  Whether another name is
 * in there cannot be told: what browsers send to hosts without a key of theirs (GREASE) looks the
 * same, and so does the server's answer but to who has the secret of it.
 */
bool hello_has_ech(const uint8_t *data, size_t len);

/* Copy a host name if it can be one: letters, digits, '-', '_', '.'; -EBADMSG. */
int name_copy(char name[NAME_TEXT], const char *text, size_t len);

#endif
