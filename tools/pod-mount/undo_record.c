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
#include "tools/pod-mount/undo.h"

void undo_id_time(const char *id, char out[24])
{
	unsigned y, mo, d, h, mi, s;

	if (sscanf(id, "%4u%2u%2uT%2u%2u%2uZ", &y, &mo, &d, &h, &mi, &s) == 6)
		snprintf(out, 24, "%04u-%02u-%02uT%02u:%02u:%02uZ", y % 10000, mo % 100, d % 100,
			 h % 100, mi % 100, s % 100);
	else
		*out = '\0';
}

uint64_t undo_id_seconds(const char *id)
{
	struct tm tm = {0};

	if (sscanf(id, "%4d%2d%2dT%2d%2d%2dZ", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &tm.tm_hour,
		   &tm.tm_min, &tm.tm_sec) != 6)
		return 0;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	return (uint64_t)timegm(&tm);
}

int undo_id_order(const char *a, const char *b)
{
	const char *x = strrchr(a, '-'), *y = strrchr(b, '-');
	size_t n = x ? (size_t)(x - a) : strlen(a);
	int r;

	if (!x || !y || n != (size_t)(y - b))
		return strcmp(a, b);
	r = memcmp(a, b, n);
	if (r == 0)
		r = (strlen(x) > strlen(y)) - (strlen(x) < strlen(y)); /* "-9" before "-10" */
	return r ? r : strcmp(x, y);
}

static int by_time(const void *a, const void *b)
{
	const struct undo_record *x = a, *y = b;

	return undo_id_order(x->id, y->id);
}

static int add(struct undo_records *list, const struct journal *j, struct err *e)
{
	struct undo_record *rec;
	int r;

	list->v = xrealloc(list->v, (list->n + 1) * sizeof(list->v[0]));
	rec = &list->v[list->n++];
	*rec = (struct undo_record){.files = j->files};
	snprintf(rec->id, sizeof(rec->id), "%s", j->id);
	snprintf(rec->verb, sizeof(rec->verb), "%s", j->verb);
	snprintf(rec->undoes, sizeof(rec->undoes), "%s", j->undoes);
	r = read_line_at(j->dir, "undone", rec->undone, sizeof(rec->undone));
	if (r < 0)
		*rec->undone = '\0';
	return r < 0 && r != -ENOENT ? err_set(e, -r, "read undo/%s/undone", j->id) : 0;
}

static int load_one(struct undo_records *list, const struct pod *p, const char *id, struct err *e)
{
	OWN_JOURNAL struct journal j = JOURNAL_INIT;
	int r = journal_open(&j, p, id, e);

	if (r == 0 && j.state == JOURNAL_DONE && undo_kind(j.verb))
		r = add(list, &j, e);
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
		if (journal_is_id(name))
			r = load_one(list, p, name, e);
	if (r == 0 && more < 0)
		r = err_set(e, -more, "list %s/undo", p->path);
	if (list->n > 1)
		qsort(list->v, list->n, sizeof(list->v[0]), by_time);
	return r;
}

void undo_records_finish(struct undo_records *list)
{
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
