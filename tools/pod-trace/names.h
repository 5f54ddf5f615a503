/* SPDX-License-Identifier: Apache-2.0 */
#ifndef POD_TRACE_NAMES_H
#define POD_TRACE_NAMES_H

#include "libcommon/buf.h"
#include "tools/pod-trace/bpf/record.h"

/* A chain of names, entry first, as a path from the root; ".../" in front where it was cut off. */
void names_path(struct buf *path, const struct trace_names *n);

/*
 * The words of a command line, NUL behind each, as far as they came: the last one may lack its NUL.
 * At most max words.
 */
void names_argv(struct strv *argv, const char *data, size_t len, size_t max);

#endif
