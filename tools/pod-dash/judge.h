/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a login may ask for beyond its role: a pod that is there, and a pod file that opens no door
 * of the host's unless the login is an admin's.
 */
#ifndef POD_DASH_JUDGE_H
#define POD_DASH_JUDGE_H

#include "libcommon/err.h"
#include "tools/pod-dash/ask.h"

/* 0; -EPERM, -ENOENT or another -errno, with e set. */
int judge(const struct route *r, const struct ask *a, struct err *e);

#endif
