/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pod-mount apply: a change set from a file goes to the host as if a pod had made it here.  The
 * unpacked archive takes the place of the pod's layers; from there on it is a commit like any
 * other.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/say.h"
#include "tools/pod-mount/cmds.h"
#include "tools/pod-mount/commit.h"
#include "tools/pod-mount/list.h"
#include "tools/pod-mount/plan_commit.h"
#include "tools/pod-mount/refuse.h"
#include "tools/pod-mount/select.h"
#include "tools/pod-mount/survey.h"
#include "tools/pod-mount/unpack.h"
#include "tools/pod-mount/zfile.h"

struct apply {
	const char *pod, *cwd;
	uint64_t most;
	bool dry;
	struct refuse_opts refuse;
	struct strv exclude;
};

struct applier {
	struct apply *o;
	struct survey *s;
	struct change_set set;
	int dir; /* UNPACK_DIR */
};

static void applier_finish(struct applier *a)
{
	if (a->dir >= 0)
		remove_tree_at(a->s->pod.dir, UNPACK_DIR);
	own_close(&a->dir);
	change_set_finish(&a->set);
}

/* --- holding it against the host --- */

/* Below something that the archive deletes or replaces: what it did not see there stays. */
static bool goes_with_parent(const struct change_set *set, const struct change *c)
{
	OWN_FREE char *dir = xstrdup(c->dir);
	const struct carried *k = NULL;
	char *slash;

	while (c->kind == CHANGE_DELETED && *dir && !(k = change_set_find(set, dir))) {
		slash = strrchr(dir, '/');
		*slash = '\0';
	}
	return k && (k->kind == CHANGE_DELETED || k->kind == CHANGE_TYPE);
}

static unsigned verdict(const struct carried *k, const struct change *c)
{
	if (strcmp(k->base, "unknown") == 0)
		return BASE_UNSURE;
	if (!c->old_mode)
		return BASE_VANISHED;
	return strcmp(k->base, "none") == 0 ? BASE_APPEARED : BASE_CHANGED;
}

/* A directory that is wanted and there is no conflict, whoever made it. */
static bool both_dirs(const struct carried *k, const struct change *c)
{
	return strcmp(k->base, "none") == 0 && S_ISDIR(c->mode) && S_ISDIR(c->old_mode);
}

static int judge(struct applier *a, struct change *c, struct err *e)
{
	OWN_BUF struct buf path = BUF_INIT;
	const struct carried *k = change_set_find(&a->set, change_path(c, &path));
	char now[BASE_TEXT];
	int r;

	if (!k && goes_with_parent(&a->set, c)) {
		c->marks |= MARK_APPEARED;
		return 0;
	}
	if (!k)
		return err_status(e, POD_EXIT_REFUSED, ERR_PLAIN,
				  "nothing was applied: %s is not a directory here as it was where "
				  "the change set comes from",
				  esc(path.data));
	r = export_base(now, a->s, c);
	if (r < 0)
		return err_set(e, -r, "read %s", esc(path.data));
	c->marks |= k->sensitive ? MARK_SENSITIVE : 0;
	if (carried_base_stands(k, now) || both_dirs(k, c))
		return 0;
	c->conflict = (uint8_t)verdict(k, c);
	c->marks |= MARK_CONFLICT;
	return 0;
}

static int judge_all(struct applier *a, struct err *e)
{
	int r = 0;

	for (size_t i = 0; i < a->s->changes.n && r == 0; i++)
		r = judge(a, &a->s->changes.v[i], e);
	return r;
}

/* --- the steps --- */

static int unpack(struct applier *a, struct tar_reader *r, const char *cwd, struct err *e)
{
	struct survey *s = a->s;

	if (remove_tree_at(s->pod.dir, UNPACK_DIR) < 0 || mkdirat(s->pod.dir, UNPACK_DIR, 0700) < 0)
		return err_set(e, errno, "make %s/" UNPACK_DIR, s->pod.path);
	a->dir = openat(s->pod.dir, UNPACK_DIR, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (a->dir < 0)
		return err_set(e, errno, "open %s/" UNPACK_DIR, s->pod.path);
	return change_set_unpack(&a->set, r, &s->plan, a->dir, cwd, e);
}

static int open_pod(struct applier *a, struct err *e)
{
	const struct survey_opts so = {.all = true, .setup = true};
	const char *name = a->o->pod ? a->o->pod : a->set.pod;
	int r = survey_open(a->s, name, &so, e);

	if (r < 0 && !a->o->pod)
		return err_wrap(e, "the change set is of pod %s (--pod names another)", name);
	return r;
}

static int read_in(struct applier *a, int fd, const char *cwd, struct err *e)
{
	OWN_ZFILE struct zfile z = {.fd = -1};
	struct tar_reader r = {.read = zfile_get, .from = &z};
	int x = zfile_read(&z, fd, a->o->most, e);

	if (x == 0)
		x = change_set_head(&a->set, &r, e);
	if (x == 0)
		x = open_pod(a, e);
	if (x == 0)
		x = unpack(a, &r, cwd, e);
	if (x == 0)
		x = survey_carry(a->s, &a->set.covers, a->dir, e);
	if (x == 0)
		x = survey_walk(a->s, e);
	return x < 0 ? x : judge_all(a, e);
}

static size_t count_files(const struct survey *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->changes.n; i++)
		n += s->changes.v[i].chosen && !change_is_dir(&s->changes.v[i]);
	return n;
}

static bool any_chosen(const struct survey *s)
{
	for (size_t i = 0; i < s->changes.n; i++)
		if (s->changes.v[i].chosen)
			return true;
	return false;
}

static int show(struct applier *a, const char *cwd, struct err *e)
{
	const struct list_opts lo = {.cwd = cwd};

	list_text(a->s, &lo);
	printf("Would apply %zu file(s).\n", count_files(a->s));
	return refuse_left_out(a->s, &a->o->refuse, e);
}

static int act(struct applier *a, const struct selection *sel, const char *cwd, struct err *e)
{
	size_t files = 0;
	bool some;
	int r = selection_apply(sel, &a->s->changes, false, e);

	if (r == 0)
		commit_choose(a->s);
	if (r == 0)
		r = refuse_check(a->s, &a->o->refuse, e);
	if (r < 0)
		return r;
	if (a->o->dry)
		return show(a, cwd, e);
	some = any_chosen(a->s);
	if (some)
		r = commit_to_host(a->s, cwd, &files, e);
	if (r < 0)
		return r;
	commit_say_appeared(a->s, cwd);
	r = refuse_left_out(a->s, &a->o->refuse, e);
	if (some)
		printf("Applied %zu file(s).\n", files);
	else
		printf("Nothing to apply.\n");
	return r;
}

static int apply(struct apply *o, char **args, int n)
{
	OWN_SURVEY struct survey s = SURVEY_INIT;
	OWN(applier_finish) struct applier a = {.o = o, .s = &s, .dir = -1};
	OWN_SELECTION struct selection sel = {0};
	OWN_FREE char *here = getcwd(NULL, 0);
	OWN_FREE char *cwd = path_clean(here ? here : "/", o->cwd ? o->cwd : "");
	const char *path = strcmp(args[0], "-") != 0 ? args[0] : NULL;
	OWN_FD int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	struct err e = {0};

	if (path && file < 0) {
		err_set(&e, errno, "open %s", esc(path));
		return say_err(&e);
	}
	o->refuse.cwd = cwd;
	selection_add(&sel, cwd, args + 1, (size_t)n - 1);
	selection_exclude(&sel, cwd, o->exclude.v, o->exclude.n);
	if (read_in(&a, path ? file : STDIN_FILENO, cwd, &e) < 0 || act(&a, &sel, cwd, &e) < 0)
		return say_err(&e);
	return POD_EXIT_OK;
}

int cmd_apply(int argc, char **argv)
{
	struct apply o = {.most = UNPACK_BYTES};
	const struct opt opts[] = {
		{OPT_STR, 0, "pod", &o.pod, "POD", "as a commit of this pod"},
		{OPT_FLAG, 'n', "dry-run", &o.dry, NULL, "say what would be applied"},
		{OPT_LIST, 0, "exclude", &o.exclude, "PATH", "all but these; may be a pattern"},
		{OPT_FLAG, 0, "sensitive", &o.refuse.sensitive, NULL,
		 "also what the host runs or obeys"},
		{OPT_FLAG, 0, "include-system", &o.refuse.include_system, NULL,
		 "also /usr, /bin, /sbin, /lib*"},
		{OPT_FLAG, 0, "partial", &o.refuse.partial, NULL, "leave out what is refused"},
		{OPT_FLAG, 0, "theirs", &o.refuse.theirs, NULL, "conflicts: the change set wins"},
		{OPT_SIZE, 0, "max-size", &o.most, "SIZE", "refuse what unpacks to more (4G)"},
		{OPT_STR, 0, "cwd", &o.cwd, "DIR", "paths are relative to DIR"},
		{0},
	};
	const struct opt_usage u = {
		.line = "pod-mount apply [OPTION]... FILE [PATH]...",
		.text = "Bring a change set of diff --export to this host.",
		.min = 1,
	};
	int n = opt_parse(opts, &u, argc, argv), status = apply(&o, argv, n);

	strv_finish(&o.exclude);
	refuse_finish(&o.refuse);
	return status;
}
