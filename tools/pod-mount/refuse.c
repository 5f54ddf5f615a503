/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-mount/refuse.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "envpod/exit.h"
#include "libcommon/jsonw.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/record.h"
#include "libcommon/say.h"
#include "tools/pod-mount/list.h"
#include "tools/pod-mount/plan_commit.h"

#define SHOWN_MAX 50 /* lines of one reason; the rest is counted */

static bool below_any(const char *path, const char *const *dirs)
{
	for (; *dirs; dirs++)
		if (path_below(path, *dirs))
			return true;
	return false;
}

static bool is_system(const char *path)
{
	static const char *const dirs[] = {"/usr",   "/bin",    "/sbin", "/lib", "/lib64",
					   "/lib32", "/libx32", "/boot", NULL};

	return below_any(path, dirs);
}

static bool is_node(const struct change *c)
{
	return S_ISCHR(c->mode) || S_ISBLK(c->mode) || S_ISSOCK(c->mode);
}

static bool refuse_masked(const struct survey *s, const struct refuse_opts *o,
			  const struct change *c, const char *path)
{
	(void)s;
	(void)o;
	return c->marks & MARK_MASKED || path_below(path, pod_state_dir()) ||
	       path_below(path, pod_run_dir());
}

static bool refuse_deep(const struct survey *s, const struct refuse_opts *o, const struct change *c,
			const char *path)
{
	(void)s;
	(void)o;
	(void)path;
	return c->marks & MARK_DEEP;
}

static bool refuse_node(const struct survey *s, const struct refuse_opts *o, const struct change *c,
			const char *path)
{
	(void)s;
	(void)o;
	(void)path;
	return is_node(c);
}

static bool refuse_system(const struct survey *s, const struct refuse_opts *o,
			  const struct change *c, const char *path)
{
	(void)c;
	return !o->include_system && !o->elsewhere && !plan_is(&s->plan, "system", "dangerous") &&
	       is_system(path);
}

static bool refuse_sensitive(const struct survey *s, const struct refuse_opts *o,
			     const struct change *c, const char *path)
{
	(void)s;
	(void)path;
	return c->marks & MARK_SENSITIVE && !o->sensitive && !c->by_name;
}

static bool refuse_conflict(const struct survey *s, const struct refuse_opts *o,
			    const struct change *c, const char *path)
{
	(void)s;
	(void)path;
	return c->marks & MARK_CONFLICT && !o->elsewhere && !o->theirs && !c->merged;
}

/* Changes the live view still depends on. */
static bool refuse_renamed(const struct survey *s, const struct refuse_opts *o,
			   const struct change *c, const char *path)
{
	if (!s->live || o->elsewhere)
		return false;
	for (size_t i = 0; i < s->renames.n; i++)
		if (path_below(path, s->renames.v[i].path) ||
		    path_below(path, s->renames.v[i].from))
			return true;
	return c->from != NULL;
}

static const struct reason {
	const char *word; /* in the audit log */
	const char *text;
	bool (*applies)(const struct survey *s, const struct refuse_opts *o, const struct change *c,
			const char *path);
} reasons[] = {
	{"masked", "is hidden from the pod and never committed", refuse_masked},
	{"deep", "has a path longer than any program can use", refuse_deep},
	{"device", "is a device or a socket, which is never committed", refuse_node},
	{"conflict", "changed on the host too", refuse_conflict},
	{"system", "belongs to the system (--include-system commits it)", refuse_system},
	{"sensitive", "is run or obeyed by the host (name it, or use --sensitive)",
	 refuse_sensitive},
	{"live", "was moved with its directory, and the pod runs (envpod stop first)",
	 refuse_renamed},
};

#define REASONS (sizeof(reasons) / sizeof(reasons[0]))

struct tally {
	size_t n[REASONS];
	struct strv paths;
};

static void put_time(struct buf *b, uint64_t ns)
{
	time_t t = (time_t)(ns / 1000000000u);
	struct tm tm;
	char text[32];

	gmtime_r(&t, &tm);
	strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S UTC", &tm);
	buf_str(b, text);
}

/* Both sides of a conflict. */
static void put_sides(struct buf *b, const struct change *c)
{
	const struct change host = {.mode = c->old_mode};

	buf_str(b, "; host: ");
	if (c->old_mode) {
		buf_fmt(b, "%s%s of %llu bytes, changed ",
			c->conflict == BASE_APPEARED ? "new " : "", change_type(&host),
			(unsigned long long)c->old_size);
		put_time(b, c->old_mtime_ns);
	} else
		buf_str(b, "deleted");
	if (c->mode)
		buf_fmt(b, "; pod: %s of %llu bytes", change_type(c), (unsigned long long)c->size);
	else
		buf_str(b, "; pod: deleted");
}

static void put_json(struct buf *b, const struct change *c, const char *path,
		     const struct reason *why)
{
	jw_open(b, '{');
	jw_kstr(b, "path", path);
	jw_kstr(b, "refused", why->word);
	if (why->applies == refuse_conflict)
		jw_kstr(b, "conflict", list_conflict(c->conflict));
	list_sides(b, c);
	jw_close(b, '}');
}

static void say_line(const struct refuse_opts *o, const char *line)
{
	if (o->json)
		printf("%s\n", line);
	else
		say_error("%s", line);
}

static void say_refused(struct refuse_opts *o, const struct change *c, const char *path,
			const struct reason *why)
{
	OWN_BUF struct buf line = BUF_INIT;

	if (o->json) {
		put_json(&line, c, path, why);
	} else {
		buf_esc(&line, path_from(path, o->cwd));
		buf_fmt(&line, " %s", why->text);
		if (why->applies == refuse_conflict)
			put_sides(&line, c);
	}
	if (o->partial)
		strv_add(&o->lines, line.data);
	else
		say_line(o, line.data);
}

/* --- leaving out --- */

static void leave_below(struct survey *s, size_t i)
{
	for (size_t k = i, end = changes_end(&s->changes, i); k < end; k++)
		s->changes.v[k].chosen = false;
}

/*
 * A change, and what cannot be without it: what lies in a directory that is not made, and the file
 * that was to stand where a directory stays.
 */
static void leave_out(struct survey *s, size_t i)
{
	struct change *c = &s->changes.v[i];
	OWN_FREE char *dir = xstrdup(c->dir);
	OWN_BUF struct buf path = BUF_INIT;

	c->chosen = false;
	if (S_ISDIR(c->mode) && c->kind != CHANGE_MODIFIED)
		leave_below(s, i);
	for (; *dir; *strrchr(dir, '/') = '\0') {
		size_t k = changes_find(&s->changes, dir);
		const struct change *up = k < s->changes.n ? &s->changes.v[k] : NULL;

		if (up && up->kind == CHANGE_TYPE && !S_ISDIR(up->mode) &&
		    strcmp(change_path(up, &path), dir) == 0)
			leave_below(s, k);
	}
}

static void tally_one(struct survey *s, struct refuse_opts *o, size_t at, struct tally *t)
{
	struct change *c = &s->changes.v[at];
	OWN_BUF struct buf path = BUF_INIT;

	change_path(c, &path);
	for (size_t i = 0; i < REASONS; i++) {
		if (!reasons[i].applies(s, o, c, path.data))
			continue;
		if (reasons[i].applies == refuse_node && !c->by_name) {
			say_warn("%s %s: left out", esc(path_from(path.data, o->cwd)),
				 reasons[i].text);
			c->chosen = false;
			return;
		}
		if (reasons[i].applies == refuse_conflict && o->ours) {
			strv_add(&o->drop, path.data);
			leave_out(s, at);
			return;
		}
		if (t->n[i]++ < SHOWN_MAX || o->json)
			say_refused(o, c, path.data, &reasons[i]);
		strv_add(&t->paths, path.data);
		if (o->partial)
			leave_out(s, at);
		return;
	}
}

static void say_more(struct refuse_opts *o, const struct tally *t)
{
	for (size_t i = 0; i < REASONS && !o->json; i++) {
		OWN_FREE char *line = NULL;

		if (t->n[i] <= SHOWN_MAX)
			continue;
		line = xfmt("and %zu more: %s", t->n[i] - SHOWN_MAX, reasons[i].text);
		if (o->partial)
			strv_add(&o->lines, line);
		else
			say_error("%s", line);
	}
}

static int record_refusal(const struct survey *s, const struct refuse_opts *o, struct err *e)
{
	OWN_EVENT struct event ev;

	event_init(&ev, s->pod.name, "mount", "commit_refused");
	event_str(&ev, "reason", o->first);
	event_num(&ev, "count", (int64_t)o->left_out);
	event_bool(&ev, "partial", o->partial);
	event_strv(&ev, "paths", o->paths.v);
	return record_event(&ev, true, e);
}

static void keep_tally(struct refuse_opts *o, struct tally *t)
{
	for (size_t i = 0; i < REASONS; i++) {
		if (t->n[i] && !o->first)
			o->first = reasons[i].word;
		o->left_out += t->n[i];
	}
	o->paths = t->paths;
}

int refuse_check(struct survey *s, struct refuse_opts *o, struct err *e)
{
	struct tally t = {0};

	refuse_finish(o);
	for (size_t i = 0; i < s->changes.n; i++)
		if (s->changes.v[i].chosen)
			tally_one(s, o, i, &t);
	keep_tally(o, &t);
	say_more(o, &t);
	if (o->drop.n || (o->left_out && o->partial))
		commit_choose(s);
	if (o->left_out == 0 || o->partial)
		return 0;
	if (record_refusal(s, o, e) < 0)
		return -e->code;
	return err_status(e, POD_EXIT_REFUSED, ERR_PLAIN,
			  "nothing was committed: %zu path%s refused", o->left_out,
			  o->left_out == 1 ? "" : "s");
}

int refuse_left_out(const struct survey *s, struct refuse_opts *o, struct err *e)
{
	for (size_t i = 0; i < o->lines.n; i++)
		say_line(o, o->lines.v[i]);
	if (o->left_out == 0)
		return 0;
	if (record_refusal(s, o, e) < 0)
		return -e->code;
	return err_status(e, POD_EXIT_REFUSED, ERR_PLAIN, "%zu path%s left out", o->left_out,
			  o->left_out == 1 ? " was" : "s were");
}

void refuse_finish(struct refuse_opts *o)
{
	strv_finish(&o->lines);
	strv_finish(&o->drop);
	strv_finish(&o->paths);
	o->first = NULL;
	o->left_out = 0;
}
