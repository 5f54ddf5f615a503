/* SPDX-License-Identifier: Apache-2.0 */
/* Changing the ports of a pod: policy/ports.json, and the forwarder that runs. */
#ifndef POD_PROXY_CHANGE_H
#define POD_PROXY_CHANGE_H

#include "libcommon/buf.h"
#include "libcommon/plan.h"
#include "libcommon/pod.h"
#include "libcommon/ports.h"
#include "libcommon/undo.h"

struct change {
	struct pod pod;
	struct plan plan;
	int policy;               /* directory, locked */
	struct ports planned;     /* the pod file's */
	struct ports_change file; /* of ports.json, as it will be */
	struct ports before, after;
	bool exact; /* status 3 where what is to be added is there, or what is to go is not */
};

#define CHANGE_INIT                            \
	{                                      \
		.pod = POD_INIT, .policy = -1, \
	}

/* Read what holds, under a lock that others who want to change it wait for. */
int change_open(struct change *c, const char *pod, struct err *e);
void change_finish(struct change *c);

/* Status 2 where the host's port is the pod's already for something else. */
int change_add(struct change *c, const struct port *p, struct err *e);
/* Every port that matches "8080", "8080/udp", "8080:80" …; status 2 when none does. */
int change_remove(struct change *c, enum port_scope scope, const char *text, struct err *e);

/* On record, in force, in the file: all of it or nothing; envpod undo takes it back. */
int change_commit(struct change *c, struct err *e);

/* Register what takes the change back; id is "" where nothing changes. */
int change_register(const struct change *c, char id[UNDO_ID], struct err *e);

/* What is open now, by the forwarder's own word; none where none runs. */
int change_open_now(const struct change *c, struct ports *now, struct err *e);

/* Print all ports of these scopes (bits by enum port_scope); the exit status. */
int change_print(const struct change *c, unsigned scopes, bool json);

#endif
