/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The generic class.  Pod root may read what it calls its own, which is every file of the host's
 * accounts; so whatever the invoking user could not read and no package put there is hidden: keys
 * of services, databases, leases, logs.  The list of secrets can forget things, this does not.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "envpod/exit.h"
#include "libcommon/cache.h"
#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "tools/pod-mount/maskmake.h"
#include "tools/pod-mount/names.h"
#include "tools/pod-mount/packaged.h"

#define ENTRIES_MAX 1000000 /* of all directories looked at; more is refused, never left out */
#define SETTLE_NS   1000000000ull
#define DPKG_LISTS  "/var/lib/dpkg/info"

struct scan {
	struct mask *m;
	const char *home;
	uid_t user; /* whose own files are theirs to show; 0: root asked */
	size_t seen;
	struct strv candidates;
	struct buf path;
};

static const struct root {
	const char *path;
	int depth;
	bool personal; /* root's own working places, when root asks */
} roots[] = {
	{"/etc", 4, false},  {"/var", 3, false}, {"/usr/local/etc", 2, false},
	{"/boot", 1, false}, {"/opt", 1, true},  {"/srv", 1, true},
	{"/", 1, true},      {NULL, 0, false},
};

static bool is_private(const struct scan *s, const struct stat *st)
{
	mode_t open = S_ISDIR(st->st_mode) ? S_IROTH | S_IXOTH : S_IROTH;

	if (!S_ISDIR(st->st_mode) && (!S_ISREG(st->st_mode) || st->st_size == 0))
		return false;
	if (s->user && st->st_uid == s->user)
		return false;
	return (st->st_mode & open) != open;
}

static void scan_dir(struct scan *s, int dirfd, int depth, bool closed);

/* closed: the directory around it keeps others out, so its own mode says nothing. */
static void scan_entry(struct scan *s, int dirfd, const char *name, int depth, bool closed)
{
	struct stat st;
	bool hidden;

	if (s->seen > ENTRIES_MAX)
		return;
	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		mask_fault(s->m, errno, s->path.data);
		return;
	}
	if (path_below(s->path.data, s->home))
		return;
	hidden = is_private(s, &st) || (closed && (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode)) &&
					!(s->user && st.st_uid == s->user));
	/* a directory on the way to the home stays, and is looked into like any other */
	if (hidden && !path_below(s->home, s->path.data))
		strv_add(&s->candidates, s->path.data);
	if (S_ISDIR(st.st_mode) && depth > 1)
		scan_dir(s, openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC),
			 depth - 1, hidden);
}

/* Half of /etc are links and the like, which nothing has to be known about. */
static bool may_be_private(uint8_t type)
{
	return type == DT_REG || type == DT_DIR || type == DT_UNKNOWN;
}

static void scan_dir(struct scan *s, int dirfd, int depth, bool closed)
{
	OWN_FD int fd = dirfd;
	OWN(names_finish) struct names list = {0};
	size_t len = s->path.len;
	int r = fd < 0 ? -errno : names_read(&list, fd, 0);

	mask_fault(s->m, -r, s->path.data);
	for (size_t i = 0; i < list.n; i++) {
		s->seen++;
		if (!may_be_private(list.v[i].type))
			continue;
		if (len > 1)
			buf_char(&s->path, '/');
		buf_str(&s->path, name_text(&list, i));
		scan_entry(s, fd, name_text(&list, i), depth, closed);
		s->path.len = len;
		s->path.data[len] = '\0';
	}
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Can the scan meet this path at all? */
static bool is_in_reach(const char *path)
{
	for (const struct root *at = roots; at->path; at++) {
		const char *rest = path + (at->path[1] ? strlen(at->path) : 0);
		int depth = 0;

		if (!path_below(path, at->path))
			continue;
		for (; *rest; rest++)
			depth += *rest == '/';
		if (depth > 0 && depth <= at->depth)
			return true;
	}
	return false;
}

static int ask_packages(const struct strv *c, bool *packaged, struct err *e)
{
	OWN_FD int lists = open(DPKG_LISTS, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = lists < 0 && !is_absent(-errno) ? -errno : 0;
	OWN_FD int cache = cache_open();
	const struct packaged ask = {
		.lists = lists, .cache = cache, .settle_ns = SETTLE_NS, .wanted = is_in_reach};

	if (r == 0)
		r = packaged_ask(&ask, c, packaged);
	return r < 0 ? err_set(e, -r, "find out what belongs to packages: read " DPKG_LISTS) : 0;
}

/* What was found out before need not be asked again.  Returns whether anything is left to ask. */
static bool recall(const struct strv *c, bool *packaged, const struct mask *old)
{
	bool left = false;

	for (size_t i = 0; i < c->n; i++) {
		const struct mask_entry *en = old ? mask_find(old, c->v[i]) : NULL;

		packaged[i] = old && strv_has(&old->known, c->v[i]);
		left |= !packaged[i] && !(en && en->scanned);
	}
	return left;
}

/* A mask with a hole in it is no mask. */
static int too_many(struct err *e, const char *what, unsigned max)
{
	return err_status(
		e, POD_EXIT_UNSUPPORTED, E2BIG,
		"hide the private files of this host: /etc, /var, /opt and /srv hold more than %u %s, "
		"the most this envpod looks through",
		max, what);
}

/* Hide the rest; what lies in a directory that is hidden already need not be said. */
static int hide_rest(struct mask *m, const struct strv *c, const bool *packaged, struct err *e)
{
	const char *last = NULL;

	for (size_t i = 0; i < c->n; i++) {
		struct mask_entry *en;
		OWN_FREE char *parent = xstrdup(c->v[i]);

		if (packaged[i]) {
			strv_add(&m->known, c->v[i]);
			continue;
		}
		if (last && path_below(c->v[i], last))
			continue;
		if (m->n >= MASK_MAX)
			return too_many(e, "private files", MASK_MAX);
		last = c->v[i];
		en = mask_add(m, last, MASK_HIDDEN);
		en->soft = en->scanned = true;
		*strrchr(parent, '/') = '\0';
		mask_watch(m, *parent ? parent : "/", true);
	}
	return 0;
}

/* Hide of the candidates what no package explains. */
static int judge(struct scan *s, const struct mask_ask *ask, struct err *e)
{
	struct strv *c = &s->candidates;
	OWN_FREE bool *packaged = xcalloc(c->n + 1, sizeof(bool));
	int r = 0;

	if (s->seen > ENTRIES_MAX)
		return too_many(e, "entries", ENTRIES_MAX);
	if (c->n)
		qsort(c->v, c->n, sizeof(char *), by_text);
	if (c->n && recall(c, packaged, ask->old))
		r = ask_packages(c, packaged, e);
	return r < 0 ? r : hide_rest(s->m, c, packaged, e);
}

int mask_scan(struct mask *m, const struct mask_ask *ask, struct err *e)
{
	struct scan s = {
		.m = m,
		.home = mask_home(ask),
		.user = (uid_t)plan_u64(ask->plan, "user.uid", 0),
	};
	int r;

	for (const struct root *at = roots; at->path; at++) {
		if (at->personal && s.user == 0)
			continue;
		buf_clear(&s.path);
		buf_str(&s.path, at->path);
		scan_dir(&s, open(at->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC),
			 at->depth, false);
		mask_watch(m, at->path, true);
	}
	r = judge(&s, ask, e);
	strv_finish(&s.candidates);
	buf_finish(&s.path);
	return r;
}
