/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The write-ahead journal of an operation that changes the host or a pod's layers, and its record
 * for undo: pods/NAME/undo/ID/{journal,new/N}, envpod-journal(5), where every line is described.
 *
 * While an operation is under way undo/open holds its ID.  Before "prepared" nothing of the host
 * was touched: a crash is undone.  After it, a crash is finished.  Which steps happened is told by
 * the inode that lies at new/N.
 */
#ifndef POD_MOUNT_JOURNAL_H
#define POD_MOUNT_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libcommon/buf.h"
#include "libcommon/err.h"
#include "libcommon/pod.h"
#include "libcommon/undo.h"
#include "tools/pod-mount/journal_times.h"

#define JOURNAL_MAX (1u << 30) /* bytes */
#define JOURNAL_ID  UNDO_ID

enum step_verb { STEP_PUT, STEP_REMOVE, STEP_META, STEP_DROP, STEP_RESET, STEP_GIVE, STEP_VERBS };

/* Enough of an entry to know it again. */
struct ident {
	uint64_t ino, ctime_ns, mtime_ns, size;
};

struct step {
	enum step_verb verb;
	uint32_t site;
	uint32_t mode, uid, gid;
	struct ident old; /* ino 0: nothing there */
	char *path;
	bool from_layer;
	uint32_t was_mode, was_uid, was_gid;
	char *layer; /* NULL: the upper */
	char *raw;   /* path within the layer's tree of the cover */
	bool taken;
	uint64_t take; /* then: its number in the record that is undone */
	uint64_t staged, staged_mtime_ns, staged_size; /* new/N; inode 0: not staged */
	bool has_left;     /* else nobody can tell what the step left: it changed at once */
	struct ident left; /* ino 0: nothing */
	uint32_t left_mode;
	bool kept; /* its layer keeps an entry of its own beside what is put on the host */
	/* not written down: */
	bool busy;     /* somebody else changed its directory since the view began */
	bool restored; /* undone: the host has the old entry again, with a ctime of our making */
};

struct prune {
	uint32_t site;
	char *layer, *raw;
};

enum journal_state {
	JOURNAL_OPEN, /* cut off before "planned": nothing was done */
	JOURNAL_PLANNED,
	JOURNAL_PREPARED,
	JOURNAL_APPLIED,
	JOURNAL_DONE,
	JOURNAL_UNDONE,
};

struct journal {
	char verb[16]; /* commit, rollback, undo, redo, return */
	char id[JOURNAL_ID];
	char undoes[JOURNAL_ID]; /* "": none */
	uint64_t files;
	struct layer_starts layers, starts;
	struct strv sites;
	struct step *steps;
	size_t n, cap;
	struct prune *prunes;
	size_t nprunes, capprunes;
	struct dir_times dirs;  /* those that steps act in, as they were before */
	struct dir_times times; /* what is to be set when all is done */
	enum journal_state state;
	int dir; /* undo/ID */
	int fd;  /* the file, for appending */
};

#define OWN_JOURNAL __attribute__((cleanup(journal_finish)))
#define JOURNAL_INIT                \
	{                           \
		.dir = -1, .fd = -1 \
	}

/* In memory: strings are copied. */
uint32_t journal_site(struct journal *j, const char *cover);
struct step *journal_step(struct journal *j, enum step_verb verb, uint32_t site, const char *path);
void step_from(struct step *st, const char *layer, const char *raw);
void journal_prune(struct journal *j, uint32_t site, const char *layer, const char *raw);
void journal_finish(struct journal *j);

/* Does an operation of this kind change the host's files?  (Others look at them only.) */
bool journal_on_host(const struct journal *j);

/* Make undo/ID and write the plan, synced. */
int journal_begin(struct journal *j, const struct pod *p, struct err *e);
/* Append what was staged and "prepared", synced. */
int journal_prepared(struct journal *j, struct err *e);
/* Append what the steps left and "applied", synced: from now on there is no way back. */
int journal_applied(struct journal *j, struct err *e);
/* Append "done" or "undone", synced. */
int journal_end(struct journal *j, enum journal_state state, struct err *e);

/* Parse a journal's bytes; a torn last line is left out.  -EINVAL with the line. */
int journal_parse(struct journal *j, const char *data, size_t len, struct err *e);
/* Open undo/ID and read its journal; without one the state is JOURNAL_OPEN. */
int journal_open(struct journal *j, const struct pod *p, const char *id, struct err *e);

/* Read the journal of undo/ID, perhaps of somebody else's pod: nothing is changed or mended. */
int journal_read(struct journal *j, const struct pod *p, const char *id, struct err *e);

/*
 * Finish or take back what a crash cut off; undo/open names it.  Under the pod's lock, before
 * anything else looks at the layers or mounts them.
 */
int journal_recover(const struct pod *p, struct err *e);

#endif
