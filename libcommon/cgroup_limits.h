/* SPDX-License-Identifier: Apache-2.0 */
/* One table of limits: plan key, controller, files, and how v1 wants the value said. */
#ifndef LIBCOMMON_CGROUP_LIMITS_H
#define LIBCOMMON_CGROUP_LIMITS_H

#include "libcommon/cgroup_tree.h"
#include "libcommon/plan.h"

struct limit {
	const char *key;  /* plan key, which is also the file's name in v2 */
	const char *none; /* the v2 value that means no limit */
	const char *help; /* what a value looks like */
	enum controller ctl;
	bool v1; /* can a v1 hierarchy drive it? */
};
extern const struct limit limits[];
extern const size_t nlimits;

enum limits_how {
	LIMITS_ALL,  /* what the plan has, and no limit where it has none */
	LIMITS_NEW,  /* the same in groups just made; others stay as they are */
	LIMITS_ONLY, /* what the plan has; the rest stays as it is */
};

/* Make the groups the plan needs and write its limits.  Status 77 where nothing can drive one. */
int limits_apply(struct cgtree *t, const struct plan *pl, enum limits_how how, struct err *e);

#endif
