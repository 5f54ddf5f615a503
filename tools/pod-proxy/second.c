/* SPDX-License-Identifier: Apache-2.0 */
/* A second ClientHello on a connection that was let through by the name of its first. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tools/pod-proxy/conn.h"
#include "tools/pod-proxy/retry.h"

static int walk_client(void *arg, struct held *h, bool eof)
{
	struct conn *c = arg;
	char other[NAME_TEXT] = "";
	int r = retry_client(c->retry, (const uint8_t *)h->data, h->len, &h->ok, other);

	if (r == 0 && eof && h->ok < h->len)
		r = -EBADMSG;
	if (r < 0) {
		memcpy(c->name, other, sizeof(c->name));
		conn_tell(c, "net_denied",
			  r == -EACCES  ? "second_name"
			  : r == -EPERM ? "encrypted_hello"
					: "no_name_readable");
		return r;
	}
	return eof || c->retry->state == RETRY_OVER;
}

/* What the client has said already waits for the server's answer, and no event will come for it. */
static int walk_server(void *arg, struct held *h, bool eof)
{
	struct conn *c = arg;
	int r = 0;

	retry_server(c->retry, (const uint8_t *)h->data, h->len, &h->ok);
	if (eof)
		h->ok = h->len;
	if (c->retry->state == RETRY_AWAITED)
		return eof;
	if (c->up.walk)
		r = flow_walk(&c->up, false);
	conn_enqueue(c);
	return r < 0 ? r : 1;
}

int conn_watch_retry(struct conn *c)
{
	struct held *h = &c->up.held;
	char name[NAME_TEXT];

	c->retry = xcalloc(1, sizeof(*c->retry));
	c->retry->refuses_ech = c->r->refuses_ech;
	memcpy(c->retry->name, c->name, sizeof(c->retry->name));
	if (hello_read((const uint8_t *)h->data, h->len, name, &h->ok) < 0)
		return -EBADMSG;
	c->up.walk = walk_client;
	c->down.walk = walk_server;
	c->up.arg = c->down.arg = c;
	return flow_walk(&c->up, false);
}
