/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-mount/committed.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "tools/pod-mount/bypath.h"
#include "tools/pod-mount/journal.h"
#include "tools/pod-mount/run.h"
#include "tools/pod-mount/settle.h"
#include "tools/pod-mount/shared.h"
#include "tools/pod-mount/step.h"
#include "tools/pod-mount/survey.h"

#define FILE_NAME  "committed"
#define DIRS       "committed.dirs"
#define RESTORED   "undo/restored"
#define MEMORY_MAX (16 << 20) /* bytes of one of the latter two */

static int by_path(const void *a, const void *b)
{
	const struct committed_line *x = a, *y = b;
	int r = strcmp(x->path, y->path);

	return r ? r : (x->path > y->path) - (x->path < y->path); /* as they stand in the file */
}

static bool unescape(char *s)
{
	char *to = s;

	for (; *s; s++) {
		if (*s == '\\' && s[1] != '\\' && s[1] != 'n')
			return false;
		if (*s == '\\')
			*to++ = *++s == 'n' ? '\n' : '\\';
		else
			*to++ = *s;
	}
	*to = '\0';
	return true;
}

static void add_line(struct committed *c, char *line)
{
	uint64_t ino, ctime;
	int at = 0;

	if (sscanf(line, "%" SCNu64 " %" SCNu64 " %n", &ino, &ctime, &at) != 2 || at == 0 ||
	    line[at] != '/' || !unescape(line + at))
		return;
	c->v = xrealloc(c->v, (c->n + 1) * sizeof(c->v[0]));
	c->v[c->n++] = (struct committed_line){line + at, ino, ctime};
}

void committed_parse(struct committed *c, const char *text, size_t len)
{
	char *rest, *line;

	buf_add(&c->text, text, len);
	rest = c->text.data;
	while ((line = strsep(&rest, "\n")))
		add_line(c, line);
	if (c->n > 1)
		qsort(c->v, c->n, sizeof(c->v[0]), by_path);
}

static int add_file(struct buf *text, const struct pod *p, const char *name, struct err *e)
{
	OWN_BUF struct buf more = BUF_INIT;
	int r = read_file_at(p->dir, name, &more, COMMITTED_MAX);

	if (r < 0 && r != -ENOENT)
		return err_set(e, -r, "read %s/%s", p->path, name);
	buf_add(text, more.data ? more.data : "", r < 0 ? 0 : more.len);
	return 0;
}

static int load_file(struct committed *c, const struct pod *p, const char *name, struct err *e)
{
	OWN_BUF struct buf text = BUF_INIT;
	int r = add_file(&text, p, name, e);

	if (r == 0 && text.len)
		committed_parse(c, text.data, text.len);
	return r;
}

int committed_load(struct committed *c, const struct pod *p, struct err *e)
{
	OWN_BUF struct buf text = BUF_INIT;
	int r = add_file(&text, p, DIRS, e);

	buf_char(&text, '\n'); /* a crash may have cut off the last line */
	if (r == 0)
		r = add_file(&text, p, FILE_NAME, e);
	if (r == 0 && text.len)
		committed_parse(c, text.data, text.len);
	return r;
}

int committed_load_restored(struct committed *c, const struct pod *p, struct err *e)
{
	return load_file(c, p, RESTORED, e);
}

void committed_finish(struct committed *c)
{
	free(c->v);
	buf_finish(&c->text);
	*c = (struct committed){0};
}

/* The last line of the path counts. */
static const struct committed_line *find(const struct committed *c, const char *path)
{
	size_t end = bypath_end(c->v, c->n, sizeof(c->v[0]), path);

	return end > 0 && strcmp(c->v[end - 1].path, path) == 0 ? &c->v[end - 1] : NULL;
}

bool committed_has(const struct committed *c, const char *path, uint64_t ino, uint64_t ctime_ns)
{
	const struct committed_line *l = c->n ? find(c, path) : NULL;

	return l && l->ino == ino && l->ctime_ns == ctime_ns;
}

bool committed_removed(const struct committed *c, const char *path, uint64_t ino, uint64_t ctime_ns)
{
	const struct committed_line *l = c->n ? find(c, path) : NULL;

	if (!l || l->ino != 0)
		return false;
	while (l-- > c->v && strcmp(l->path, path) == 0)
		if (l->ino == ino && l->ctime_ns == ctime_ns)
			return true;
	return false;
}

static void put_line_of(struct buf *b, const struct committed_line *l)
{
	const char *path = l->path;

	buf_fmt(b, "%" PRIu64 " %" PRIu64 " ", l->ino, l->ctime_ns);
	for (; *path; path++) {
		if (*path == '\n' || *path == '\\')
			buf_str(b, *path == '\n' ? "\\n" : "\\\\");
		else
			buf_char(b, *path);
	}
	buf_char(b, '\n');
}

static struct committed_line line_of(const char *path, const struct stat *st)
{
	struct committed_line l = {.path = path};

	if (st) {
		l.ino = st->st_ino;
		l.ctime_ns =
			(uint64_t)st->st_ctim.tv_sec * 1000000000u + (uint64_t)st->st_ctim.tv_nsec;
	}
	return l;
}

static void put_line(struct buf *b, const char *path, const struct stat *st)
{
	struct committed_line l = line_of(path, st);

	put_line_of(b, &l);
}

/* 1: it is there, 0: it is not, -errno: nobody knows. */
static int look(int host, const char *within, struct stat *now)
{
	const char *leaf;
	OWN_FD int parent = open_parent_beneath(host, within, &leaf);

	if (parent < 0)
		return is_absent(parent) ? 0 : parent;
	return entry_find(parent, *leaf ? leaf : ".", now);
}

static int put_entry(struct buf *b, const struct run *r, uint32_t site, const char *within)
{
	OWN_FREE char *path = path_clean(r->sites[site].cover, within);
	struct stat now;
	int there = look(r->sites[site].host, within, &now);

	if (there >= 0)
		put_line(b, path, there ? &now : NULL);
	return there < 0 ? there : 0;
}

static char *dir_of(const struct step *st)
{
	const char *slash = strrchr(st->path, '/');

	return xfmt("%.*s", slash ? (int)(slash - st->path) : 0, st->path);
}

/* The steps of one directory come in runs: once for each of those is enough. */
static int put_dirs(struct buf *b, const struct run *r)
{
	OWN_FREE char *last = xstrdup("/");
	int x = 0;

	for (size_t i = 0; i < r->j->n && x == 0; i++) {
		const struct step *st = &r->j->steps[i];
		OWN_FREE char *dir = dir_of(st);

		if (st->busy || strcmp(dir, last) == 0)
			continue;
		x = put_entry(b, r, st->site, dir);
		free(last);
		last = take_ptr(dir);
	}
	return x;
}

static bool is_busy(const struct site *site, const char *dir, const struct committed *own,
		    uint64_t start)
{
	OWN_FREE char *path = path_clean(site->cover, dir);
	OWN_FD int fd = open_beneath(site->host, dir, O_PATH | O_DIRECTORY, 0);
	struct committed_line now = {0};
	struct stat st;

	if (fd == -ENOENT)
		return false; /* the commit makes it */
	if (fd < 0 || fstat(fd, &st) < 0)
		return true; /* nobody knows */
	now = line_of(path, &st);
	return now.ctime_ns >= start && !committed_has(own, path, now.ino, now.ctime_ns);
}

int committed_before(struct journal *j, const struct site *sites, const struct pod *p,
		     uint64_t start, struct err *e)
{
	OWN_COMMITTED struct committed own = {0};
	OWN_FREE char *last = xstrdup("/");
	bool busy = false;
	int r = committed_load(&own, p, e);

	for (size_t i = 0; i < j->n && r == 0; i++) {
		struct step *st = &j->steps[i];
		OWN_FREE char *dir = dir_of(st);

		if (strcmp(dir, last) != 0)
			busy = is_busy(&sites[st->site], dir, &own, start);
		st->busy = busy;
		free(last);
		last = take_ptr(dir);
	}
	return r;
}

static int append(const struct pod *p, const char *name, const struct buf *b)
{
	OWN_FD int fd =
		openat(p->dir, name, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	int r = fd < 0 ? -errno : write_full(fd, b->data, b->len);

	return r == 0 && fsync(fd) < 0 ? -errno : r;
}

int committed_add(const struct run *r, bool live, struct err *e)
{
	OWN_BUF struct buf b = BUF_INIT;
	int x = 0;

	for (size_t i = 0; i < r->j->n && x == 0; i++)
		if (live || r->j->steps[i].kept)
			x = put_entry(&b, r, r->j->steps[i].site, r->j->steps[i].path);
	if (x == 0)
		x = put_dirs(&b, r);
	if (x == 0 && b.len)
		x = append(r->pod, FILE_NAME, &b);
	return x < 0 ? err_set(e, -x, "write %s/" FILE_NAME, r->pod->path) : 0;
}

/* Too much of it is forgotten: then an undo or a commit asks about what nobody changed. */
static int append_bounded(const struct pod *p, const char *name, const struct buf *b)
{
	struct stat st;

	if (fstatat(p->dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_size > MEMORY_MAX)
		unlinkat(p->dir, name, 0);
	return append(p, name, b);
}

int committed_restored(const struct run *r, struct err *e)
{
	OWN_BUF struct buf b = BUF_INIT;
	int x = 0;

	for (size_t i = 0; i < r->j->n && x == 0; i++)
		if (r->j->steps[i].restored)
			x = put_entry(&b, r, r->j->steps[i].site, r->j->steps[i].path);
	if (x == 0 && b.len)
		x = append_bounded(r->pod, RESTORED, &b);
	if (x == 0)
		x = put_dirs(&b, r);
	if (x == 0 && b.len)
		x = append(r->pod, FILE_NAME, &b);
	return x < 0 ? err_set(e, -x, "write %s/" FILE_NAME, r->pod->path) : 0;
}

/* --- pruning --- */

/* 1: it is what the commit left, 0: it is not, -errno: nobody knows. */
static int host_is(const struct survey *s, unsigned cover, const struct committed_line *l)
{
	struct stat st;
	int there = look(s->trees[cover].host, survey_within(s, cover, l->path), &st);

	if (there <= 0)
		return there < 0 ? there : l->ino == 0;
	return !S_ISDIR(st.st_mode) && st.st_ino == l->ino;
}

static bool is_changed(const struct survey *s, const char *path)
{
	OWN_BUF struct buf text = BUF_INIT;
	size_t i = changes_find(&s->changes, path);

	return i < s->changes.n && strcmp(change_path(&s->changes.v[i], &text), path) == 0;
}

static int cover_of(const struct survey *s, const char *path)
{
	int found = -1;

	for (size_t i = 0; i < s->covers.n; i++)
		if (path_below(path, s->covers.v[i]) && strcmp(path, s->covers.v[i]) != 0)
			found = (int)i; /* by depth: the last is the deepest */
	return found;
}

/* The layers say nothing else than the host does: their entries can go, lowest first. */
static int plan_prune(struct journal *j, struct survey *s, const char *path, unsigned cover,
		      struct err *e)
{
	OWN_FREE char *dir = path_clean(path, "..");
	const char *in = survey_within(s, cover, path);
	int r = shared_release_path(s, cover, in, e);

	if (r >= 0)
		r = settle_way(s, cover, dir, e);
	for (unsigned i = s->nlayers; i-- > 0 && r == 0;) {
		int tree = survey_layer_fd(s, cover, i);
		struct stat st;
		int there = tree < 0 ? 0 : look(tree, in, &st);

		if (there < 0)
			return err_set(e, -there, "look at %s in a layer", esc(path));
		if (there)
			journal_prune(j, journal_site(j, s->covers.v[cover]), survey_layer_id(s, i),
				      in);
	}
	return r;
}

/* The host's directory as the line has it: what only commits changed. */
static bool is_that_dir(const struct survey *s, unsigned cover, const struct committed_line *l)
{
	OWN_FD int fd = open_beneath(s->trees[cover].host, survey_within(s, cover, l->path),
				     O_PATH | O_DIRECTORY, 0);
	struct committed_line now;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return false;
	now = line_of(l->path, &st);
	return now.ino == l->ino && now.ctime_ns == l->ctime_ns;
}

/* A directory that the pod renamed has its entries, or had them, where they now say nothing. */
static bool is_renamed(const struct survey *s, const char *path)
{
	for (size_t i = 0; i < s->renames.n; i++)
		if (path_below(path, s->renames.v[i].from) ||
		    path_below(path, s->renames.v[i].path))
			return true;
	return false;
}

/* What is settled leaves the file, which is asked at every run; of directories another one
 * remembers it. */
struct leftovers {
	struct buf lines, dirs;
};

static void leftovers_finish(struct leftovers *left)
{
	buf_finish(&left->lines);
	buf_finish(&left->dirs);
}
#define OWN_LEFTOVERS __attribute__((cleanup(leftovers_finish)))

static int plan_all(struct journal *j, struct survey *s, const struct committed *c,
		    struct leftovers *left, struct err *e)
{
	int r = 0;

	for (size_t i = 0; i < c->n && r == 0; i++) {
		const struct committed_line *l = &c->v[i];
		int cover = cover_of(s, l->path), is;

		if (cover < 0)
			continue;
		if (find(c, l->path) != l) {
			/* What it was before it was removed: see committed_removed(). */
			if (find(c, l->path)->ino == 0 && is_changed(s, l->path))
				put_line_of(&left->lines, l);
			continue;
		}
		is = host_is(s, (unsigned)cover, l);
		if (is < 0)
			return err_set(e, -is, "look at %s", esc(l->path));
		if (is_changed(s, l->path) || is_renamed(s, l->path))
			put_line_of(&left->lines, l);
		else if (is)
			r = plan_prune(j, s, l->path, (unsigned)cover, e);
		else if (l->ctime_ns >= s->bases.upper_start)
			put_line_of(&left->lines, l); /* the turn-over asks who changed it */
		else if (is_that_dir(s, (unsigned)cover, l))
			put_line_of(&left->dirs, l);
	}
	return r;
}

static int carry_out(struct journal *j, struct survey *s, struct err *e)
{
	OWN_RUN struct run r = RUN_INIT;
	int x = journal_begin(j, &s->pod, e);

	if (x == 0)
		x = run_open(&r, &s->pod, j, &s->ids, e);
	if (x == 0)
		x = journal_prepared(j, e);
	if (x == 0)
		x = run_close(&r, e);
	if (x == 0)
		run_forget(&r); /* nothing in it to undo */
	return x;
}

int commit_prune(const struct pod *p, struct err *e)
{
	OWN_SURVEY struct survey s = SURVEY_INIT;
	OWN_COMMITTED struct committed c = {0};
	OWN_JOURNAL struct journal j = JOURNAL_INIT;
	OWN_LEFTOVERS struct leftovers left = {BUF_INIT, BUF_INIT};
	const struct survey_opts all = {.all = true, .setup = true};
	int r = load_file(&c, p, FILE_NAME, e);

	if (r == 0 && c.n)
		r = pod_init_pid(p, NULL, e);
	if (r != 0 || c.n == 0)
		return r < 0 ? r : 0;
	r = survey_adopt(&s, p, &all, e);
	if (r == 0)
		r = survey_walk(&s, e);
	snprintf(j.verb, sizeof(j.verb), "prune");
	if (r == 0)
		r = plan_all(&j, &s, &c, &left, e);
	if (r == 0 && j.nprunes > 0)
		r = carry_out(&j, &s, e);
	if (r < 0)
		return r;
	r = left.dirs.len ? append_bounded(p, DIRS, &left.dirs) : 0;
	if (r < 0)
		return err_set(e, -r, "write %s/" DIRS, p->path);
	buf_add(&left.lines, "", 0);
	r = write_file_at(p->dir, FILE_NAME, left.lines.data, left.lines.len, 0600, true);
	return r < 0 ? err_set(e, -r, "write %s/" FILE_NAME, p->path) : 0;
}
