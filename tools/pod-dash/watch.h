/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What has changed, as the kernel tells (inotify(7)): which pods there are, and of each its state,
 * queue, log, record, snapshots and layers.  News are gathered for TELL_MS and then said once:
 * {"pod":"web","what":["audit","queue"]}, or {"what":["fleet"]}.  Nothing is polled.
 */
#ifndef POD_DASH_WATCH_H
#define POD_DASH_WATCH_H

#include <stdint.h>

#include "libcommon/buf.h"
#include "libcommon/err.h"
#include "libcommon/loop.h"
#include "tools/pod-dash/runner.h"

#define TELL_MS 250

struct place {
	int wd;
	unsigned kind; /* enum in watch.c */
	char pod[64];
};

struct news {
	char pod[64];
	unsigned kinds;
};

struct files {
	struct watch w;
	struct loop *loop;
	const struct runner *runner;
	struct place *places; /* by wd, which only grows */
	size_t n_places;
	struct news *news;
	size_t n_news;
	uint64_t due; /* 0: nothing to tell */
};

int files_begin(struct files *f, struct loop *l, const struct runner *r, struct err *e);
void files_finish(struct files *f);
/* Say what has gathered; how many ms until there is something to say, -1: nothing waits. */
int files_tell(struct files *f);

#endif
