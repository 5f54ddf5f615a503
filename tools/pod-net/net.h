/* SPDX-License-Identifier: Apache-2.0 */
/* The network of one pod, as its plan wants it. */
#ifndef POD_NET_NET_H
#define POD_NET_NET_H

#include <netinet/in.h>
#include <stdbool.h>

#include "libcommon/address.h"
#include "libcommon/buf.h"
#include "libcommon/plan.h"
#include "libcommon/pod.h"

#define NET_RELAY_PORT 15001 /* pod-proxy's, on the pod's loopback */
#define NET_LOG_GROUP  1     /* NFLOG, in the pod's netns */

struct net {
	struct pod pod;
	struct plan plan;
	int number; /* netid.h */
	bool veth;  /* the engine: veth, else sockets */
	bool open;  /* Monitored with dns.mode Monitor: raw addresses get out, too */
	bool six;   /* with the veth engine: the host can route IPv6 for it */
	bool looks; /* with it: the relay looks into all TCP to names, whatever the port */
	struct cidr subnet4, subnet6;
	struct in_addr v4, gate4;
	struct in6_addr v6, gate6;
};

#define NET_INIT                 \
	{                        \
		.pod = POD_INIT, \
	}

/* Open and lock the pod, and work out its addresses.  Status 2 for a pod without a network. */
int net_load(struct net *n, const char *pod, struct err *e);
void net_finish(struct net *n);

/* The addresses of number N in a subnet "A.B.C.D/LEN"; 78 when it is too small for that many. */
int net_addresses(struct net *n, const char *subnet, struct err *e);

/* "sockets 10.200.0.2/32 fd65:…/128" as net/up has it. */
void net_line(const struct net *n, struct buf *b);

/* Every command; argv[0] is the word. */
int cmd_up(int argc, char **argv);
int cmd_down(int argc, char **argv);
int cmd_status(int argc, char **argv);
int cmd_rules(int argc, char **argv);
int cmd_watch(int argc, char **argv);
int cmd_gc(int argc, char **argv);
int cmd_doctor(int argc, char **argv);

#endif
