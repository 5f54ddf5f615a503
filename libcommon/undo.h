/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was done, and the command that takes it back: pods/NAME/undo/ID/record, envpod-undo(5).
 * (Operations on the host's files have a journal in the same place: tools/pod-mount/journal.h.)
 *
 * A producer registers before its deed where it can, and withdraws the record when the deed failed.
 * The command must look before it changes anything: where the state is not what the deed left, it
 * ends with POD_EXIT_REFUSED.  It is itself a producer, and its own record is how to do it again.
 */
#ifndef LIBCOMMON_UNDO_H
#define LIBCOMMON_UNDO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libcommon/buf.h"
#include "libcommon/err.h"
#include "libcommon/pod.h"

#define UNDO_ID         40
#define UNDO_RECORD_MAX 65536 /* bytes of a record */

/* Set while `pod-mount undo` runs a record's command: what is registered then undoes this ID. */
#define UNDO_ENV "ENVPOD_UNDOES"

struct undo_note {
	struct strv what; /* its kind (freeze, limits, mount, dns, ports, action …), then words */
	struct strv run;  /* tool and words of the command; empty: never */
	char *never;      /* why nothing can take it back */
	char *by;         /* who did it; NULL: the caller */
	char *holds;      /* a file of the pod's directory that goes with the record, or NULL */
	char undoes[UNDO_ID]; /* "": it is no undo itself */
};

#define OWN_UNDO_NOTE __attribute__((cleanup(undo_note_finish), unused))
void undo_note_finish(struct undo_note *n);
/* Add words, ended by NULL. */
void undo_words(struct strv *to, ...) __attribute__((sentinel));

/*
 * Write it as the newest record, in one step; its ID in id.  By and undoes are filled in where they
 * are empty.  Beyond UNDO_RECORDS_MAX records, or undo.max_size of what they hold, the oldest go
 * (event undo_pruned).
 */
#define UNDO_RECORDS_MAX 1000
int undo_register(const struct pod *p, struct undo_note *n, char id[UNDO_ID], struct err *e);
/* The deed was not done: no such record.  A failure is only noted, since the command will refuse.
 */
void undo_withdraw(const struct pod *p, const char *id);
/* Note in record id that by took it back. */
int undo_mark(const struct pod *p, const char *id, const char *by, struct err *e);
/* The newest record of this kind that nothing has taken back; -ENOENT. */
int undo_standing(const struct pod *p, const char *kind, char id[UNDO_ID]);

/* Status 2 on what is no record; -ENOENT without a message where undo/ID has none. */
int undo_read(struct undo_note *n, const struct pod *p, const char *id, struct err *e);
/* The same of its text. */
int undo_parse(struct undo_note *n, const char *data, size_t len, struct err *e);
/* Bytes of the file or the directory that it holds. */
uint64_t undo_held(const struct pod *p, const struct undo_note *n);
/* Is it one of the tools that a record may run? */
bool undo_tool(const char *name);

/* IDs: a name that sorts by time, "20261122T101720Z-1"; journals have them, too. */
bool undo_is_id(const char *s);
int undo_id_next(int undo, char id[UNDO_ID]);    /* one that undo/ does not have; 0 or -errno */
void undo_id_time(const char *id, char out[24]); /* "2026-11-22T10:17:20Z"; "" when it has none */
uint64_t undo_id_seconds(const char *id);        /* since 1970; 0 when it has no time */
int undo_id_order(const char *a, const char *b); /* by time, then by number */

#endif
