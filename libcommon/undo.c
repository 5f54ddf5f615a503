/* SPDX-License-Identifier: Apache-2.0 */
#include "libcommon/undo.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/plan.h"
#include "libcommon/record.h"
#include "libcommon/say.h"
#include "libcommon/words.h"

/* --- writing --- */

static void put_words(struct buf *b, const char *key, char *const *v)
{
	OWN_BUF struct buf line = BUF_INIT;

	for (; *v; v++)
		words_add(&line, *v);
	buf_fmt(b, "%s %s\n", key, line.data);
}

static void put_word(struct buf *b, const char *key, char *word)
{
	char *const v[] = {word, NULL};

	if (word && *word)
		put_words(b, key, v);
}

static void put_note(struct buf *b, const struct undo_note *n)
{
	buf_str(b, "envpod-undo 1\n");
	put_words(b, "what", n->what.v);
	put_word(b, "by", n->by);
	put_word(b, "undoes", (char *)n->undoes);
	put_word(b, "holds", n->holds);
	if (n->run.n)
		put_words(b, "run", n->run.v);
	else
		put_word(b, "never", n->never);
}

/* Who asks, and what the command that asks takes back. */
static void fill_in(struct undo_note *n)
{
	const char *undoes = secure_getenv(UNDO_ENV);
	struct pod_caller c;
	struct err ignored = {0};

	if (!n->by)
		n->by = pod_caller(&c, &ignored) == 0 ? xstrdup(c.name) : xfmt("%u", getuid());
	if (!*n->undoes && undoes && undo_is_id(undoes))
		snprintf(n->undoes, sizeof(n->undoes), "%s", undoes);
}

/* A word of nothing cannot be written. */
static bool is_whole(const struct strv *words)
{
	for (size_t i = 0; i < words->n; i++)
		if (!*words->v[i])
			return false;
	return true;
}

/* Complete under another name; then the next ID is its own. */
static int place(int undo, const char *temp, char id[UNDO_ID])
{
	int r;

	do {
		r = undo_id_next(undo, id);
		if (r == 0 && renameat2(undo, temp, undo, id, RENAME_NOREPLACE) < 0)
			r = -errno;
	} while (r == -EEXIST);
	return r;
}

static int write_note(int undo, const char *temp, const struct buf *b)
{
	OWN_FD int dir = -1;
	int r = mkdirat(undo, temp, 0700) < 0 ? -errno : 0;

	if (r == 0)
		r = dir = open_beneath(undo, temp, O_RDONLY | O_DIRECTORY, 0);
	return r < 0 ? r : write_file_at(dir, "record", b->data, b->len, 0600, true);
}

static int open_undo(const struct pod *p, struct err *e)
{
	int fd;

	if (mkdirat(p->dir, "undo", 0700) < 0 && errno != EEXIST)
		return err_set(e, errno, "make %s/undo", p->path);
	fd = open_beneath(p->dir, "undo", O_RDONLY | O_DIRECTORY, 0);
	return fd < 0 ? err_set(e, -fd, "open %s/undo", p->path) : fd;
}

static void keep_few(const struct pod *p, int undo, bool holds);

int undo_register(const struct pod *p, struct undo_note *n, char id[UNDO_ID], struct err *e)
{
	OWN_BUF struct buf b = BUF_INIT;
	OWN_FREE char *temp = xfmt(".new-record-%d", (int)getpid());
	OWN_FD int undo = open_undo(p, e);
	int r;

	if (undo < 0)
		return undo;
	if (!is_whole(&n->what) || !is_whole(&n->run))
		return err_set(e, EINVAL, "write an undo record of pod %s", p->name);
	fill_in(n);
	put_note(&b, n);
	if (b.len > UNDO_RECORD_MAX)
		return err_set(e, E2BIG, "write an undo record of pod %s", p->name);
	remove_tree_at(undo, temp);
	r = write_note(undo, temp, &b);
	if (r == 0)
		r = place(undo, temp, id);
	if (r < 0) {
		remove_tree_at(undo, temp);
		return err_set(e, -r, "write an undo record in %s/undo", p->path);
	}
	keep_few(p, undo, n->holds != NULL);
	return 0;
}

/* --- afterwards --- */

/* Out of the list in one step, then away with what it holds. */
static int drop(const struct pod *p, int undo, const char *id)
{
	OWN(undo_note_finish) struct undo_note n = {0};
	OWN_FREE char *gone = xfmt(".gone-%s", id);
	struct err ignored = {0};

	undo_read(&n, p, id, &ignored);
	if (renameat(undo, id, undo, gone) < 0)
		return -errno;
	if (n.holds)
		remove_tree_at(p->dir, n.holds);
	return remove_tree_at(undo, gone);
}

void undo_withdraw(const struct pod *p, const char *id)
{
	OWN_FD int undo = open_beneath(p->dir, "undo", O_RDONLY | O_DIRECTORY, 0);
	int r = undo < 0 ? undo : drop(p, undo, id);

	if (r < 0)
		say_note("remove %s/undo/%s: %s", p->path, id, strerror(-r));
}

int undo_mark(const struct pod *p, const char *id, const char *by, struct err *e)
{
	OWN_FREE char *path = xfmt("undo/%s", id);
	OWN_FD int dir = open_beneath(p->dir, path, O_RDONLY | O_DIRECTORY, 0);
	int r = dir < 0 ? dir : write_file_at(dir, "undone", by, strlen(by), 0600, true);

	return r < 0 ? err_set(e, -r, "write %s/%s/undone", p->path, path) : 0;
}

static int by_order(const void *a, const void *b)
{
	return undo_id_order(*(char *const *)a, *(char *const *)b);
}

static bool has(int undo, const char *id, const char *file)
{
	OWN_FREE char *path = xfmt("%s/%s", id, file);

	return faccessat(undo, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* The IDs of undo/, the oldest first. */
static int list(int undo, struct strv *ids)
{
	int fd = openat(undo, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), more;
	OWN_DIR DIR *d = fd < 0 ? NULL : fdopendir(fd);
	const char *name;

	if (!d)
		return -errno;
	while ((more = dir_next(d, &name)) > 0)
		if (undo_is_id(name))
			strv_add(ids, name);
	if (ids->n > 1)
		qsort(ids->v, ids->n, sizeof(*ids->v), by_order);
	return more;
}

int undo_standing(const struct pod *p, const char *kind, char id[UNDO_ID])
{
	OWN_FD int undo = open_beneath(p->dir, "undo", O_RDONLY | O_DIRECTORY, 0);
	OWN_STRV struct strv ids = {0};
	int r = undo < 0 ? undo : list(undo, &ids);

	for (size_t i = ids.n; r == 0 && i-- > 0;) {
		OWN(undo_note_finish) struct undo_note n = {0};
		struct err ignored = {0};

		if (has(undo, ids.v[i], "undone") || undo_read(&n, p, ids.v[i], &ignored) < 0 ||
		    strcmp(n.what.v[0], kind) != 0)
			continue;
		snprintf(id, UNDO_ID, "%s", ids.v[i]);
		return 0;
	}
	return r < 0 ? r : -ENOENT;
}

static void put_on_record(const struct pod *p, const struct strv *gone)
{
	OWN_EVENT struct event ev;
	struct err e = {0};

	event_init(&ev, p->name, "undo", "undo_pruned");
	event_num(&ev, "count", (int64_t)gone->n);
	event_strv(&ev, "ids", gone->v);
	if (record_event(&ev, true, &e) < 0)
		say_err(&e);
}

/* Of a directory, what lies in it: it has no further ones. */
uint64_t undo_held(const struct pod *p, const struct undo_note *n)
{
	OWN_DIR DIR *d = NULL;
	const char *name;
	uint64_t blocks;
	struct stat st;
	int fd;

	if (!n->holds || fstatat(p->dir, n->holds, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	blocks = (uint64_t)st.st_blocks;
	fd = S_ISDIR(st.st_mode) ? open_beneath(p->dir, n->holds, O_RDONLY | O_DIRECTORY, 0) : -1;
	d = fd < 0 ? NULL : fdopendir(fd);
	while (d && dir_next(d, &name) > 0)
		if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
			blocks += (uint64_t)st.st_blocks;
	return blocks * 512;
}

/* What must go, for the others to be few, and to hold no more than the pod file allows. */
struct excess {
	const struct pod *p;
	int undo;
	struct strv ids, gone;
	uint64_t *held; /* of each */
	bool *agents;   /* what an agent had done: it makes as many records as it likes */
	size_t count;
	uint64_t bytes, most;
};

static void excess_finish(struct excess *x)
{
	strv_finish(&x->ids);
	strv_finish(&x->gone);
	free(x->held);
	free(x->agents);
}

static void weigh(struct excess *x)
{
	OWN_PLAN struct plan pl = {0};
	struct err ignored = {0};

	plan_open(&pl, x->p, &ignored);
	x->most = plan_u64(&pl, "undo.max_size", 10ull << 30);
	x->count = x->ids.n;
	x->held = xcalloc(x->ids.n + 1, sizeof(*x->held));
	x->agents = xcalloc(x->ids.n + 1, sizeof(*x->agents));
	for (size_t i = 0; i < x->ids.n; i++) {
		OWN(undo_note_finish) struct undo_note n = {0};

		if (undo_read(&n, x->p, x->ids.v[i], &ignored) < 0)
			continue;
		x->held[i] = undo_held(x->p, &n);
		x->agents[i] = n.by && strcmp(n.by, "agent") == 0;
		x->bytes += x->held[i];
	}
}

static bool is_few(const struct excess *x)
{
	return x->count <= UNDO_RECORDS_MAX && x->bytes <= x->most;
}

/* The oldest first, never the newest; of too much to hold, only what holds something. */
static void drop_oldest(struct excess *x, bool agents)
{
	for (size_t i = 0; i + 1 < x->ids.n && !is_few(x); i++) {
		const char *id = x->ids.v[i];

		if (x->agents[i] != agents || (x->count <= UNDO_RECORDS_MAX && !x->held[i]) ||
		    !has(x->undo, id, "record") || has(x->undo, id, "journal") ||
		    drop(x->p, x->undo, id) < 0)
			continue;
		x->count--;
		x->bytes -= x->held[i];
		strv_add(&x->gone, id);
	}
}

/* Of records alone: what journals hold is the host's, and `pod-mount` drops them by age and size.
 * What an agent had done goes first, so that it cannot push out what a person did. */
static void keep_few(const struct pod *p, int undo, bool holds)
{
	OWN(excess_finish) struct excess x = {.p = p, .undo = undo};

	if (list(undo, &x.ids) < 0 || (x.ids.n <= UNDO_RECORDS_MAX && !holds))
		return;
	weigh(&x);
	drop_oldest(&x, true);
	drop_oldest(&x, false);
	if (x.gone.n)
		put_on_record(p, &x.gone);
}
