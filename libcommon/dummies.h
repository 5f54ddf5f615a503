/* SPDX-License-Identifier: Apache-2.0 */
/* What stands for the secrets that are bound to hosts: the lines "dummy KEY VALUE" of policy/proxy,
 * as variables. */
#ifndef LIBCOMMON_DUMMIES_H
#define LIBCOMMON_DUMMIES_H

#include "libcommon/buf.h"
#include "libcommon/err.h"
#include "libcommon/pod.h"

/* Add "KEY=VALUE" for each; none where there is no such file. */
int dummies_load(struct strv *env, const struct pod *p, struct err *e);
/* The same of the file's text; status 78 for what we did not write. */
int dummies_parse(struct strv *env, const char *data, size_t len, struct err *e);

#endif
