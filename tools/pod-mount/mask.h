/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The mask layer, pods/NAME/mask/COVER/: between the host and the pod's layers.  It holds whiteouts
 * (hidden paths), opaque directories (emptied ones), a few files of our own (/etc/resolv.conf) and
 * places to mount on.  Parents mirror the host's owner, mode, ACLs and times.
 *
 * mask.list says what it holds and what it was made from: envpod-mask(5).
 */
#ifndef POD_MOUNT_MASK_H
#define POD_MOUNT_MASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libcommon/buf.h"
#include "libcommon/err.h"
#include "libcommon/plan.h"
#include "libcommon/pod.h"

#define MASK_LIST_MAX (4u << 20)
#define MASK_MAX      20000 /* entries */

enum mask_kind {
	MASK_NONE = 0,
	MASK_HIDDEN = 'h',  /* whiteout: to the pod it does not exist */
	MASK_EMPTIED = 'e', /* directory shown without what the host has in it */
	MASK_MADE = 'g',    /* a file or directory of ours in place of the host's */
	MASK_POINT = 'p',   /* a place to mount on, where the host has none or hides it */
};

struct mask_entry {
	char *path; /* absolute host path */
	enum mask_kind kind;
	bool soft;    /* hidden for a general reason (another user's home, generic class, minimal
			 view): a working directory named by the user may be shown all the same */
	bool scanned; /* of the generic class, which takes longer to find out */
	bool file;    /* made or mounted on: a file, not a directory */
	bool derived; /* made: what stands there instead is not listed either, being made by tools
		       */
};

/* A host directory or file the mask depends on, as it was when the mask was made. */
struct mask_watch {
	char *path;
	uint64_t ino, ctime_ns;
	uint32_t mode, uid, gid;
	bool scanned; /* the generic class depends on it */
};

struct mask {
	struct mask_entry *v; /* sorted by path */
	size_t n, cap;
	struct mask_watch *watches;
	size_t nwatches;
	struct strv known; /* private files that belong to a package: shown */
	uint64_t input;  /* what it was asked to hold: pod file, working directories, data files */
	uint64_t ground; /* the same without the directories: what the generic class follows from */
	uint64_t covers; /* which covers the trees were made for */
	int fault;       /* -errno: something could not be looked at; then this is no mask */
	char *unseen;    /* the first such path */
};

#define OWN_MASK __attribute__((cleanup(mask_finish)))

/* Read pods/NAME/mask.list; empty when the pod has none yet. */
int mask_load(struct mask *m, const struct pod *p, struct err *e);
int mask_save(const struct mask *m, const struct pod *p, struct err *e);
int mask_parse(struct mask *m, const char *data, size_t len, struct err *e);
void mask_finish(struct mask *m);

/* Add; an entry that is there already keeps the stronger kind.  mask_sort() afterwards. */
struct mask_entry *mask_add(struct mask *m, const char *path, enum mask_kind kind);
/* Sort, and drop what lies below hidden or emptied paths and is neither made nor mounted on. */
void mask_sort(struct mask *m);
/* A look at path failed: unless nothing is there, nobody knows what there is to hide. */
void mask_fault(struct mask *m, int code, const char *path);
/* Remember how a host path looks now; nothing there counts as a look, too. */
void mask_watch(struct mask *m, const char *path, bool scanned);
bool watch_same(const struct mask_watch *w);

/* The entry that decides about path: its own, or the nearest ancestor's; NULL. */
const struct mask_entry *mask_find(const struct mask *m, const char *path);
/* Must the path never be committed?  True for hidden paths, what lies in emptied ones, and ours. */
bool mask_covers(const struct mask *m, const char *path);
/* Is there a derived file of ours at this very path? */
bool mask_derived(const struct mask *m, const char *path);
/* Does anything masked lie below this directory? */
bool mask_below(const struct mask *m, const char *dir);

#endif
