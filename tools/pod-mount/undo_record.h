/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The records of what was done, pods/NAME/undo/ID: journals of operations on files, and notes of
 * other deeds (libcommon/undo.h).
 */
#ifndef POD_MOUNT_UNDO_RECORD_H
#define POD_MOUNT_UNDO_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libcommon/err.h"
#include "libcommon/pod.h"
#include "tools/pod-mount/journal.h"

struct undo_record {
	char id[JOURNAL_ID];
	char verb[16]; /* of a journal; the kind of a note */
	bool noted;    /* what it did is taken back by a command: see note */
	struct undo_note note;
	char undoes[JOURNAL_ID]; /* "": it is no undo itself */
	char undone[JOURNAL_ID]; /* by which one; "": it stands */
	uint64_t files;
};

struct undo_records {
	struct undo_record *v; /* oldest first */
	size_t n;
};

#define OWN_UNDO_RECORDS __attribute__((cleanup(undo_records_finish)))

/* Those that came to their end, and of a kind that undo knows. */
int undo_records_load(struct undo_records *list, const struct pod *p, struct err *e);
void undo_records_finish(struct undo_records *list);
/* By its ID or the beginning of it; status 2 when none or several begin so. */
const struct undo_record *undo_records_find(const struct undo_records *list, const char *id,
					    struct err *e);

#endif
