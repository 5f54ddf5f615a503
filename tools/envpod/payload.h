/* SPDX-License-Identifier: Apache-2.0 */
/* What `envpod remote POD restrict --payload JSON` says. */
#ifndef ENVPOD_PAYLOAD_H
#define ENVPOD_PAYLOAD_H

#include <stddef.h>

#include "libcommon/buf.h"
#include "libcommon/err.h"

#define PAYLOAD_MAX 4096 /* bytes */

/*
 * Add "KEY=VALUE" for each member of the object, as pod-limit takes it: cpu_cores, memory_bytes,
 * max_pids, cpuset_cpus; disk_bytes as "storage=BYTES".  Anything else is an error (64), with what
 * was meant where that can be guessed.
 */
int payload_parse(struct strv *words, const char *data, size_t len, struct err *e);

#endif
