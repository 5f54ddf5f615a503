/* SPDX-License-Identifier: Apache-2.0 */
/* Times that a journal keeps: when layers were begun, and of directories. */
#ifndef POD_MOUNT_JOURNAL_TIMES_H
#define POD_MOUNT_JOURNAL_TIMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A layer and when its view began: one that the operation adds, or one it dropped entries from. */
struct layer_start {
	char *id; /* NULL: the upper */
	uint64_t ns;
};

struct layer_starts {
	struct layer_start *v;
	size_t n;
};

/* A host directory and its mtime, which changes when entries come and go. */
struct dir_time {
	uint32_t site;
	char *path;
	uint64_t ino, ns;
	bool has_left;
	uint64_t left_ns; /* as the operation left it */
};

struct dir_times {
	struct dir_time *v;
	size_t n, cap;
};

/* Strings are copied; the journal's journal_finish() frees them. */
void layer_starts_add(struct layer_starts *list, const char *id, uint64_t ns);
struct dir_time *dir_times_add(struct dir_times *list, uint32_t site, const char *path);

#endif
