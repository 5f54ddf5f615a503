/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The marker of a view, pods/NAME/view: "START_NS BOOTTIME_NS BOOT_ID PATH...", a path for each
 * cover.  START_NS is the ctime the state directory's filesystem gave the marker, not the clock's
 * own time: file times come from a coarse clock that lags by up to a tick, and only these two can
 * be compared.
 */
#ifndef POD_MOUNT_VIEW_H
#define POD_MOUNT_VIEW_H

#include <stdbool.h>
#include <stdint.h>

#include "libcommon/err.h"
#include "libcommon/plan.h"
#include "libcommon/pod.h"
#include "tools/pod-mount/cover.h"
#include "tools/pod-mount/layers.h"
#include "tools/pod-mount/mask.h"
#include "tools/pod-mount/mountinfo.h"

struct marker {
	uint64_t start_ns, boot_ns;
	char boot_id[40];
	struct strv covers; /* host paths */
};

#define OWN_MARKER __attribute__((cleanup(marker_finish)))

int marker_write(const struct pod *p, const struct covers *c, struct err *e);
/* Add a cover that came later; the start stays. */
int marker_add(const struct pod *p, const char *cover, struct err *e);
/* From pods/NAME/view or layers/ID/view; -ENOENT when there is none, -EINVAL when it is no marker.
 */
int marker_read(struct marker *m, int dirfd);
int marker_parse(struct marker *m, const char *text);
void marker_finish(struct marker *m);
/* Read the pod's own: 1: what it says is so; 0: it cannot be relied on, since it is torn, missing
 * (then start_ns is 0) or the clock was stepped; -errno. */
int marker_sure(struct marker *m, const struct pod *p, struct err *e);
/* Was the clock set back, or far forward, since the marker was written? */
bool marker_stepped(const struct marker *m);

struct view {
	const struct pod *pod;
	const struct plan *plan;
	const struct stack *stack;
	const struct mask *mask;
	const struct covers *covers;
	const struct mounts *host;
	int userns;
	bool writable_system; /* for set-up commands: /usr and kin can be written under any system:
			       */
	bool unsafe;
	bool live; /* for a pod that runs: mounts must be made unattached */
};

/*
 * Build the view in this process's mount namespace, which must be private and its own, and stand in
 * its root.
 */
int view_build(const struct view *v, struct err *e);

/* Build the overlay of one cover: an unattached mount, or -errno. */
int view_cover(const struct view *v, const struct cover *c, struct err *e);

#endif
