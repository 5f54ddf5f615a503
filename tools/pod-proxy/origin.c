/* SPDX-License-Identifier: Apache-2.0 */
/* What is remembered of hosts at their addresses: a TLS session, and what is spoken there. */
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>

#include "libcommon/buf.h"
#include "tools/pod-proxy/upstream.h"

struct origin {
	struct place place;
	SSL_SESSION *session; /* single use */
	enum speaks speaks;
	uint64_t used;
};

bool place_is(const struct place *a, const struct place *b)
{
	return a->port == b->port && strcmp(a->name, b->name) == 0 &&
	       memcmp(&a->address, &b->address, sizeof(a->address)) == 0;
}

/* That of this place; NULL: nothing is known.  *oldest: the one used longest ago. */
static struct origin *find(struct upstreams *us, const struct place *p, struct origin **oldest)
{
	*oldest = us->origins;
	for (size_t i = 0; i < UPSTREAM_ORIGIN; i++) {
		if (place_is(&us->origins[i].place, p))
			return &us->origins[i];
		if (us->origins[i].used < (*oldest)->used)
			*oldest = &us->origins[i];
	}
	return NULL;
}

static struct origin *find_or_make(struct upstreams *us, const struct place *p)
{
	struct origin *oldest, *o = find(us, p, &oldest);

	if (!o) {
		o = oldest;
		SSL_SESSION_free(o->session);
		*o = (struct origin){.place = *p};
	}
	o->used = ++us->uses;
	return o;
}

/* Only a session whose certificate we have checked is kept: a resumed one is not checked again. */
static int keep_session(SSL *ssl, SSL_SESSION *session)
{
	struct upstream *u = SSL_get_app_data(ssl);
	struct origin *o;

	if (SSL_get_verify_result(ssl) != X509_V_OK)
		return 0;
	o = find_or_make(u->of, &u->place);
	SSL_SESSION_free(o->session);
	o->session = session;
	return 1; /* it is ours */
}

void origins_prepare(struct upstreams *us)
{
	us->origins = xcalloc(UPSTREAM_ORIGIN, sizeof(*us->origins));
	SSL_CTX_set_session_cache_mode(us->tls, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(us->tls, keep_session);
}

void origins_finish(struct upstreams *us)
{
	for (size_t i = 0; us->origins && i < UPSTREAM_ORIGIN; i++)
		SSL_SESSION_free(us->origins[i].session);
	free(us->origins);
	us->origins = NULL;
}

void origin_resume(struct upstream *u)
{
	struct origin *oldest, *o = find(u->of, &u->place, &oldest);

	if (!o || !o->session)
		return;
	SSL_set_session(u->wire.ssl, o->session);
	SSL_SESSION_free(o->session);
	o->session = NULL;
}

void origin_learn(struct upstreams *us, const struct place *p, enum speaks s)
{
	find_or_make(us, p)->speaks = s;
}

enum speaks origin_speaks(struct upstreams *us, const struct place *p)
{
	struct origin *oldest, *o = find(us, p, &oldest);

	return o ? o->speaks : SPEAKS_UNKNOWN;
}
