/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pod-proxy forward: ports of the pod that others may reach.  The listeners are made where the
 * others are; then the process moves into the pod's network for good, so that what it connects to
 * can be nothing but the pod's.  Later ones are handed to it, see control.c.
 */
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/io.h"
#include "libcommon/netid.h"
#include "libcommon/netns.h"
#include "libcommon/own.h"
#include "tools/pod-proxy/cmds.h"
#include "tools/pod-proxy/control.h"

bool is_internal(const struct relay *r, uint16_t port)
{
	const struct port p = {.scope = PORT_INTERNAL, .pod = port};

	return port && ports_has(&r->ports, &p) && ports_exposed(&r->ports, port);
}

static int open_one(struct relay *r, const struct ports *all, const struct port *p, struct err *e)
{
	OWN(door_sockets_finish) struct door_sockets s = {.n = 0};
	int x = 0;

	if (p->host && !ports_exposed(all, p->pod))
		return err_status(e, POD_EXIT_CONFIG, ERR_PLAIN,
				  "port %u of pod %s is to be opened, but is not in network.expose",
				  p->pod, r->pod.name);
	if (p->host)
		x = door_sockets(&s, p, r->pod.name, e);
	else if (p->scope == PORT_INTERNAL && !ports_any(&r->ports, PORT_INTERNAL))
		x = door_inbound(&s, &r->pod, e);
	return x < 0 ? x : door_open(r, p, &s, e);
}

static int open_doors(struct relay *r, struct err *e)
{
	OWN_FD int policy = policy_open(&r->pod, e);
	struct ports all;

	if (policy < 0 || ports_load(&all, &r->plan, policy, e) < 0)
		return -EINVAL;
	for (size_t i = 0; i < all.n; i++)
		if (open_one(r, &all, &all.v[i], e) < 0)
			return -EINVAL;
	/* The keeper lets a service rest that ends so, until it is woken. */
	if (!r->doors)
		exit(POD_EXIT_OK);
	return 0;
}

static int forward_open(struct relay *r, struct err *e)
{
	OWN_FD int ns = netns_open(&r->pod);

	if (ns < 0)
		return err_set(e, -ns, "open the network of pod %s (pod-net up %s makes it)",
			       r->pod.name, r->pod.name);
	r->end = doors_finish;
	r->most = (unsigned)plan_u64(&r->plan, "connections", 0); /* outwards the wall counts */
	if (open_doors(r, e) < 0 || control_open(r, e) < 0)
		return -EINVAL;
	return setns(ns, CLONE_NEWNET) < 0
		       ? err_set(e, errno, "enter the network of pod %s", r->pod.name)
		       : 0;
}

int cmd_forward(int argc, char **argv)
{
	static const struct serving forward = {
		.text = "Carry connections to a pod's open ports, until SIGTERM.",
		.open = forward_open,
		.counts = COUNTS_FORWARD,
	};

	return serve_main(argc, argv, &forward);
}
