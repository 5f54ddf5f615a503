/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-mount/undo_record.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/say.h"
#include "libcommon/undo.h"
#include "tools/pod-mount/undo.h"

static int by_time(const void *a, const void *b)
{
	const struct undo_record *x = a, *y = b;

	return undo_id_order(x->id, y->id);
}

static struct undo_record *append(struct undo_records *list, const char *id)
{
	struct undo_record *rec;

	list->v = xrealloc(list->v, (list->n + 1) * sizeof(list->v[0]));
	rec = &list->v[list->n++];
	*rec = (struct undo_record){.files = 0};
	snprintf(rec->id, sizeof(rec->id), "%.39s", id); /* undo_is_id() */
	return rec;
}

static int read_undone(struct undo_record *rec, const struct pod *p, struct err *e)
{
	OWN_FREE char *path = xfmt("undo/%s", rec->id);
	OWN_FD int dir = open_beneath(p->dir, path, O_RDONLY | O_DIRECTORY, 0);
	int r = dir < 0 ? dir : read_line_at(dir, "undone", rec->undone, sizeof(rec->undone));

	if (r < 0)
		*rec->undone = '\0';
	return r < 0 && r != -ENOENT ? err_set(e, -r, "read undo/%s/undone", rec->id) : 0;
}

static int add(struct undo_records *list, const struct pod *p, const struct journal *j,
	       struct err *e)
{
	struct undo_record *rec = append(list, j->id);

	rec->files = j->files;
	snprintf(rec->verb, sizeof(rec->verb), "%s", j->verb);
	snprintf(rec->undoes, sizeof(rec->undoes), "%s", j->undoes);
	return read_undone(rec, p, e);
}

static int add_note(struct undo_records *list, const struct pod *p, const char *id, struct err *e)
{
	OWN_UNDO_NOTE struct undo_note n = {0};
	int r = undo_read(&n, p, id, e);
	struct undo_record *rec;

	if (r < 0)
		return r;
	rec = append(list, id);
	rec->noted = true;
	rec->note = n;
	n = (struct undo_note){0};
	snprintf(rec->verb, sizeof(rec->verb), "%s", rec->note.what.v[0]);
	snprintf(rec->undoes, sizeof(rec->undoes), "%s", rec->note.undoes);
	return read_undone(rec, p, e);
}

/* One that cannot be read must not keep the others from being taken back. */
static int load_one(struct undo_records *list, const struct pod *p, const char *id, struct err *e)
{
	OWN_JOURNAL struct journal j = JOURNAL_INIT;
	struct err bad = {0};
	int r = add_note(list, p, id, &bad);

	if (r < 0 && r != -ENOENT)
		say_warn("%s", bad.msg);
	if (r != -ENOENT)
		return 0;
	r = journal_open(&j, p, id, e);
	if (r == 0 && j.state == JOURNAL_DONE && undo_kind(j.verb))
		r = add(list, p, &j, e);
	return r;
}

int undo_records_load(struct undo_records *list, const struct pod *p, struct err *e)
{
	int fd = open_beneath(p->dir, "undo", O_RDONLY | O_DIRECTORY, 0), r = 0;
	OWN_DIR DIR *d = fd < 0 ? NULL : fdopendir(fd);
	const char *name;
	int more = 0;

	if (!d)
		return fd == -ENOENT ? 0
				     : err_set(e, fd < 0 ? -fd : errno, "open %s/undo", p->path);
	while (r == 0 && (more = dir_next(d, &name)) > 0)
		if (undo_is_id(name))
			r = load_one(list, p, name, e);
	if (r == 0 && more < 0)
		r = err_set(e, -more, "list %s/undo", p->path);
	if (list->n > 1)
		qsort(list->v, list->n, sizeof(list->v[0]), by_time);
	return r;
}

void undo_records_finish(struct undo_records *list)
{
	for (size_t i = 0; i < list->n; i++)
		undo_note_finish(&list->v[i].note);
	free(list->v);
	*list = (struct undo_records){0};
}

const struct undo_record *undo_records_find(const struct undo_records *list, const char *id,
					    struct err *e)
{
	const struct undo_record *found = NULL;

	for (size_t i = 0; i < list->n; i++) {
		if (strcmp(list->v[i].id, id) == 0)
			return &list->v[i];
		if (*id && strncmp(list->v[i].id, id, strlen(id)) != 0)
			continue;
		if (found) {
			err_set(e, ERR_PLAIN, "undo %s: several records begin so; give more of it",
				esc(id));
			return NULL;
		}
		found = &list->v[i];
	}
	if (!found)
		err_set(e, ERR_PLAIN,
			"undo %s: there is no such record (without ID they are listed)", esc(id));
	return found;
}
