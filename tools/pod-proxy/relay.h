/* SPDX-License-Identifier: Apache-2.0 */
/* What the connections of one relay share, and what is decided about them. */
#ifndef POD_PROXY_RELAY_H
#define POD_PROXY_RELAY_H

#include <netinet/in.h>
#include <stdbool.h>

#include "libcommon/address.h"
#include "libcommon/counters.h"
#include "libcommon/loop.h"
#include "libcommon/names.h"
#include "libcommon/plan.h"
#include "libcommon/pod.h"
#include "libcommon/ports.h"
#include "tools/pod-proxy/flow.h"
#include "tools/pod-proxy/intercept.h"
#include "tools/pod-proxy/note.h"

#define RELAY_PORT 15001 /* where the wall sends what it lets through */

struct door;

struct relay {
	struct pod pod;
	struct plan plan;
	struct loop loop;
	struct names names;
	struct cidr *open; /* cidr_allow: no name is asked for */
	size_t n_open;
	bool records; /* Monitored with dns.mode monitor: nothing is judged by name */
	bool refuses_ech;
	struct cidr pods; /* addresses of other pods: reached through their forwarders */
	struct watch listener[2], signals, revoked;
	int given[2]; /* listeners that somebody holds for us, instead of our own */
	unsigned n_given;
	struct intercept intercept;
	int route[2]; /* sockets that ask the host's routing table: IPv4, IPv6; -1 */
	struct notes notes;
	struct counters *counters;
	struct pump pump;
	uint64_t rate, bucket_ms; /* bandwidth_cap, bytes a second; 0: none */
	struct conn *conns;       /* all of them */
	struct conn *queue;       /* those with something left to do */
	unsigned n, max,
		most; /* most: as the pod file wants it, 0: as many as there are descriptors */
	uint64_t swept_ms;
	int spare; /* given up for a moment when descriptors run out */
	/* Of a forwarder: what is open now, and by which sockets; what is to be said at the end. */
	struct ports ports;
	struct door *doors;
	void (*end)(struct relay *r);
};

/* How a connection's destination was let through. */
enum rule { RULE_NONE, RULE_NAME, RULE_PIN, RULE_NETWORK, RULE_MONITOR, RULE_FORWARD };
const char *rule_text(enum rule r);

/*
 * May the pod reach this address at all?  NULL, or why not.  The host's own addresses are closed,
 * loopback and the like as well, unless the pod file opened a network that has them.
 */
const char *judge_address(const struct relay *r, const struct in6_addr *a, uint16_t port);
bool is_open_network(const struct relay *r, const struct in6_addr *a);
/* May it under this name?  NULL, or why not. */
const char *judge_name(const struct relay *r, const char *name, const struct in6_addr *a,
		       uint16_t port);

/* What relay and forward have in common; root's part of it first. */
int serve_open(struct relay *r, const char *pod, int event_fd, struct err *e);
int serve_lock_down(struct relay *r, unsigned more_promises, struct err *e);
/* Stand in RUN/.inbound, where pods' forwarders have their sockets. */
int serve_inbound(const struct pod *p, struct err *e);
/* As cmd_relay() and cmd_forward(): what differs between them. */
struct serving {
	const char *text; /* for --help */
	int (*open)(struct relay *r, struct err *e);
	unsigned promises; /* more of them */
	enum counters_of counts;
	bool takes_listeners;
};
int serve_main(int argc, char **argv, const struct serving *s);

/* Of conn.c */
void conn_accept(struct relay *r, int listener);
/* From outside through a door; the pod's side is the caller's network by then.  From another pod:
 * which port, it says first. */
void conn_forward(struct door *d, int fd);
/* Is this port one that other pods may reach? */
bool is_internal(const struct relay *r, uint16_t port);
/* Cut those that came by this door, to that port of the pod. */
void conns_cut_door(struct relay *r, const struct door *d, uint16_t port);
void conns_run(struct relay *r);
/* Cut those to hosts that are intercepted by now; try again to hand over those that wait. */
void conns_cut_intercepted(struct relay *r);
void conns_hand_over(struct relay *r);
/* Cut those whose name was removed; give up those that take too long. */
void conns_cut_revoked(struct relay *r);
void conns_sweep(struct relay *r);
void conns_finish(struct relay *r);

#endif
