/* SPDX-License-Identifier: Apache-2.0 */
/* A refusal that programs can read: an HTTP answer, or a TLS alert. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "libcommon/address.h"
#include "libcommon/buf.h"
#include "libcommon/jsonw.h"
#include "tools/pod-proxy/conn.h"

#define LINGER_MS 2000

/* Fatal (2), unrecognized_name (112, RFC 6066): "you named a host that is not here for you". */
static const unsigned char alert[] = {21, 3, 1, 0, 2, 2, 112};

static void body_of(const struct conn *c, const char *reason, struct buf *b)
{
	OWN_BUF struct buf hint = BUF_INIT;
	char text[INET6_ADDRSTRLEN];

	buf_fmt(&hint, "envpod dns %s --allow %s", c->r->pod.name, *c->name ? c->name : "NAME");
	jw_open(b, '{');
	jw_kstr(b, "error", "refused by the pod's network wall");
	jw_kstr(b, "reason", reason);
	jw_kstr(b, "name", c->name);
	jw_kstr(b, "address", address_text(&c->address, text));
	jw_knum(b, "port", c->port);
	jw_kstr(b, "hint", hint.data);
	jw_close(b, '}');
	buf_char(b, '\n');
}

static void answer(const struct conn *c, const char *reason)
{
	OWN_BUF struct buf body = BUF_INIT, all = BUF_INIT;

	body_of(c, reason, &body);
	buf_fmt(&all,
		"HTTP/1.1 403 Forbidden\r\nContent-Type: application/json\r\n"
		"Content-Length: %zu\r\nX-Envpod-Reason: %s\r\nConnection: close\r\n\r\n%s",
		body.len, reason, body.data);
	send(c->client.watch.fd, all.data, all.len, MSG_NOSIGNAL | MSG_DONTWAIT);
}

void conn_refuse(struct conn *c, const char *reason)
{
	const struct note what = {.event = "net_denied",
				  .address = &c->address,
				  .port = c->port,
				  .name = c->name,
				  .reason = reason};

	note(&c->r->notes, &what, c->r->loop.now_ms);
	if (c->tls)
		send(c->client.watch.fd, alert, sizeof(alert), MSG_NOSIGNAL | MSG_DONTWAIT);
	else if (c->up.held.len)
		answer(c, reason);
	shutdown(c->client.watch.fd, SHUT_WR);
	c->state = CONN_REFUSED;
	c->deadline_ms = c->r->loop.now_ms + LINGER_MS;
}
