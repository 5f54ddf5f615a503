/* SPDX-License-Identifier: Apache-2.0 */
/* Making a connection to a server, until it is known what is spoken there. */
#include <errno.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "libcommon/address.h"
#include "libcommon/buf.h"
#include "tools/pod-proxy/call.h"

static int begin(struct upstream *u)
{
	const struct place *p = &u->place;
	struct sockaddr_in6 six = {
		.sin6_family = AF_INET6, .sin6_port = htons(p->port), .sin6_addr = p->address};
	struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons(p->port)};
	bool v4 = address_is_v4(&p->address);
	int fd = socket(v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	memcpy(&four.sin_addr, p->address.s6_addr + 12, 4);
	if (connect(fd, v4 ? (struct sockaddr *)&four : (struct sockaddr *)&six,
		    v4 ? sizeof(four) : sizeof(six)) < 0 &&
	    errno != EINPROGRESS) {
		int code = errno;

		close(fd);
		return -code;
	}
	return wire_open(&u->wire, u->of->loop, fd, upstream_event, u) < 0 ? -EMFILE : 0;
}

/* The name is the session's, checked by the relay: never what a request says. */
static int begin_tls(struct upstream *u)
{
	static const unsigned char protocols[] = "\2h2\10http/1.1";
	const unsigned char *offered = protocols + (u->offers ? 0 : 3);
	SSL *ssl;

	if (wire_tls(&u->wire, u->of->tls, false) < 0)
		return -ENOMEM;
	ssl = u->wire.ssl;
	SSL_set_app_data(ssl, u);
	SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	if (!SSL_set_tlsext_host_name(ssl, u->place.name) || !SSL_set1_host(ssl, u->place.name) ||
	    SSL_set_alpn_protos(ssl, offered, u->offers ? 12 : 9) != 0)
		return -ENOMEM;
	/* Where a session goes on, nobody's key is looked at. */
	if (!upstream_pins(u))
		origin_resume(u);
	return 0;
}

/* One that is kept for later makes room for one that is needed now. */
static bool has_room(struct upstreams *us)
{
	if (us->n_all >= us->max && us->idle)
		upstream_drop(us->idle);
	return us->n_all < us->max;
}

struct upstream *upstream_connect(struct upstreams *us, const struct want *w)
{
	struct upstream *u = has_room(us) ? xcalloc(1, sizeof(*u)) : NULL;

	if (!u)
		return NULL;
	us->n_all++;
	*u = (struct upstream){.of = us,
			       .epoch = us->epoch,
			       .place = *w->place,
			       .tongue = &tongue_h1,
			       .offers = w->h2 && w->tls};
	u->wire.watch.fd = -1;
	h1_in_init(&u->in, true);
	if (begin(u) < 0 || (w->tls && begin_tls(u) < 0)) {
		upstream_drop(u);
		return NULL;
	}
	if (u->offers)
		upstream_list(u, &us->shared);
	return u;
}

/* --- the handshake --- */

static int finish_connect(struct upstream *u)
{
	socklen_t len = sizeof(int);
	int error = 0;

	if (!u->wire.writable)
		return -EAGAIN;
	if (getsockopt(u->wire.watch.fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0 || error)
		return error ? -error : -ECONNREFUSED;
	u->connected = true;
	return 0;
}

static int finish_tls(struct upstream *u)
{
	int r = wire_handshake(&u->wire);

	if (r == -EPROTO && SSL_get_verify_result(u->wire.ssl) != X509_V_OK) {
		long why = SSL_get_verify_result(u->wire.ssl);

		snprintf(u->wire.error, sizeof(u->wire.error), "%s",
			 why == X509_V_ERR_APPLICATION_VERIFICATION
				 ? "none of the keys it shows is pinned"
				 : X509_verify_cert_error_string(why));
		return -EKEYREJECTED;
	}
	return r;
}

/* The server has chosen what is spoken.  HTTP/1.1 is one call's: the others are told to go. */
static int begin_speaking(struct upstream *u)
{
	const unsigned char *name = NULL;
	unsigned len = 0;

	u->ready = true;
	if (!u->offers)
		return 0;
	SSL_get0_alpn_selected(u->wire.ssl, &name, &len);
	if (len == 2 && memcmp(name, "h2", 2) == 0) {
		origin_learn(u->of, &u->place, SPEAKS_H2);
		u->tongue = &tongue_h2;
		return h2_up_open(u);
	}
	origin_learn(u->of, &u->place, SPEAKS_H1);
	upstream_unlist(u);
	return 0;
}

static int take(struct upstream *u)
{
	bool may = u->epoch == u->of->epoch && (u->h2 ? !u->unclean : !u->taken);

	u->taken = true;
	return may ? 0 : -EALREADY;
}

int upstream_ready(struct call *c)
{
	struct upstream *u = c->u;
	int r = u->error;

	if (u->ready && r == 0)
		return take(u);
	if (r == 0 && !u->connected)
		r = finish_connect(u);
	if (r == 0)
		r = finish_tls(u);
	if (r == 0)
		r = begin_speaking(u);
	if (r == 0 && u->n_calls > 1)
		for (struct call *o = u->calls; o; o = o->next)
			u->of->wake(o->x);
	if (r < 0 && r != -EAGAIN)
		u->error = r;
	return r == 0 ? take(u) : r;
}
