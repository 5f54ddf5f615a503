/* SPDX-License-Identifier: Apache-2.0 */
/* What the words of `pod-mount snapshot` are told. */
#ifndef POD_MOUNT_SNAPSHOT_H
#define POD_MOUNT_SNAPSHOT_H

#include <stdbool.h>
#include <stdint.h>

#include "libcommon/err.h"
#include "libcommon/pod.h"
#include "tools/pod-mount/snapshots.h"

struct snapshot_ask {
	const struct pod *pod; /* locked and recovered */
	char **args;           /* the words behind the verb */
	const char *name;
	uint64_t keep;
	bool json, size;
	bool agent; /* an action of the pod's agent asks */
};

/* List them, oldest first. */
int snapshot_ls(const struct snapshot_ask *a, struct err *e);

/* What changed from one to another, or to what the pod has now. */
int snapshot_diff(const struct snapshot_ask *a, struct err *e);

#endif
