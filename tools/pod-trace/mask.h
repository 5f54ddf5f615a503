/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The secrets that a pod's runs are given (vault.env): wherever one of their values stands in what
 * is to be written down, [KEY] is written instead.
 */
#ifndef POD_TRACE_MASK_H
#define POD_TRACE_MASK_H

#include <stdbool.h>
#include <stddef.h>

#include "libcommon/buf.h"
#include "libcommon/err.h"
#include "libcommon/plan.h"

struct mask {
	char *data; /* KEY=VALUE and a NUL each; locked memory */
	size_t len, size;
	bool unknown; /* the vault could not be read: no word of a command line may be written */
};

/* Ask pod-vault; a vault that cannot be read makes m->unknown. */
int mask_load(struct mask *m, const char *pod, const struct plan *plan, struct err *e);
void mask_finish(struct mask *m);

/* Does the pod file give secrets to runs at all? */
bool mask_wanted(const struct plan *plan);

/* text with all values replaced, and, where it was cut off, the beginning of one at its end; caller
 * frees. */
char *mask_text(const struct mask *m, const char *text, bool cut);

#endif
