/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What changed from one snapshot to another.  Both are held against the host as it is now, which is
 * what a path that only one of them changed looks like in the other.
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcommon/jsonw.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "tools/pod-mount/compare.h"
#include "tools/pod-mount/content.h"
#include "tools/pod-mount/snapshot.h"
#include "tools/pod-mount/survey.h"

struct sides {
	struct survey *a, *b;
	const char *cwd;
	bool json;
};

static const char *word(char letter)
{
	return letter == 'A'   ? "added"
	       : letter == 'D' ? "deleted"
	       : letter == 'T' ? "type"
			       : "modified";
}

static void print(const struct sides *s, char letter, const char *path)
{
	OWN_BUF struct buf b = BUF_INIT;

	if (!s->json) {
		printf("%c  %s\n", letter, esc(path_from(path, s->cwd)));
		return;
	}
	jw_open(&b, '{');
	jw_kstr(&b, "path", path);
	jw_kstr(&b, "kind", word(letter));
	jw_close(&b, '}');
	printf("%s\n", b.data);
}

/* From what one side has (0: nothing) to what the other has. */
static char letter_of(uint32_t from, uint32_t to)
{
	if (from == 0 || to == 0)
		return from ? 'D' : 'A';
	return (from & S_IFMT) != (to & S_IFMT) ? 'T' : 'M';
}

static bool is_same_entry(const struct sides *s, const struct change *x, const struct change *y)
{
	const char *p, *q;

	if (x->source == SOURCE_NONE || y->source == SOURCE_NONE)
		return false;
	p = survey_layer_id(s->a, x->source);
	q = survey_layer_id(s->b, y->source);
	return p && q && strcmp(p, q) == 0 && !x->raw && !y->raw && !S_ISDIR(x->mode);
}

static bool is_same_content(const struct sides *s, const struct change *x, const struct change *y)
{
	unsigned char p[DIGEST_BYTES], q[DIGEST_BYTES];

	if (!S_ISREG(x->mode) && !S_ISLNK(x->mode))
		return true;
	if (S_ISREG(x->mode) && x->size != y->size)
		return false;
	return content_digest(s->a, x, SIDE_POD, p) == 0 &&
	       content_digest(s->b, y, SIDE_POD, q) == 0 && memcmp(p, q, sizeof(p)) == 0;
}

/* Attributes of files and directories; who cannot tell says that they differ. */
static bool is_same_xattrs(const struct sides *s, const struct change *x, const struct change *y)
{
	OWN_FD int p = -1, q = -1;

	if (!S_ISREG(x->mode) && !S_ISDIR(x->mode))
		return true;
	p = content_open(s->a, x, SIDE_POD);
	q = p < 0 ? -1 : content_open(s->b, y, SIDE_POD);
	return p >= 0 && q >= 0 &&
	       !xattrs_differ(p, x->from ? NULL : &s->a->ids, q, y->from ? NULL : &s->b->ids);
}

static void both(const struct sides *s, const struct change *x, const struct change *y,
		 const char *path)
{
	bool same = x->mode == y->mode && x->uid == y->uid && x->gid == y->gid;

	if (x->mode == 0 && y->mode == 0)
		return;
	if (same &&
	    (is_same_entry(s, x, y) || (is_same_content(s, x, y) && is_same_xattrs(s, x, y))))
		return;
	print(s, letter_of(x->mode, y->mode), path);
}

static void compare(const struct sides *s)
{
	const struct changes *a = &s->a->changes, *b = &s->b->changes;
	size_t i = 0, k = 0;

	while (i < a->n || k < b->n) {
		OWN_BUF struct buf x = BUF_INIT, y = BUF_INIT;
		const char *p = i < a->n ? change_path(&a->v[i], &x) : NULL;
		const char *q = k < b->n ? change_path(&b->v[k], &y) : NULL;
		int order = !p ? 1 : !q ? -1 : path_order(p, q);

		if (order < 0)
			print(s, letter_of(a->v[i].mode, a->v[i].old_mode), p);
		else if (order > 0)
			print(s, letter_of(b->v[k].old_mode, b->v[k].mode), q);
		else
			both(s, &a->v[i], &b->v[k], p);
		i += order <= 0;
		k += order >= 0;
	}
}

/* "now": what the pod has, its upper too. */
static int load(struct survey *to, const struct snapshot_ask *a, const struct snapshots *all,
		const char *what, struct err *e)
{
	struct survey_opts o = {.all = true, .setup = true};
	int r;

	if (strcmp(what, "now") != 0) {
		const struct snapshot *s = snapshots_find(all, what, a->pod, e);

		if (!s)
			return -e->code;
		o.stack = &s->stack;
	}
	r = survey_adopt(to, a->pod, &o, e);
	return r == 0 ? survey_walk(to, e) : r;
}

int snapshot_diff(const struct snapshot_ask *a, struct err *e)
{
	OWN_SURVEY struct survey from = SURVEY_INIT, to = SURVEY_INIT;
	OWN_SNAPSHOTS struct snapshots all = {0};
	OWN_FREE char *cwd = getcwd(NULL, 0);
	const struct sides s = {&from, &to, cwd ? cwd : "/", a->json};
	int r = snapshots_load(&all, a->pod, true, e);

	if (r == 0)
		r = load(&from, a, &all, a->args[0], e);
	if (r == 0)
		r = load(&to, a, &all, a->args[1] ? a->args[1] : "now", e);
	if (r == 0)
		compare(&s);
	return r;
}
