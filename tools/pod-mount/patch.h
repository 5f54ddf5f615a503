/* SPDX-License-Identifier: Apache-2.0 */
/* The difference of two texts, as diff -u writes it, and in pieces that can be taken one by one. */
#ifndef POD_MOUNT_PATCH_H
#define POD_MOUNT_PATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libcommon/buf.h"

struct line {
	const char *s; /* with its newline, if it has one */
	uint32_t len, number;
};

struct text {
	struct line *v;
	size_t n;
};

/* Lines a0..a1 of the old text give way to lines b0..b1 of the new one; lines around are common. */
struct patch_run {
	size_t a0, a1, b0, b1;
};

/* The texts must live as long as the patch does. */
struct patch {
	struct text a, b;
	struct patch_run *runs; /* in order */
	size_t n;
	size_t added, removed; /* lines */
};

#define OWN_PATCH __attribute__((cleanup(patch_finish)))

/*
 * What turns old into new.  The same for the same two texts, always; time and memory are bounded,
 * so that texts with little in common may give way as a whole.
 */
void patch_make(struct patch *p, const char *old, size_t old_len, const char *new, size_t new_len);
void patch_finish(struct patch *p);

/* Index behind the last run that stands in one hunk with run i, three lines around each. */
size_t patch_hunk_end(const struct patch *p, size_t i);
/* The lines a..a_end of the old text that the hunk of runs i to end shows. */
void patch_hunk_lines(const struct patch *p, size_t i, size_t end, size_t *a, size_t *a_end);
/* Append the hunk of runs i to end. */
void patch_put_hunk(struct buf *out, const struct patch *p, size_t i, size_t end);
/* Append all hunks. */
void patch_put(struct buf *out, const struct patch *p);

#endif
