/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asking a resolver for the addresses of a name, by UDP.  libcurl's own way opens files and makes
 * threads, of which nothing is left to us once we are outside (outside.h).
 */
#ifndef POD_ACTION_HTTP_NAMES_H
#define POD_ACTION_HTTP_NAMES_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "libcommon/buf.h"
#include "libcommon/err.h"

#define NAMES_SERVERS 3
#define NAMES_MAX     16  /* addresses of a name */
#define NAMES_PACKET  512 /* bytes of a question or an answer */

struct resolvers {
	struct sockaddr_storage at[NAMES_SERVERS];
	size_t n;
};

/* The lines "nameserver ADDRESS" of a resolv.conf. */
void resolvers_parse(struct resolvers *r, const char *text);

/* Append "ADDRESS,ADDRESS…" to out.  -errno with e set: there are none, or nobody answers. */
int names_find(const struct resolvers *r, const char *name, struct buf *out, struct err *e);

/* The question for a name's addresses (AF_INET or AF_INET6): its length, -EINVAL for no name. */
int names_question(uint8_t out[NAMES_PACKET], const char *name, uint16_t id, int family);

/*
 * Of an answer to the question `id`, append the addresses, `,` between them, and count them in *n,
 * which stays at most NAMES_MAX.  Its response code; -EINVAL where it is no answer to that.
 */
int names_answer(const uint8_t *data, size_t len, uint16_t id, struct buf *out, size_t *n);

#endif
