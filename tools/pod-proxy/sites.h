/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which hosts are intercepted, and what is done to their requests: policy/proxy, compiled.
 */
#ifndef POD_PROXY_SITES_H
#define POD_PROXY_SITES_H

#include <stdbool.h>
#include <stdint.h>

#include "libcommon/err.h"
#include "tools/pod-proxy/message.h"
#include "tools/pod-proxy/scrub.h"

struct bind {
	char *key;
	enum bind_kind { BIND_HEADER, BIND_BASIC, BIND_QUERY } kind;
	char *name;     /* of the header or query word; the user of basic */
	char *template; /* of the header: "Bearer {value}" */
};

struct site {
	char *domain; /* lower case; wide: what follows "*." */
	bool wide;
	uint16_t port;
	struct bind *binds;
	size_t n_binds;
	uint64_t requests, bytes, concurrent; /* 0: no limit */
	/* private to sites.c: what it allows, strips, counts */
	struct site_rules *rules;
};

struct sites {
	struct site *v;
	size_t n;
	bool freeze; /* on a canary */
	struct dummy {
		char *key, *value;
	} * dummies;
	size_t n_dummies;
};

/* From policy_fd's file "proxy"; -ENOENT when there is none (s is empty then).  On any error s is
 * as before. */
int sites_read(struct sites *s, int policy_fd, struct err *e);
int sites_parse(struct sites *s, const char *data, size_t len, struct err *e);
void sites_finish(struct sites *s);

/* NULL: not intercepted. */
const struct site *sites_find(const struct sites *s, const char *name, uint16_t port);

/* NULL, or which rule refuses this request ("method", "path", …: for the answer and the event). */
const char *site_judge(const struct site *s, const struct message *m);

/* The values of keys, in locked memory. */
struct secrets;
const char *secrets_get(const struct secrets *s, const char *key, size_t *len);

/*
 * Make the request the one that is sent: the agent's own credentials go (authorization,
 * proxy-authorization, x-api-key, api-key, x-goog-api-key, cookies and query words by rule, and
 * whatever field a binding sets), what defeats scrubbing goes (range, accept-encoding but identity,
 * permessage-deflate), the credentials come. -ENOKEY: a bound key has no value (*key says which);
 * nothing may be sent then.
 */
int site_inject(const struct site *s, const struct secrets *have, struct message *m,
		const char **key);

#endif
