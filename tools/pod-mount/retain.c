/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-mount/retain.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/record.h"
#include "libcommon/say.h"
#include "libcommon/undo.h"
#include "libcommon/unit.h"
#include "tools/pod-mount/holders.h"
#include "tools/pod-mount/layers.h"
#include "tools/pod-mount/undo_record.h"

#define MAX_AGE   (30ull * 86400)
#define MAX_SIZE  (10ull << 30)
#define STALE_S   3600
#define DEPTH_MAX 5000 /* a record may hold what the agent nested; PATH_MAX allows no more */

struct kept {
	char id[JOURNAL_ID];
	bool undone, dropped;
	uint64_t bytes;
	time_t made;
};

struct retain {
	const struct pod *pod;
	int undo; /* pods/NAME/undo */
	struct kept *v;
	size_t n;
	uint64_t bytes; /* of all that are left */
	uint64_t freed;
	struct strv gone;
};

static void retain_finish(struct retain *t)
{
	own_close(&t->undo);
	free(t->v);
	strv_finish(&t->gone);
}

/* --- how large a record is --- */

struct measure {
	DIR **stack;
	size_t depth;
	uint64_t bytes;
};

static void enter(struct measure *m, int dirfd, const char *name)
{
	int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *d = fd < 0 || m->depth == DEPTH_MAX ? NULL : fdopendir(fd);

	if (d)
		m->stack[m->depth++] = d;
	else
		own_close(&fd);
}

static void look(struct measure *m, DIR *d, const char *name)
{
	struct stat st;

	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
	    fstatat(dirfd(d), name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return;
	m->bytes += (uint64_t)st.st_blocks * 512;
	if (S_ISDIR(st.st_mode))
		enter(m, dirfd(d), name);
}

/* A restore's record: the layers that it alone kept when it was made. */
static void enter_layers(struct measure *m, int record)
{
	OWN_FREE char *path = xfmt("%s/layers", pod_state_dir());
	OWN_FD int layers = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	OWN_STACK struct stack old = {0}, new = {0};
	struct err ignore = {0};

	if (layers < 0 || stack_load_at(&old, record, "stack", &ignore) < 0 ||
	    stack_load_at(&new, record, "stack.new", &ignore) < 0)
		return;
	for (size_t i = 0; i < old.n; i++)
		if (!stack_has(&new, old.v[i].id))
			enter(m, layers, old.v[i].id);
}

/* What a note keeps elsewhere. */
static uint64_t held(const struct pod *p, const char *id)
{
	OWN_UNDO_NOTE struct undo_note n = {0};
	struct err ignored = {0};

	return undo_read(&n, p, id, &ignored) < 0 ? 0 : undo_held(p, &n);
}

static void drop_held(const struct pod *p, const char *id)
{
	OWN_UNDO_NOTE struct undo_note n = {0};
	struct err ignored = {0};

	if (undo_read(&n, p, id, &ignored) == 0 && n.holds)
		remove_tree_at(p->dir, n.holds);
}

static uint64_t measure(int undo, const char *id)
{
	struct measure m = {.stack = xcalloc(DEPTH_MAX + LAYERS_MAX, sizeof(DIR *))};
	OWN_FD int record = open_beneath(undo, id, O_RDONLY | O_DIRECTORY, 0);
	uint64_t bytes;

	enter(&m, undo, id);
	if (record >= 0)
		enter_layers(&m, record);
	while (m.depth > 0) {
		DIR *d = m.stack[m.depth - 1];
		struct dirent *ent = readdir(d);

		if (ent) {
			look(&m, d, ent->d_name);
			continue;
		}
		closedir(d);
		m.depth--;
	}
	bytes = m.bytes;
	free(m.stack);
	return bytes;
}

/* Measured once: a record does not grow.  One that was taken back has shrunk. */
static uint64_t size_of(const struct retain *t, const struct kept *k)
{
	OWN_FD int fd = open_beneath(t->undo, k->id, O_RDONLY | O_DIRECTORY, 0);
	const char *name = k->undone ? "size.undone" : "size";
	char text[32];
	uint64_t bytes;

	if (fd < 0)
		return 0;
	if (read_line_at(fd, name, text, sizeof(text)) >= 0 &&
	    unit_u64(text, UINT64_MAX, &bytes) == 0)
		return bytes;
	bytes = measure(t->undo, k->id) + held(t->pod, k->id);
	snprintf(text, sizeof(text), "%" PRIu64, bytes);
	write_file_at(fd, name, text, strlen(text), 0600, false);
	return bytes;
}

/* --- which --- */

static int by_time(const void *a, const void *b)
{
	const struct kept *x = a, *y = b;

	return undo_id_order(x->id, y->id);
}

static void add(struct retain *t, const char *id)
{
	OWN_FREE char *undone = xfmt("%s/undone", id);
	struct kept *k;

	t->v = xrealloc(t->v, (t->n + 1) * sizeof(t->v[0]));
	k = &t->v[t->n++];
	*k = (struct kept){.made = (time_t)undo_id_seconds(id)};
	snprintf(k->id, sizeof(k->id), "%.39s", id); /* undo_is_id() */
	k->undone = faccessat(t->undo, undone, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
	k->bytes = size_of(t, k);
	t->bytes += k->bytes;
}

/* A record that nobody came to finish; who writes one now is quick. */
static bool is_stale(const struct retain *t, const char *name)
{
	struct stat st;

	return strncmp(name, ".new-record-", 12) == 0 &&
	       fstatat(t->undo, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       time(NULL) - st.st_mtime > STALE_S;
}

/* What a crash left of a record on its way out, or in, goes first. */
static int load(struct retain *t)
{
	int fd = openat(t->undo, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	OWN_DIR DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *ent;

	while (d && (ent = readdir(d)))
		if (strncmp(ent->d_name, ".gone-", 6) == 0 || is_stale(t, ent->d_name))
			remove_tree_at(t->undo, ent->d_name);
		else if (undo_is_id(ent->d_name))
			add(t, ent->d_name);
	if (t->n > 1)
		qsort(t->v, t->n, sizeof(t->v[0]), by_time);
	return d ? 0 : -errno;
}

static void drop(struct retain *t, struct kept *k)
{
	k->dropped = true;
	t->bytes -= k->bytes;
	t->freed += k->bytes;
	strv_add(&t->gone, k->id);
}

static void choose(struct retain *t, uint64_t max_age, uint64_t max_size)
{
	time_t now = time(NULL);
	size_t last = t->n ? t->n - 1 : 0;

	for (size_t i = 0; i < last; i++)
		if (now > t->v[i].made && (uint64_t)(now - t->v[i].made) > max_age)
			drop(t, &t->v[i]);
	for (int undone = 1; undone >= 0; undone--)
		for (size_t i = 0; i < last && t->bytes > max_size; i++)
			if (!t->v[i].dropped && t->v[i].undone == undone)
				drop(t, &t->v[i]);
}

/* --- and away --- */

static int record(const struct retain *t, struct err *e)
{
	OWN_EVENT struct event ev;

	event_init(&ev, t->pod->name, "mount", "undo_pruned");
	event_num(&ev, "count", (int64_t)t->gone.n);
	event_num(&ev, "bytes", (int64_t)t->freed);
	event_strv(&ev, "ids", t->gone.v);
	return record_event(&ev, true, e);
}

static int drop_all(struct retain *t, struct err *e)
{
	char size[16];
	int r = record(t, e);

	for (size_t i = 0; i < t->gone.n && r == 0; i++) {
		OWN_FREE char *name = xfmt(".gone-%s", t->gone.v[i]);

		drop_held(t->pod, t->gone.v[i]);
		if (renameat(t->undo, t->gone.v[i], t->undo, name) < 0)
			r = err_set(e, errno, "drop undo/%s", t->gone.v[i]);
		else if ((r = remove_tree_at(t->undo, name)) < 0)
			err_set(e, -r, "remove undo/%s", name);
	}
	if (r == 0)
		say_warn("%zu undo record%s of pod %s (%s) dropped: undo.max_age and "
			 "undo.max_size of the pod file say what is kept",
			 t->gone.n, t->gone.n == 1 ? "" : "s", t->pod->name,
			 unit_human(t->freed, size));
	return r;
}

/* A restore's record names layers, which go with it. */
static int drop_with_layers(struct retain *t, struct err *e)
{
	OWN_HOLDERS struct holders before = {0};
	int r = holders_load_own(&before, t->pod, e);

	if (r == 0)
		r = drop_all(t, e);
	return r == 0 ? holders_let_go(&before, e) : r;
}

void undo_retain(const struct pod *p, const struct plan *pl)
{
	OWN(retain_finish) struct retain t = {.pod = p};
	struct err e = {0};

	t.undo = open_beneath(p->dir, "undo", O_RDONLY | O_DIRECTORY, 0);
	if (t.undo < 0 || load(&t) < 0)
		return;
	choose(&t, plan_u64(pl, "undo.max_age", MAX_AGE), plan_u64(pl, "undo.max_size", MAX_SIZE));
	if (t.gone.n && drop_with_layers(&t, &e) < 0)
		say_err(&e);
}
