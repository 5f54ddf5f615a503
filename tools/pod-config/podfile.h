/* SPDX-License-Identifier: Apache-2.0 */
/* From the bytes of a pod file, or of a pod.json, to the compiled pod: pod.json as a jv object. */
#ifndef POD_CONFIG_PODFILE_H
#define POD_CONFIG_PODFILE_H

#include "libcommon/err.h"
#include "tools/pod-config/type.h"

/*
 * Compile YAML, or JSON when the origin is a compiled one.  The result is complete and normal:
 * compiled again it gives itself.  An invalid jv with at least one error in p otherwise.
 */
jv podfile_compile(const char *data, size_t len, const struct origin *o, struct problems *p);

/* The text of pod.json, for people (indented) or for pipes (one line); with its newline. */
jv podfile_text(jv pod, bool indented);

/* Write pod.yaml, pod.json and plan into a directory, each by rename.  What could make the plan
 * impossible is found before anything is written.  pod is borrowed. */
struct buf;
int podfile_write(int dir, const struct buf *yaml, jv pod, struct err *e);

/* Bytes of a pod file: "-" is standard input; 78 when longer than NODE_BYTES_MAX. */
int podfile_load(const char *file, struct buf *b, struct err *e);

#endif
