/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the host had when the pod first changed a path: the base of a change.  A commit that finds
 * something else there would overwrite a person's work.
 *
 * envpod-base(5), one file a layer, written when the layer is closed: a first line
 *     envpod-base 1 START_NS
 * (START_NS: when the view began), then "KIND INO SIZE MTIME_NS CTIME_NS MODE PATH" a line, a last
 * line "end".  PATH is absolute, '\\' and newline escaped.  KIND:
 *     h  the host's entry as it was when the view began
 *     n  there was nothing
 *     ?  cannot be told: the host's entry changed after the view began, or the clock was stepped
 *     -  forgotten: committed or rolled back since; this layer says nothing about the path
 * There is a line for each non-directory, whiteout, opaque or redirected directory of the layer,
 * except below a directory of kind n, which says the same for everything in it.  For entries below
 * a redirected directory there is a second line for the path they came from.
 *
 * The oldest layer that names a path, or an ancestor of it, has the word.  The upper, not yet a
 * layer, is judged against its view's start when base_check() is called.
 */
#ifndef POD_MOUNT_BASE_H
#define POD_MOUNT_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "libcommon/buf.h"
#include "libcommon/err.h"
#include "libcommon/pod.h"
#include "tools/pod-mount/layers.h"

#define BASE_FILE_MAX (256u << 20)

enum base_kind {
	BASE_HOST = 'h',
	BASE_NOTHING = 'n',
	BASE_UNKNOWN = '?',
	BASE_FORGOTTEN = '-',
};

struct base_entry {
	char *path;
	uint64_t ino, size, mtime_ns, ctime_ns;
	uint32_t mode;
	uint32_t layer; /* index in the stack it was loaded from */
	enum base_kind kind;
	struct base_entry *next; /* the same path in a newer layer */
};

struct bases {
	struct base_entry **slots; /* hash table of paths, open addressing */
	size_t nslots, n;
	uint64_t *starts; /* view start of each layer, ns */
	size_t nlayers;
	uint64_t upper_start; /* of the view that wrote the upper; 0: there was none */
	bool upper_unsure;    /* the clock was stepped since */
};

#define OWN_BASES __attribute__((cleanup(bases_finish)))

/* The base files of all layers of the stack, and the view of the upper. */
int bases_load(struct bases *b, const struct pod *p, const struct stack *s, struct err *e);
void bases_finish(struct bases *b);

/*
 * The line that speaks for a path, or NULL when no layer names it.  *exact says whether it is the
 * path's own; otherwise it is an ancestor's, and *start is what the host's ctime is held against.
 */
const struct base_entry *base_lookup(const struct bases *b, const char *path, bool *exact,
				     uint64_t *start);

/* Was the host's entry, beneath the open directory, born after the view in which the pod made or
 * removed what is at this path?  Then the pod never saw it. */
bool base_appeared(const struct bases *b, const char *path, int host, const char *name);

enum base_verdict {
	BASE_SAME,     /* the host is as the agent saw it */
	BASE_CHANGED,  /* the host's entry is another, or has other content */
	BASE_APPEARED, /* there was nothing, now there is something */
	BASE_VANISHED, /* there was something, now there is nothing */
	BASE_UNSURE,   /* cannot be told: a conflict unless both sides agree in content */
};

/*
 * Is the host's entry at an absolute path still what the pod's change was made from?
 * now: the host's entry (fstatat, not followed), NULL when there is none.
 * copied_up: the pod's topmost entry carries trusted.overlay.origin, so there was something.
 */
enum base_verdict base_check(const struct bases *b, const char *path, const struct stat *now,
			     bool copied_up);

/*
 * These paths, and what lies below them, were committed or rolled back: no layer's base speaks for
 * them any more.  Rewrites base files; idempotent.  A layer that others name too becomes the pod's
 * own first, and the stack names the copy.
 */
int bases_forget(const struct pod *p, struct stack *s, char *const *paths, size_t n, struct err *e);

/* The same for directories that no layer has any more: not what is said of paths below them, which
 * may be those of another cover. */
int bases_forget_dirs(const struct pod *p, struct stack *s, char *const *paths, size_t n,
		      struct err *e);

/* Parse one base file's bytes into b as that layer; -EINVAL with the line on anything unexpected.
 */
int base_parse(struct bases *b, uint32_t layer, const char *data, size_t len, struct err *e);

/*
 * Write the base of a tree (upper/ or a layer's tree/) that lies above the first `below` layers of
 * the stack.  *redirects becomes true when a directory carries a redirect.
 */
int base_write(struct buf *out, const struct pod *p, const struct stack *s, size_t below,
	       int treefd, bool *redirects, struct err *e);

/* The same for a view that began at `start`, whatever the pod's marker says now; 0: unknown. */
int base_write_since(struct buf *out, const struct pod *p, const struct stack *s, size_t below,
		     int treefd, uint64_t start, bool *redirects, struct err *e);
/* One line of a base file; st NULL: all zero. */
void base_line(struct buf *out, enum base_kind kind, const struct stat *st, const char *path);

/* Merge the base of `newer` into that of `older`: oldest wins (for squash). */
int base_merge(struct buf *out, const char *older, size_t older_len, const char *newer,
	       size_t newer_len, struct err *e);

/* The same for the open directories of two layers; written to `to`, which may be the older one. */
int base_union(int older, int newer, int to, struct err *e);

#endif
