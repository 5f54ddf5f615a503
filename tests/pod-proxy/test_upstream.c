/* SPDX-License-Identifier: Apache-2.0 */
/* How many connections to servers there are, against a socket that takes them and is silent. */
#include <errno.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/lib/tap.h"
#include "tools/pod-proxy/call.h"

#define MAX 3

static struct loop loop;
static struct upstreams us;
static struct place place = {.name = "a.example"};
static int server;

static void wake(struct exchange *x)
{
	(void)x;
}

static void begin(void)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t len = sizeof(at);
	struct err e = {0};

	server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (server < 0 || bind(server, (struct sockaddr *)&at, len) < 0 || listen(server, 9) < 0 ||
	    getsockname(server, (struct sockaddr *)&at, &len) < 0 || loop_init(&loop, &e) < 0)
		abort();
	place.address.s6_addr[10] = place.address.s6_addr[11] = 0xff;
	memcpy(place.address.s6_addr + 12, &at.sin_addr, 4);
	place.port = ntohs(at.sin_port);
	us = (struct upstreams){.loop = &loop, .wake = wake, .max = MAX};
	us.tls = SSL_CTX_new(TLS_client_method());
	origins_prepare(&us);
}

static struct call *call(void)
{
	const struct want w = {.place = &place};
	struct err e = {0};
	struct call *c = upstream_call(&us, &w, NULL);

	for (int i = 0; c && i < 100 && upstream_ready(c) == -EAGAIN; i++)
		loop_turn(&loop, 100, &e);
	return c;
}

/* As after an answer that ended where it had to. */
static void answered(struct call *c)
{
	c->u->in.state = H1_DONE;
	upstream_put(c);
}

static void at_most(void)
{
	struct call *c[MAX];

	for (int i = 0; i < MAX; i++)
		c[i] = call();
	ok(c[0] && c[1] && c[2], "as many as may be");
	ok(!call(), "and no more");
	c[0]->unclean = true;
	upstream_put(c[0]);
	c[0] = call();
	ok(c[0] != NULL, "one that ends makes room");
	for (int i = 0; i < MAX; i++)
		answered(c[i]);
	is_int(us.n_idle, MAX, "all are kept");
	place.name[0] = 'b';
	c[0] = call();
	ok(c[0] != NULL && us.n_idle == MAX - 1 && us.n_all == MAX,
	   "one that is kept makes room for another host's");
	answered(c[0]);
}

/* Those under way go on; what comes after a change of policy is asked on connections of its own. */
static void forgetting(void)
{
	const struct want w = {.place = &place};
	struct call *busy = call(), *waits;

	upstreams_forget(&us);
	is_int(us.n_idle, 0, "none is kept when the policy changes");
	answered(busy);
	is_int(us.n_idle, 0, "one that was busy then is not kept afterwards");
	answered(call());
	is_int(us.n_idle, 1, "a new one is");
	waits = upstream_call(&us, &w, NULL);
	upstreams_forget(&us);
	is_int(upstream_ready(waits), -EALREADY, "one that was about to be used is not");
	upstream_put(waits);
	is_int(us.n_all, 0, "and goes");
}

int main(void)
{
	begin();
	at_most();
	forgetting();
	upstreams_finish(&us);
	is_int(us.n_all, 0, "all are gone");
	close(server);
	return done_testing();
}
