/* SPDX-License-Identifier: Apache-2.0 */
/* The daemon as a whole: what is opened as root, what it becomes, what wakes it. */
#ifndef POD_DNS_DAEMON_H
#define POD_DNS_DAEMON_H

#include <stdbool.h>

#include "libcommon/canary.h"
#include "libcommon/names.h"
#include "libcommon/plan.h"
#include "libcommon/pod.h"
#include "tools/pod-dns/cut.h"
#include "tools/pod-dns/server.h"

struct daemon {
	struct pod pod;
	struct plan plan;
	struct loop loop;
	struct resolver resolver;
	struct server server;
	struct log log;
	struct names names;
	struct discovery discovery;
	struct canaries *canaries;
	struct cut cut;
	struct cidr *open; /* private networks that names may point to */
	size_t n_open;
	int policy;     /* directory of dns.json */
	int resolv_dir; /* that of the host's resolv.conf; -1: upstreams are the pod file's */
	const char *resolv_name;
	char resolv_path[4096];
	int64_t resolv_stamp;
	struct watch changes, signals;
	int64_t next_end; /* when an entry of the policy ends; 0: none does */
	uint64_t resolv_due_ms;
};

struct daemon_listen {
	const char *where; /* NULL: in the pod's namespace; else "ADDRESS#PORT" here */
	int fd[SERVER_LISTEN];
	unsigned n; /* sockets that are open already, instead of all others */
};

/* Everything that needs root. */
int daemon_open(struct daemon *d, const char *pod, const struct daemon_listen *at, int event_fd,
		struct err *e);
int daemon_lock_down(const struct daemon *d, struct err *e);
int daemon_run(struct daemon *d, struct err *e);
void daemon_finish(struct daemon *d);

/* Read the policy again (reload.c): on a fault the old rules stay, and an event says why. */
void daemon_reload(struct daemon *d);
/* Take away pins that the rules do not allow: how many there were. */
unsigned daemon_review(struct daemon *d);
int daemon_watch_policy(struct daemon *d, struct err *e);
/* Upstreams of the host's resolv.conf, again if it has changed. */
void daemon_follow_host(struct daemon *d);
int daemon_open_host(struct daemon *d, struct err *e);

#endif
