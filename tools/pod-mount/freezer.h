/* SPDX-License-Identifier: Apache-2.0 */
/* A pod that stands still while somebody looks at what it writes: its guardians, too, which an
 * agent may have had a hand in. */
#ifndef POD_MOUNT_FREEZER_H
#define POD_MOUNT_FREEZER_H

#include <sys/types.h>

#include "libcommon/err.h"
#include "libcommon/pod.h"

/* A child of ours thaws the pod when the pipe's other end is closed: also when we are killed. */
struct freezer {
	int pipe;
	pid_t pid;
};

#define FREEZER_INIT       \
	{                  \
		.pipe = -1 \
	}

int freezer_start(struct freezer *f, const struct pod *p, struct err *e);
int freezer_end(struct freezer *f, const struct pod *p, struct err *e);

#endif
