/* SPDX-License-Identifier: Apache-2.0 */
/* pod-proxy relay: what the wall of a pod lets through. */
#include "tools/pod-proxy/relay.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/follow.h"
#include "libcommon/lockdown.h"
#include "libcommon/netid.h"
#include "libcommon/netns.h"
#include "libcommon/own.h"
#include "tools/pod-proxy/cmds.h"

#define BACKLOG 1024

/* --- opening --- */

static void on_listener4(void *arg, uint32_t events)
{
	(void)events;
	conn_accept(arg, 0);
}

static void on_listener6(void *arg, uint32_t events)
{
	(void)events;
	conn_accept(arg, 1);
}

/* A pod without IPv6 has no listener for it. */
static int listen_on(struct relay *r, int ns, int i, struct err *e)
{
	const struct sockaddr_in four = {.sin_family = AF_INET,
					 .sin_port = htons(RELAY_PORT),
					 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	const struct sockaddr_in6 six = {.sin6_family = AF_INET6,
					 .sin6_port = htons(RELAY_PORT),
					 .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	const struct sockaddr *at = i ? (const void *)&six : (const void *)&four;
	int one = 1,
	    fd = netns_socket(ns, i ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0, e);

	if (fd < 0)
		return i && fd == -EAFNOSUPPORT ? 0 : fd;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (i)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
	r->listener[i] = (struct watch){.fd = fd, .fn = i ? on_listener6 : on_listener4, .arg = r};
	if (bind(fd, at, i ? sizeof(six) : sizeof(four)) < 0)
		return i && errno == EADDRNOTAVAIL
			       ? (loop_remove(&r->loop, &r->listener[i]), 0)
			       : err_set(e, errno, "listen on the relay's port %d in the pod",
					 RELAY_PORT);
	if (listen(fd, BACKLOG) < 0 || loop_add(&r->loop, &r->listener[i], EPOLLIN) < 0)
		return err_set(e, errno, "listen on the relay's port %d in the pod", RELAY_PORT);
	return 0;
}

/* Held by the keeper, who listens. */
static int listen_given(struct relay *r, int i, struct err *e)
{
	int family;
	socklen_t len = sizeof(family);

	for (unsigned n = 0; n < r->n_given; n++) {
		if (getsockopt(r->given[n], SOL_SOCKET, SO_DOMAIN, &family, &len) < 0)
			return err_set(e, errno, "listen on descriptor %d", r->given[n]);
		if (family != (i ? AF_INET6 : AF_INET))
			continue;
		r->listener[i] = (struct watch){
			.fd = r->given[n], .fn = i ? on_listener6 : on_listener4, .arg = r};
		if (loop_add(&r->loop, &r->listener[i], EPOLLIN) < 0)
			return err_set(e, errno, "watch the relay's port");
	}
	return 0;
}

static void on_revoked(void *arg, uint32_t events)
{
	struct relay *r = arg;

	(void)events;
	follow_drain(&r->revoked);
	conns_cut_revoked(r);
}

static int open_names(struct relay *r, struct err *e)
{
	r->revoked = (struct watch){.fd = -1, .fn = on_revoked, .arg = r};
	return follow_names(&r->names, &r->revoked, &r->loop, &r->pod, NETID_PROXY, e);
}

static int read_plan(struct relay *r, struct err *e)
{
	const char *text;

	r->refuses_ech = plan_is(&r->plan, "ech", "refuse");
	r->records = plan_is(&r->plan, "network", "monitored") &&
		     plan_is(&r->plan, "dns.mode", "monitor");
	if (cidr_parse(plan_str(&r->plan, "subnet", "10.200.0.0/16"), &r->pods) < 0 ||
	    !address_is_v4(&r->pods.base))
		r->pods.bits = 0; /* pods find each other by IPv4 */
	for (size_t i = 0; (text = plan_next(&r->plan, "cidr_allow", &i));) {
		r->open = xrealloc(r->open, (r->n_open + 1) * sizeof(*r->open));
		if (cidr_parse(text, &r->open[r->n_open]) < 0)
			return err_status(e, POD_EXIT_CONFIG, ERR_PLAIN, "plan: cidr_allow %s",
					  text);
		r->n_open++;
	}
	return 0;
}

static int relay_open(struct relay *r, struct err *e)
{
	OWN_FD int ns = netns_open(&r->pod);

	if (ns < 0)
		return err_set(e, -ns, "open the network of pod %s (pod-net up %s makes it)",
			       r->pod.name, r->pod.name);
	r->route[0] = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	r->route[1] = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (read_plan(r, e) < 0 || open_names(r, e) < 0 || intercept_open(r, e) < 0 ||
	    serve_inbound(&r->pod, e) < 0)
		return -EINVAL;
	for (int i = 0; i < 2; i++)
		if ((r->n_given ? listen_given(r, i, e) : listen_on(r, ns, i, e)) < 0)
			return -EINVAL;
	return 0;
}

int cmd_relay(int argc, char **argv)
{
	static const struct serving relay = {
		.text = "Carry a pod's connections to where it may go, until SIGTERM.",
		.open = relay_open,
		.promises = PROMISE_UNIX,
		.counts = COUNTS_PROXY,
		.takes_listeners = true,
	};

	return serve_main(argc, argv, &relay);
}
