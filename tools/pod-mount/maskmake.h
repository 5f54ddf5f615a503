/* SPDX-License-Identifier: Apache-2.0 */
/* Making the mask layer, and keeping it true to the host. */
#ifndef POD_MOUNT_MASKMAKE_H
#define POD_MOUNT_MASKMAKE_H

#include <stdbool.h>

#include "tools/pod-mount/cover.h"
#include "tools/pod-mount/mask.h"

struct mask_ask {
	const struct pod *pod;
	const struct plan *plan;
	const struct strv *tracked; /* working directories, which soft masks give way to */
	const char *cwd;            /* one more; NULL: none */
	const struct mounts *host;
	const struct mask *old; /* what was there before; NULL: nothing */
	bool rescan;            /* find out the generic class anew */
};

/*
 * Bring mask.list and mask/ in line with the plan and with what the host has now, and say which
 * covers the view has.  Cheap where nothing changed: a stat for each directory it depends on.
 */
int mask_settle(struct mask *m, struct covers *c, const struct mask_ask *ask, struct err *e);
/* The same, all of it anew. */
int mask_prepare(struct mask *m, struct covers *c, const struct mask_ask *ask, struct err *e);

/* The parts, for tests. */

/* The home of the person the pod belongs to; of somebody without one, a path that is nowhere. */
const char *mask_home(const struct mask_ask *ask);
/* Patterns of share/masks, the plan's mask, reveal, view and apps, our own files, mount points. */
int mask_collect(struct mask *m, const struct mask_ask *ask, struct err *e);
/* One pattern, already absolute; soft as in mask_entry. */
void mask_expand(struct mask *m, const char *pattern, bool soft);
/* Take a path out again, splitting a hidden directory above it into its other entries. */
void mask_reveal(struct mask *m, const char *path);
/* The generic class: what the invoking user could not read and no package put there. */
int mask_scan(struct mask *m, const struct mask_ask *ask, struct err *e);
/* Write mask/COVER for each cover, in place of what was there; watches what it mirrors. */
int mask_write(struct mask *m, const struct covers *c, const struct pod *p,
	       const struct mask_ask *ask, struct err *e);
/* Give the directories of mask/ the times, modes and owners of the host's again. */
int mask_remirror(struct mask *m, const struct covers *c, const struct pod *p, struct err *e);
/* A desktop that would be root's is the agent's, whom hosts do not know: name and home are ours. */
#define MASK_AGENT_ID   60000u /* as pod-exec has it */
#define MASK_AGENT_HOME "/home/agent"
bool mask_has_agent(const struct mask_ask *ask);

/* The text of a file of ours (/etc/hosts, ...), or NULL. */
char *mask_text(const struct mask_ask *ask, const char *path);

#endif
