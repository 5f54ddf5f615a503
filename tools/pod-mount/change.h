/* SPDX-License-Identifier: Apache-2.0 */
/* One difference between what the pod sees and what the host has, and lists of them. */
#ifndef POD_MOUNT_CHANGE_H
#define POD_MOUNT_CHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "libcommon/buf.h"

enum change_kind {
	CHANGE_ADDED = 'A',
	CHANGE_MODIFIED = 'M',
	CHANGE_DELETED = 'D',
	CHANGE_TYPE = 'T', /* a file became a directory, a link a file, … */
};

/* What a CHANGE_MODIFIED differs in. */
enum change_what {
	WHAT_CONTENT = 1,
	WHAT_MODE = 2,
	WHAT_OWNER = 4,
	WHAT_XATTR = 8,
};

enum change_mark {
	MARK_SENSITIVE = 1 << 0, /* the host will execute it later */
	MARK_SETUID = 1 << 1,
	MARK_ESCAPES = 1 << 2,  /* a symlink that leads out of what is tracked */
	MARK_CONFLICT = 1 << 3, /* the host changed too */
	MARK_BINARY = 1 << 4,
	MARK_LARGE = 1 << 5,
	MARK_MASKED = 1 << 6, /* lies on a masked path: never committed */
	MARK_DEEP = 1 << 7,   /* the path is too long for any program to name */
	MARK_APPEARED =
		1 << 8, /* on the host only since the pod deleted something there: it stays */
	MARK_LAST = MARK_APPEARED,
};

/* Where a layer's entry lies when that is no source: nothing of it is in a layer. */
#define SOURCE_NONE UINT16_MAX

struct change {
	const char *dir;  /* absolute, "" for the root: dir "/" name is the path */
	const char *name; /* both live in the list's arena */
	const char *from; /* the host path whose content shows here (below a renamed directory) */
	const char *raw;  /* its path within its layer, below a renamed directory; NULL: as path */
	const char *target; /* of a symlink the pod has */
	uint64_t size, old_size;
	uint64_t old_ino, old_ctime_ns, old_mtime_ns; /* the host's entry when it was looked at */
	uint32_t mode, old_mode;             /* with type bits; 0: there is none on this side */
	uint32_t uid, gid, old_uid, old_gid; /* in the pod, on the host */
	const struct buf *composed; /* commit this content instead of the layer's, and the host's
				     * mode and owner; the layer keeps what it has */
	bool with_mode;             /* with composed: but the pod's mode */
	bool merged;                /* with composed: it is of both sides, and the pod's goes */
	uint32_t nlink, old_nlink;
	uint16_t cover;  /* index of the cover */
	uint16_t source; /* index of the topmost layer that has it, SOURCE_NONE */
	uint16_t copies; /* how many layers have an entry of this name here */
	uint8_t kind, what;
	uint8_t conflict; /* enum base_verdict of the host's side */
	uint16_t marks;
	uint8_t similarity; /* with twin: percent */
	uint32_t twin;      /* the other half of a rename, if they were looked for: its index + 1 */
	bool fresh;   /* a directory of which neither the host nor a hidden layer has anything */
	bool plain;   /* its directory shows the host's of the same path, or is new */
	bool chosen;  /* selected for commit or rollback */
	bool by_name; /* selected by its very path, not by a prefix, a pattern or default */
};

struct changes {
	struct change *v;
	size_t n, cap;
	struct chunk *arena;
};

#define OWN_CHANGES __attribute__((cleanup(changes_finish)))

struct change *changes_add(struct changes *list); /* zeroed; valid until the next one is added */
/* A copy of len bytes of s that lives as long as the list. */
const char *changes_text(struct changes *list, const char *s, size_t len);
void changes_clear(struct changes *list);
void changes_finish(struct changes *list);

/* The absolute path, in b anew (cleared before). */
const char *change_path(const struct change *c, struct buf *b);
/* Is c's path dir itself or below it (dir clean, absolute)? */
bool change_below(const struct change *c, const char *dir);
/* Order of listings: by component, a directory before what is in it. */
int path_order(const char *a, const char *b);
/* Put a list together from several covers in path order. */
void changes_sort(struct changes *list);
/* Index of the first change at or behind path in that order. */
size_t changes_find(const struct changes *list, const char *path);
/* Index behind the last change that lies at or below v[i]'s path; the list is in path order. */
size_t changes_end(const struct changes *list, size_t i);

bool change_is_dir(const struct change *c);      /* a directory on the side that counts */
const char *change_type(const struct change *c); /* "file", "dir", "link", "fifo", "socket", … */
const char *mark_name(unsigned bit);

#endif
