/* SPDX-License-Identifier: Apache-2.0 */
/* From the compiled pod to its plan, envpod-plan(5): text for programs that read no JSON. */
#ifndef POD_CONFIG_FLATTEN_H
#define POD_CONFIG_FLATTEN_H

#include <jv.h>

#include "libcommon/buf.h"
#include "libcommon/err.h"

/* Which pod.json a plan belongs to. */
struct stat;

/* Append the whole plan of pod (borrowed), its first line naming the pod.json that `json` is of. */
int flatten(jv pod, const struct stat *json, struct buf *plan, struct err *e);

/* Its lines about a desktop, none where the pod has none. */
int flatten_desktop(jv pod, struct buf *plan, struct err *e);

#endif
