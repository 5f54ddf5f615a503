/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-mount/own_left.h"

#include <stdlib.h>
#include <string.h>

#include "libcommon/own.h"
#include "libcommon/path.h"
#include "tools/pod-mount/bypath.h"

static int by_path(const void *a, const void *b)
{
	const struct own_left_line *x = a, *y = b;
	int r = strcmp(x->path, y->path);

	return r ? r : undo_id_order(x->id, y->id);
}

static void add(struct own_left *o, const struct journal *j, const struct step *st, const char *id)
{
	if (o->n == o->cap) {
		o->cap = o->cap ? 2 * o->cap : 64;
		o->v = xrealloc(o->v, o->cap * sizeof(o->v[0]));
	}
	o->v[o->n++] = (struct own_left_line){path_clean(j->sites.v[st->site], st->path),
					      st->left.ino, st->left.ctime_ns, id};
}

static int load_one(struct own_left *o, const struct pod *p, const char *id, struct err *e)
{
	OWN_JOURNAL struct journal j = JOURNAL_INIT;
	int r = journal_open(&j, p, id, e);

	for (size_t i = 0; r == 0 && i < j.n; i++)
		if (j.steps[i].has_left)
			add(o, &j, &j.steps[i], id);
	return r;
}

int own_left_load(struct own_left *o, const struct pod *p, const struct undo_records *records,
		  const char *id, struct err *e)
{
	int r = committed_load(&o->committed, p, e);

	if (r == 0)
		r = committed_load_restored(&o->restored, p, e);
	for (size_t i = 0; i < records->n && r == 0; i++)
		if (undo_id_order(records->v[i].id, id) > 0)
			r = load_one(o, p, records->v[i].id, e);
	if (o->n > 1)
		qsort(o->v, o->n, sizeof(o->v[0]), by_path);
	return r;
}

void own_left_finish(struct own_left *o)
{
	for (size_t i = 0; i < o->n; i++)
		free(o->v[i].path);
	free(o->v);
	committed_finish(&o->committed);
	committed_finish(&o->restored);
	*o = (struct own_left){0};
}

/* Behind the last line of a path. */
static size_t end_of(const struct own_left *o, const char *path)
{
	return bypath_end(o->v, o->n, sizeof(o->v[0]), path);
}

bool own_left_has(const struct own_left *o, const char *path, uint64_t ino, uint64_t ctime_ns)
{
	for (size_t i = end_of(o, path); i-- > 0 && strcmp(o->v[i].path, path) == 0;)
		if (o->v[i].ino == ino && o->v[i].ctime_ns == ctime_ns)
			return true;
	return committed_has(&o->committed, path, ino, ctime_ns) ||
	       committed_has(&o->restored, path, ino, ctime_ns);
}

const char *own_left_by(const struct own_left *o, const char *path, uint64_t ino)
{
	for (size_t i = end_of(o, path); i-- > 0 && strcmp(o->v[i].path, path) == 0;)
		if (o->v[i].ino == ino)
			return o->v[i].id;
	return NULL;
}
