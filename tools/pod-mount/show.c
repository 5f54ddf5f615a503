/* SPDX-License-Identifier: Apache-2.0 */
/* pod-mount show: one path on all its sides. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/jsonw.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/say.h"
#include "libcommon/unit.h"
#include "tools/pod-mount/basetext.h"
#include "tools/pod-mount/cmds.h"
#include "tools/pod-mount/content.h"
#include "tools/pod-mount/list.h"
#include "tools/pod-mount/patches.h"
#include "tools/pod-mount/select.h"
#include "tools/pod-mount/survey.h"

#define WAIT_MS 2000

struct show {
	bool json, pod, host, base;
	const char *cwd;
};

/* The path, and what there is to say of it. */
struct shown {
	struct survey *s;
	const struct change *c; /* NULL: the pod sees the host's */
	const char *path;
	struct stat pod, host;
	bool in_pod, on_host;
	const struct base_entry *base; /* NULL: no closed layer speaks of it */
	bool exact;                    /* base is the path's own, not a directory's above it */
};

/* --- finding out --- */

static int cover_of(const struct survey *s, const char *path)
{
	int found = -1;

	for (size_t i = 0; i < s->covers.n; i++)
		if (path_below(path, s->covers.v[i]) &&
		    (found < 0 || strlen(s->covers.v[i]) > strlen(s->covers.v[found])))
			found = (int)i;
	return found;
}

static bool look(int root, const char *path, struct stat *st)
{
	const char *leaf;
	OWN_FD int dir = root < 0 ? -1 : open_parent_beneath(root, path, &leaf);

	return dir >= 0 && fstatat(dir, *leaf ? leaf : ".", st, AT_SYMLINK_NOFOLLOW) == 0;
}

static bool look_at_host(const struct survey *s, const char *path, struct stat *st)
{
	int cover = cover_of(s, path);

	if (cover < 0)
		return lstat(path, st) == 0;
	return look(s->trees[cover].host, survey_within(s, (unsigned)cover, path), st);
}

static const struct change *find_change(const struct survey *s, const char *path)
{
	OWN_BUF struct buf text = BUF_INIT;
	size_t i = changes_find(&s->changes, path);

	return i < s->changes.n && strcmp(change_path(&s->changes.v[i], &text), path) == 0
		       ? &s->changes.v[i]
		       : NULL;
}

static int find(struct shown *w, struct err *e)
{
	uint64_t start;

	w->c = find_change(w->s, w->path);
	w->on_host = look_at_host(w->s, w->path, &w->host);
	w->in_pod = w->c ? content_stat(w->s, w->c, SIDE_POD, &w->pod) == 0 : w->on_host;
	w->base = base_lookup(&w->s->bases, w->path, &w->exact, &start);
	if (!w->c && !w->on_host)
		return err_set(e, ERR_PLAIN, "%s: neither the host nor the pod has it",
			       esc(w->path));
	if (!w->c && mask_covers(&w->s->mask, w->path))
		return err_status(e, POD_EXIT_REFUSED, ERR_PLAIN, "%s is hidden from the pod",
				  esc(w->path));
	return 0;
}

/* --- saying it --- */

static void put_time(struct buf *b, const struct timespec *t)
{
	char when[UNIT_TIME_LEN];

	unit_time((uint64_t)t->tv_sec * 1000000000u + (uint64_t)t->tv_nsec, when);
	buf_fmt(b, "%.10s %.8s UTC", when, when + 11);
}

static const char *type_of(unsigned mode)
{
	const struct change c = {.mode = mode};

	return change_type(&c);
}

static void put_side(struct buf *b, const struct stat *st, uid_t uid, gid_t gid)
{
	buf_str(b, type_of(st->st_mode));
	if (!S_ISDIR(st->st_mode))
		buf_fmt(b, " of %llu bytes", (unsigned long long)st->st_size);
	buf_fmt(b, ", mode %04o, owner %u:%u, changed ", (unsigned)st->st_mode & 07777, uid, gid);
	put_time(b, &st->st_mtim);
}

static void put_pod(struct buf *b, const struct shown *w)
{
	const struct change *c = w->c;

	buf_str(b, "pod     ");
	if (!c) {
		buf_str(b, "sees the host's\n");
		return;
	}
	if (w->in_pod)
		put_side(b, &w->pod, c->uid, c->gid);
	else
		buf_str(b, "nothing");
	if (c->source != SOURCE_NONE)
		buf_fmt(b, ", in layer %s", survey_layer_name(w->s, c->source));
	if (c->from) {
		buf_str(b, ", of the host's ");
		buf_esc(b, c->from);
	}
	buf_char(b, '\n');
}

static void put_host(struct buf *b, const struct shown *w)
{
	buf_str(b, "host    ");
	if (w->on_host)
		put_side(b, &w->host, w->host.st_uid, w->host.st_gid);
	else
		buf_str(b, "nothing");
	buf_char(b, '\n');
}

/* Is the host's side still what the pod began with? */
static bool is_base(const struct shown *w)
{
	return w->c && w->c->conflict == BASE_SAME && !(w->c->marks & MARK_CONFLICT);
}

static const char *base_word(const struct shown *w)
{
	if (!w->c)
		return NULL;
	if (is_base(w))
		return w->on_host ? "the host's, unchanged since" : "nothing, as now";
	if (!w->base || w->base->kind == BASE_UNKNOWN || !w->exact)
		return "not known: the host changed since the pod's view began";
	return w->base->kind == BASE_NOTHING ? "nothing: it is new on the host"
					     : "another than the host has now";
}

static void put_base(struct buf *b, const struct shown *w)
{
	const char *word = base_word(w);
	struct timespec t;

	if (!word)
		return;
	buf_fmt(b, "base    %s", word);
	if (!is_base(w) && w->base && w->exact && w->base->kind == BASE_HOST) {
		t = (struct timespec){(time_t)(w->base->mtime_ns / 1000000000u),
				      (long)(w->base->mtime_ns % 1000000000u)};
		buf_fmt(b, ": %s of %llu bytes, changed ", type_of(w->base->mode),
			(unsigned long long)w->base->size);
		put_time(b, &t);
	}
	buf_char(b, '\n');
}

static void put_runs(struct buf *b, const struct shown *w)
{
	const struct run_notes *r = survey_runs(w->s, w->c);
	char when[UNIT_TIME_LEN];

	for (size_t i = r->n > RUNS_SHOWN ? r->n - RUNS_SHOWN : 0; i < r->n; i++) {
		unit_time(r->v[i].time_ns, when);
		buf_fmt(b, "run     %.10s %.8s UTC by ", when, when + 11);
		buf_esc(b, r->v[i].user);
		buf_str(b, ": ");
		buf_esc(b, r->v[i].command);
		buf_char(b, '\n');
	}
}

static void print_head(const struct shown *w, const char *cwd)
{
	OWN_BUF struct buf b = BUF_INIT;

	if (w->c)
		list_line(&b, w->s, w->c, cwd);
	else
		buf_esc(&b, path_from(w->path, cwd));
	buf_char(&b, '\n');
	put_pod(&b, w);
	put_host(&b, w);
	put_base(&b, w);
	if (w->c)
		put_runs(&b, w);
	fwrite(b.data, 1, b.len, stdout);
}

/* A directory: what changed in it.  A file: what changed, or what there is. */
static void print_rest(const struct shown *w, const char *cwd)
{
	OWN_SELECTION struct selection sel = {.from_stdin = true};
	const struct list_opts o = {.cwd = cwd};
	OWN_BUF struct buf text = BUF_INIT;
	struct err ignore = {0};

	if (S_ISDIR(w->in_pod ? w->pod.st_mode : w->host.st_mode)) {
		strv_add(&sel.paths, w->path);
		selection_apply(&sel, &w->s->changes, false, &ignore);
		list_text(w->s, &o);
	} else if (w->c) {
		patches_put(&text, w->s, w->c, cwd, false);
		patches_write(&text);
	}
}

static void print_text(struct shown *w, const char *cwd)
{
	if (w->c && !w->in_pod && w->c->kind != CHANGE_DELETED)
		say_warn("%s vanished from its layer meanwhile", esc(w->path));
	if (!w->c)
		w->pod = w->host;
	print_head(w, cwd);
	print_rest(w, cwd);
}

/* --- JSON --- */

static void put_times(struct buf *b, const char *key, const struct stat *st)
{
	char when[UNIT_TIME_LEN];

	unit_time((uint64_t)st->st_mtim.tv_sec * 1000000000u + (uint64_t)st->st_mtim.tv_nsec, when);
	jw_kstr(b, key, when);
}

static void print_json(const struct shown *w)
{
	OWN_BUF struct buf b = BUF_INIT;

	jw_open(&b, '{');
	if (w->c)
		list_members(&b, w->s, w->c);
	else
		jw_kstr(&b, "path", w->path);
	jw_kbool(&b, "changed", w->c != NULL);
	if (w->c && w->in_pod)
		put_times(&b, "mtime", &w->pod);
	if (w->on_host)
		put_times(&b, "host_mtime", &w->host);
	if (w->c) {
		jw_kstr(&b, "base",
			is_base(w)                                               ? "same"
			: !w->base || !w->exact || w->base->kind == BASE_UNKNOWN ? "unknown"
			: w->base->kind == BASE_NOTHING                          ? "nothing"
										 : "other");
		if (w->base && w->exact && w->base->kind == BASE_HOST)
			jw_knum(&b, "base_size", (int64_t)w->base->size);
	}
	jw_close(&b, '}');
	printf("%s\n", b.data);
}

/* --- one side alone --- */

static int copy_out(int fd, struct err *e)
{
	OWN_BUF struct buf part = BUF_INIT;
	char block[65536];
	ssize_t n;

	while ((n = read(fd, block, sizeof(block))) > 0) {
		buf_clear(&part);
		buf_add(&part, block, (size_t)n);
		patches_write(&part);
	}
	return n < 0 ? err_set(e, errno, "read it") : 0;
}

static int print_side(const struct shown *w, enum side_of side, struct err *e)
{
	unsigned mode = side == SIDE_POD ? w->pod.st_mode : w->host.st_mode;
	bool there = side == SIDE_POD ? w->in_pod : w->on_host;
	OWN_BUF struct buf link = BUF_INIT;
	OWN_FD int fd = -1;

	if (there && S_ISLNK(mode) && w->c && content_link(w->s, w->c, side, &link) == 0) {
		buf_char(&link, '\n');
		patches_write(&link);
		return 0;
	}
	if (!there || !S_ISREG(mode))
		return err_set(e, ERR_PLAIN, "%s: the %s has no file there", esc(w->path),
			       side == SIDE_POD ? "pod" : "host");
	fd = w->c ? content_open(w->s, w->c, side)
		  : open(w->path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	return fd < 0 ? err_set(e, fd == -1 ? errno : -fd, "open %s", esc(w->path))
		      : copy_out(fd, e);
}

/* The host has another by now; somebody may have kept it. */
static int print_kept_base(const struct shown *w, struct err *e)
{
	OWN_BASETEXTS struct basetexts kept = {0};
	OWN_BUF struct buf text = BUF_INIT;

	if (basetext_read(&kept, w->s, w->c, &text, CONTENT_MAX) < 0)
		return err_set(e, ERR_PLAIN,
			       "%s: what the pod began with is not there any more (%s)",
			       esc(w->path), base_word(w));
	patches_write(&text);
	return 0;
}

static int print_base(const struct shown *w, struct err *e)
{
	return w->c && !is_base(w) ? print_kept_base(w, e) : print_side(w, SIDE_HOST, e);
}

static int print(const struct show *o, struct shown *w, const char *cwd, struct err *e)
{
	if (!w->c)
		w->pod = w->host;
	if (o->pod)
		return print_side(w, w->c ? SIDE_POD : SIDE_HOST, e);
	if (o->host)
		return print_side(w, SIDE_HOST, e);
	if (o->base)
		return print_base(w, e);
	if (o->json)
		print_json(w);
	else
		print_text(w, cwd);
	return 0;
}

static int show(const struct show *o, char **args)
{
	OWN_SURVEY struct survey s = SURVEY_INIT;
	OWN_FREE char *here = getcwd(NULL, 0);
	OWN_FREE char *cwd = path_clean(here ? here : "/", o->cwd ? o->cwd : "");
	OWN_FREE char *path = path_clean(cwd, args[1]);
	const struct survey_opts so = {.all = true, .setup = true, .wait_ms = WAIT_MS};
	struct shown w = {.s = &s, .path = path};
	struct err e = {0};

	if (o->json + o->pod + o->host + o->base > 1)
		die(POD_EXIT_USAGE, "show one of --json, --pod, --host and --base");
	if (survey_open(&s, args[0], &so, &e) < 0 || survey_walk(&s, &e) < 0 || find(&w, &e) < 0)
		return say_err(&e);
	seen_note(&s);
	pod_unlock(&s.pod);
	return print(o, &w, cwd, &e) < 0 ? say_err(&e) : POD_EXIT_OK;
}

int cmd_show(int argc, char **argv)
{
	struct show o = {0};
	const struct opt opts[] = {
		{OPT_FLAG, 'j', "json", &o.json, NULL, "one JSON object, without contents"},
		{OPT_FLAG, 0, "pod", &o.pod, NULL, "the pod's content alone"},
		{OPT_FLAG, 0, "host", &o.host, NULL, "the host's content alone"},
		{OPT_FLAG, 0, "base", &o.base, NULL, "the content that the pod began with"},
		{OPT_STR, 0, "cwd", &o.cwd, "DIR", "paths are relative to DIR"},
		{0},
	};
	const struct opt_usage u = {
		.line = "pod-mount show [OPTION]... POD PATH",
		.text = "Show both sides of one path, and how they came about.",
		.min = 2,
		.max = 2,
	};

	opt_parse(opts, &u, argc, argv);
	return show(&o, argv);
}
