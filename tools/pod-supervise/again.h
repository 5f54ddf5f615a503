/* SPDX-License-Identifier: Apache-2.0 */
/* What it takes to start a run's chain once more, when a check of health asks for it. */
#ifndef POD_SUPERVISE_AGAIN_H
#define POD_SUPERVISE_AGAIN_H

#include <stdbool.h>

#include "libcommon/buf.h"
#include "libcommon/err.h"

#define AGAIN_FDS 4

struct again {
	struct strv chain;
	bool secrets;       /* the run had some */
	int fds[AGAIN_FDS]; /* numbers the chain's words name: the descriptors are long closed */
	int nfds;
};

/* Keep the words of the chain, which are about to be hidden, and what it was given. */
void again_keep(struct again *a, char *const *chain, const int *fds, int nfds);
void again_finish(struct again *a);

/* In the child that becomes the chain: secrets anew, and nobody behind the old descriptors. */
int again_prepare(const struct again *a, const char *pod, struct err *e);

/* The command that the chain leads to: what stands behind the second "--"; NULL when none does. */
const char *again_command(char *const *chain);

#endif
