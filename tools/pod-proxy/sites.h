/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which hosts are intercepted, and what is done to their requests: policy/proxy, compiled.
 */
#ifndef POD_PROXY_SITES_H
#define POD_PROXY_SITES_H

#include <stdbool.h>
#include <stdint.h>

#include "libcommon/buf.h"
#include "libcommon/err.h"
#include "tools/pod-proxy/message.h"
#include "tools/pod-proxy/scrub.h"
#include "tools/pod-proxy/secrets.h"
#include "tools/pod-proxy/usage.h"

struct bind {
	char *key;
	enum bind_kind { BIND_HEADER, BIND_BASIC, BIND_QUERY } kind;
	char *name;     /* of the header (lower case) or query word; the user of basic */
	char *template; /* of the header: "Bearer {value}" */
};

struct allow {
	struct strv methods; /* empty: each */
	char *path;          /* a glob over the decoded path; '*' crosses '/' */
};

struct strip {
	enum strip_kind { STRIP_HEADER, STRIP_COOKIE, STRIP_QUERY } kind;
	char *name;
};

struct site {
	char *domain; /* lower case; wide: what follows "*." */
	bool wide;
	uint16_t port;
	struct bind *binds;
	size_t n_binds;
	struct allow *allows; /* none: everything is allowed */
	size_t n_allows;
	struct strv pins; /* "sha256/BASE64": public keys it is believed by; none: by any */
	struct strip *strips;
	size_t n_strips;
	uint64_t requests, bytes, concurrent; /* a minute, a minute, at a time; 0: no limit */
	enum usage_api usage;
	enum screen_mode { SCREEN_NOT, SCREEN_ALERT, SCREEN_BLOCK } screen;
	char *categories; /* that bodies are screened for: "*", or words and commas */
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

/* From policy_fd's file "proxy"; -ENOENT when there is none (s is empty then).  On any other error
 * s is as before. */
int sites_read(struct sites *s, int policy_fd, struct err *e);
int sites_parse(struct sites *s, const char *data, size_t len, struct err *e);
void sites_finish(struct sites *s);

/* The host of that name (lower case), exact before wide, longer before shorter; NULL: not
 * intercepted. */
const struct site *sites_find(const struct sites *s, const char *name, uint16_t port);

/* NULL, or which rule refuses this request: "method", "path", or "ambiguous" for a path that two
 * servers could read in two ways. */
const char *site_judge(const struct site *s, const struct message *m);

/*
 * Make the request the one that is sent.  Of a host with a binding the agent's own credentials go
 * (authorization, proxy-authorization, x-api-key, api-key, x-goog-api-key, and whatever field or
 * query word a binding sets); headers, cookies and query words by rule; what defeats reading the
 * answer (range, accept-encoding but identity, extensions of WebSocket); the credentials come.
 * -ENOKEY: a bound key has no value; -EINVAL: its value cannot stand there, or the target is none;
 * -EMSGSIZE.  *key says which; nothing may be sent then.
 */
int site_inject(const struct site *s, const struct secrets *have, struct message *m,
		const char **key);
/* Only the first of it: what goes of fields; of trailers nothing else is left to do. */
void site_strip(const struct site *s, struct message *m);

#endif
