/* SPDX-License-Identifier: Apache-2.0 */
/* What the view gets besides overlays: mounts[], /tmp, /run, and read-only system directories. */
#ifndef POD_MOUNT_BINDS_H
#define POD_MOUNT_BINDS_H

#include <stdbool.h>
#include <stddef.h>

#include "libcommon/err.h"
#include "libcommon/plan.h"

struct view;

enum bind_mode { BIND_RO, BIND_RW, BIND_COW };

/* One "mount MODE SOURCE TARGET" of the plan. */
struct bind_ask {
	enum bind_mode mode;
	char *source, *target; /* absolute and clean */
};

/* The next one at or after *i; false at the end.  Lines that make no sense are skipped. */
bool bind_next(const struct plan *pl, size_t *i, struct bind_ask *b);
/* Parse one; false when it is none. */
bool bind_parse(struct bind_ask *b, const char *value);
void bind_finish(struct bind_ask *b);

/* Fresh /tmp and /run, on the open root of the view. */
int bind_fresh(const struct view *v, int root, struct err *e);
/* /usr, /bin, /sbin, /lib*: read-only clones of the view over themselves (system: safe). */
int bind_system(const struct view *v, int root, struct err *e);
/* Is what stands there read-only with them? */
bool bind_is_system(const struct view *v, const char *target);
/* One of mounts[] that is ro or rw. */
int bind_attach(const struct view *v, int root, const struct bind_ask *b, struct err *e);

/*
 * May the host's path be shown without the overlay?  0, or -errno with status 3 and the reason:
 * state, run directory, masked paths, and (unless unsafe) sockets that command the host.
 */
int bind_judge(const struct view *v, const struct bind_ask *b, const char *real, struct err *e);

/* A mount of the host's path as the plan asks for it, unattached. */
int bind_make(const struct view *v, const struct bind_ask *b, struct err *e);

/* Open the place in the view where something is attached; made when it lies on a tmpfs of ours. */
int bind_target(const struct view *v, int root, const char *target, bool dir, struct err *e);

#endif
