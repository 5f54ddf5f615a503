/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pods that find each other as NAME.pods.local, when both sides said so: the one that is looked for
 * by network.allow_discovery, the one that looks by network.allow_pods.  There is no daemon for it:
 * RUN/.pods/NAME says a pod's addresses and ports, and is locked by that pod's own resolver for as
 * long as it lives; a file that nobody holds speaks for nobody.
 */
#ifndef POD_DNS_DISCOVERY_H
#define POD_DNS_DISCOVERY_H

#include <stdbool.h>

#include "libcommon/err.h"
#include "libcommon/plan.h"
#include "libcommon/pod.h"
#include "tools/pod-dns/rules.h"

struct discovery {
	int dir;  /* RUN/.pods, -1: none */
	int mine; /* our own file, locked; -1: we are not to be found */
	const struct plan *plan;
	char v4[64], v6[64]; /* our own addresses */
};

#define DISCOVERY_INIT                 \
	{                              \
		.dir = -1, .mine = -1, \
	}

/* As root.  The plan must outlive it; policy is the directory of ports.json. */
int discovery_open(struct discovery *d, const struct pod *p, const struct plan *plan, int policy,
		   struct err *e);
/* Write down what other pods may reach now, if they may find us at all. */
int discovery_say(const struct discovery *d, int policy, struct err *e);
void discovery_finish(struct discovery *d);

struct discovered {
	struct in6_addr v4, v6;
	struct rules_ports ports;
};

/* Is this a name below pods.local, whoever it belongs to? */
bool discovery_covers(const char *name);
/* "web.pods.local", in lower case: true when that pod is up and both sides want it. */
bool discovery_find(const struct discovery *d, const char *name, struct discovered *found);

/* "V4 V6 PORT,PORT": -EINVAL. */
int discovery_parse(const char *line, struct discovered *found);

#endif
