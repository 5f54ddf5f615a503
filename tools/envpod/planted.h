/* SPDX-License-Identifier: Apache-2.0 */
/* What probes look for: planted where a pod must not get at it, or true of this host. */
#ifndef ENVPOD_PLANTED_H
#define ENVPOD_PLANTED_H

#include "libcommon/buf.h"
#include "libcommon/err.h"
#include "libcommon/plan.h"
#include "tools/envpod/throwaway.h"

struct planted {
	char secret[33], mark[48]; /* mark: the name of files that probes leave in the pod */
	char *state, *run;         /* of the host */
	struct strv ns;            /* its namespaces, "KIND NAME" */
	struct strv roots;         /* directories that every pod hides */
	struct buf bait;           /* lines as pod-probe(1) wants them */
	char *stage;               /* a file with those that the stage wants */
};

void planted_finish(struct planted *p);
/* Before the clone's network is entered: what the host is. */
int planted_begin(struct planted *p, struct err *e);
/* Plant it all; t and pl are the clone. */
int planted_place(struct planted *p, const struct throwaway *t, const struct plan *pl,
		  struct err *e);
/* One more line. */
void planted_add(struct planted *p, const char *name, const char *value);

#endif
