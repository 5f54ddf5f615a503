/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENVPOD_INIT_H
#define ENVPOD_INIT_H

#include <stdbool.h>

/* Make pod name from a pod file (NULL: all defaults) and run its setup.  An exit status. */
int init_pod(const char *name, const char *file, bool verbose);

#endif
