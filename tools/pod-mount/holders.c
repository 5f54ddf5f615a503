/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-mount/holders.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "tools/pod-mount/layers.h"

#define TEXT_MAX         (1u << 20) /* bytes of a stack's or snapshot's text */
#define JOURNAL_TEXT_MAX (1u << 30)

struct gather {
	struct holders *h;
	const struct pod *p;
	enum holders_less less;
};

int holders_lock(bool adding, struct err *e)
{
	OWN_FREE char *path = xfmt("%s/layers.lock", pod_state_dir());
	OWN_FD int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return err_set(e, errno, "open %s", path);
	while (flock(fd, adding ? LOCK_EX : LOCK_SH) < 0)
		if (errno != EINTR)
			return err_set(e, errno, "lock %s", path);
	return take_fd(&fd);
}

/* The word at the beginning of each line, when it may be an id. */
static void add_text(struct holders *h, const char *text)
{
	while (*text) {
		size_t n = strspn(text, LAYER_ID_CHARS);
		char id[LAYER_ID_MAX + 1];

		if (n > 0 && n <= LAYER_ID_MAX && strchr(" \n:", text[n])) {
			memcpy(id, text, n);
			id[n] = '\0';
			strv_add(&h->ids, id);
		}
		text += strcspn(text, "\n");
		text += *text == '\n';
	}
}

static void add_file(struct gather *g, int dirfd, const char *name)
{
	OWN_BUF struct buf b = BUF_INIT;
	int r = dirfd < 0 ? -ENOENT : read_file_at(dirfd, name, &b, TEXT_MAX);

	if (r < 0)
		g->h->all |= r != -ENOENT;
	else if (b.len)
		add_text(g->h, b.data);
}

static void add_link(struct gather *g, int dirfd, const char *name)
{
	char text[64];
	ssize_t n = readlinkat(dirfd, name, text, sizeof(text) - 1);

	if (n < 0) {
		g->h->all |= errno != ENOENT;
		return;
	}
	text[n] = '\0';
	add_text(g->h, text);
}

/* fn for each entry of the directory dirfd/name; none when it is not there. */
static void each(struct gather *g, int dirfd, const char *name,
		 void (*fn)(struct gather *g, int dirfd, const char *name))
{
	int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	OWN_DIR DIR *d = fd < 0 ? NULL : fdopendir(fd);
	const char *child;
	int more = 0;

	if (!d)
		g->h->all |= fd >= 0 || (errno != ENOENT && errno != ENOTDIR);
	while (d && (more = dir_next(d, &child)) > 0)
		fn(g, fd, child);
	g->h->all |= more < 0;
}

static void add_undo(struct gather *g, int dirfd, const char *name)
{
	OWN_FD int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	g->h->all |= fd < 0 && errno != ENOENT && errno != ENOTDIR;
	add_file(g, fd, "stack");
	add_file(g, fd, "stack.new");
}

/* An undo brings layers in, and names them in its journal before: "layer ID NS" lines. */
static void add_journal(struct gather *g, int dirfd)
{
	OWN_BUF struct buf b = BUF_INIT;
	char id[64];
	OWN_FREE char *path = NULL;
	const char *at;
	int r;

	r = read_line_at(dirfd, "undo/open", id, sizeof(id));
	g->h->all |= r < 0 && r != -ENOENT;
	if (r < 0 || strchr(id, '/'))
		return;
	path = xfmt("undo/%s/journal", id);
	r = read_file_at(dirfd, path, &b, JOURNAL_TEXT_MAX);
	if (r < 0)
		g->h->all |= r != -ENOENT;
	for (at = r < 0 || b.len == 0 ? NULL : strstr(b.data, "\nlayer "); at;
	     at = strstr(at + 1, "\nlayer ")) {
		OWN_FREE char *line = xfmt("%.*s\n", (int)strcspn(at + 7, "\n"), at + 7);

		add_text(g->h, line);
	}
}

/* Links first: a layer that leaves one of them stands in the stack by then. */
static void add_pod(struct gather *g, int dirfd, const char *name)
{
	static const char *const links[] = {"turnover", "dropping", "copying", NULL};
	OWN_FD int fd = -1;
	bool own = g->less != HOLDERS_ALL && strcmp(name, g->p->name) == 0;

	if (own && g->less == HOLDERS_NO_POD)
		return;
	fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0) {
		g->h->all |= errno != ENOENT && errno != ENOTDIR;
		return;
	}
	for (const char *const *l = links; *l && g->less == HOLDERS_ALL; l++)
		add_link(g, fd, *l);
	if (g->less == HOLDERS_ALL)
		add_journal(g, fd);
	if (!own)
		add_file(g, fd, "stack");
	add_file(g, fd, "stack.live");
	each(g, fd, "snapshots", add_file);
	each(g, fd, "undo", add_undo);
}

/* The pod's own name may be an archive's, too. */
static void add_archived(struct gather *g, int dirfd, const char *name)
{
	struct gather plain = {g->h, g->p, HOLDERS_ALL};

	add_pod(&plain, dirfd, name);
}

static void add_base(struct gather *g, int dirfd, const char *name)
{
	OWN_FREE char *stack = xfmt("%s/stack", name);

	add_file(g, dirfd, stack);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int holders_load(struct holders *h, const struct pod *p, enum holders_less less, struct err *e)
{
	struct gather g = {h, p, less};
	OWN_FD int lock = holders_lock(false, e);
	OWN_FD int state =
		lock < 0 ? -1 : open(pod_state_dir(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (lock < 0)
		return lock;
	if (state < 0)
		return err_set(e, errno, "open %s", pod_state_dir());
	each(&g, state, "pods", add_pod);
	each(&g, state, "bases", add_base);
	each(&g, state, "archive", add_archived);
	if (h->ids.n)
		qsort(h->ids.v, h->ids.n, sizeof(*h->ids.v), by_text);
	return 0;
}

int holders_load_own(struct holders *h, const struct pod *p, struct err *e)
{
	struct gather g = {h, p, HOLDERS_ALL};

	add_pod(&g, p->dir, ".");
	return h->all ? err_set(e, EIO, "read which layers pod %s has", p->name) : 0;
}

bool holders_has(const struct holders *h, const char *id)
{
	return h->all || (h->ids.n && bsearch(&id, h->ids.v, h->ids.n, sizeof(*h->ids.v), by_text));
}

int holders_let_go(const struct holders *before, struct err *e)
{
	OWN_HOLDERS struct holders now = {0};
	int r = holders_load(&now, NULL, HOLDERS_ALL, e);

	for (size_t i = 0; r == 0 && i < before->ids.n; i++)
		if (!holders_has(&now, before->ids.v[i]))
			r = layer_delete(before->ids.v[i], e);
	return r;
}

void holders_finish(struct holders *h)
{
	strv_finish(&h->ids);
}
