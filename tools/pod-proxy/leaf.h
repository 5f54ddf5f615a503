/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificates for the hosts that are intercepted, signed by the authorities of single hosts
 * (issuers.h): one name each, for a day, all with one key that lives as long as this process.
 */
#ifndef POD_PROXY_LEAF_H
#define POD_PROXY_LEAF_H

#include <stdint.h>
#include <time.h>

#include "libcommon/err.h"
#include "tools/pod-proxy/crt.h"
#include "tools/pod-proxy/hello.h"

#define LEAVES 256 /* the one used longest ago makes room */

struct ssl_ctx_st;

struct leaf {
	char name[NAME_TEXT];
	struct ssl_ctx_st *ctx;
	time_t made;
	uint64_t used;
};

struct leaves {
	EVP_PKEY *issuer, *key; /* what signs them; their own */
	int policy;             /* pods/NAME/policy */
	struct leaf *v;         /* LEAVES */
	uint64_t uses;
	bool overdue; /* an authority that is there is not valid by the clock, as it is now */
	const unsigned char *alpn; /* what codecs there are, in ALPN's form, best first */
	unsigned alpn_len;
};

/* Read the key of authorities beneath dirfd (pods/NAME); by root, before lock-down. */
int leaves_open(struct leaves *l, int dirfd, struct err *e);
/* A server's context for this host that was made before and is good for hours, kept by l; or NULL.
 */
struct ssl_ctx_st *leaves_find(struct leaves *l, const char *name);
/*
 * The same, made where there is none; NULL when it cannot be made, as when no authority may sign
 * for it.  It takes a millisecond, so that nobody is to wait for many of them: hosts that are known
 * beforehand are asked for beforehand, and one is made for others in a turn (session.c).
 */
struct ssl_ctx_st *leaves_get(struct leaves *l, const char *name);
/* The pod's authority was made anew since, or has to be: nothing can be signed for it any more. */
bool leaves_stale(const struct leaves *l);
/* One that nobody believes, to try TLS with; the caller frees it. */
struct ssl_ctx_st *leaves_rehearsal(struct leaves *l);
void leaves_finish(struct leaves *l);

#endif
