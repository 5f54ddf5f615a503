/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pod's number, and by it the host ids of its network daemons.  STATE/netids/N is a symlink to
 * the name of the pod that has number N; it is taken at first need, and free again once that pod is
 * gone.
 */
#ifndef LIBCOMMON_NETID_H
#define LIBCOMMON_NETID_H

#include <sys/types.h>

#include "libcommon/buf.h"
#include "libcommon/err.h"
#include "libcommon/pod.h"

#define NETID_MAX  65535u
#define NETID_BASE 1879048192u      /* 0x70000000: above what container managers hand out */
#define NETID_DASH (NETID_BASE - 1) /* the dashboard's, which is no pod's */

enum netid_role {
	NETID_DNS,
	NETID_PROXY,
	NETID_INJECT,
	NETID_QUEUE,
	NETID_MONITOR,
	NETID_ACTION,
	NETID_TRACE,
	NETID_WEB,
	NETID_SCREEN
};

/* The number of this pod, 1 … NETID_MAX, taken when it has none; -errno with e set. */
int netid_get(const struct pod *p, struct err *e);
/* The same, but 0 when it has none. */
int netid_find(const struct pod *p);
/* The uid, and gid, of one daemon of the pod with that number. */
uid_t netid_uid(int number, enum netid_role role);

/*
 * inotify_init1(2) on the account of that daemon: root may have 128 instances in all
 * (fs.inotify.max_user_instances), which is less than two for each of many pods.
 */
int netid_inotify(const struct pod *p, enum netid_role role, struct err *e);

/*
 * pods/NAME/policy, made when missing: 0711 root:DNS, so that daemons, locked down, can open files
 * beneath this descriptor: pod-dns all of them (0640 root:DNS), the relay and the injector "proxy"
 * (0644, nothing in it is secret).  Nobody else gets so far.
 */
int policy_open(const struct pod *p, struct err *e);

/* Replace a file of it in one step; nobody ever sees one that pod-dns could not read. */
int policy_replace(const struct pod *p, int policy, const char *file, const struct buf *text,
		   struct err *e);

#endif
