/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pod files that come with envpod: share/presets/NAME.yaml, whose first line says what each is for,
 * "# CATEGORY: DESCRIPTION".  Who wants one of his own starts with a copy.
 */
#ifndef ENVPOD_PRESETS_H
#define ENVPOD_PRESETS_H

#include "libcommon/err.h"

/* The file of the preset of that name, in any case; the caller frees.  NULL with e set (a usage
 * error), and the nearest name, when there is none. */
char *preset_file(const char *name, struct err *e);

#endif
