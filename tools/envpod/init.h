/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVPOD_INIT_H
#define ENVPOD_INIT_H

#include <stdbool.h>

#include "libcommon/err.h"
#include "libcommon/pod.h"

/* Make pod name from a pod file (NULL: all defaults) and run its setup.  An exit status. */
int init_pod(const char *name, const char *file, bool verbose);

/* The parts, for clone.  A new and empty directory of a pod, its lock held and passed on. */
int init_claim(struct pod *p, const char *name, struct err *e);
/* Take it back, with what was made in it. */
void init_unclaim(const struct pod *p);
/* From now on it counts as made.  An exit status. */
int init_mark_created(const struct pod *p);

/* --create-base and --base-name NAME of init and setup: make a base where one is wanted. */
int init_base(const char *pod, bool wanted, const char *base);

#endif
