/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pod-mount fsck: is everything a pod stands on there and as it should be?  What crashes cut off is
 * finished or taken back first, as every command does; here it is counted.
 */
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/io.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/plan.h"
#include "libcommon/say.h"
#include "tools/pod-mount/base.h"
#include "tools/pod-mount/cmds.h"
#include "tools/pod-mount/journal.h"
#include "tools/pod-mount/mask.h"
#include "tools/pod-mount/names.h"
#include "tools/pod-mount/settle.h"
#include "tools/pod-mount/snapshots.h"
#include "tools/pod-mount/whiteout.h"

#define LOCK_WAIT_MS 10000
#define DEPTH_MAX    1000
#define STACK_BYTES  (64 * 1024)

struct fsck {
	struct pod pod;
	bool dry, drop_missing, live;
	size_t wrong, mended;
	struct strv seen; /* layers that were looked at */
};

static void __attribute__((format(printf, 3, 4)))
found(struct fsck *f, bool mended, const char *fmt, ...)
{
	OWN_FREE char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		text = NULL;
	va_end(ap);
	printf("%s: %s: %s\n", f->pod.name, mended ? "mended" : "wrong", text ? text : fmt);
	f->wrong++;
	f->mended += mended;
}

/* --- what crashes leave --- */

static const struct trace {
	const char *path, *text;
} traces[] = {
	{"turnover", "a turn-over was cut off"},
	{"dropping", "the removal of a layer was cut off"},
	{"copying", "the copy of a layer was cut off"},
	{"undo/open", "a commit, rollback or undo was cut off"},
	{SETTLE_SCRATCH, "work on a layer was cut off"},
};

#define TRACES (sizeof(traces) / sizeof(traces[0]))

static bool is_there(const struct fsck *f, const char *path)
{
	return faccessat(f->pod.dir, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static int recover(struct fsck *f, struct err *e)
{
	int r = layers_recover(&f->pod, e);

	if (r == 0)
		r = journal_recover(&f->pod, e);
	if (r == 0 && remove_tree_at(f->pod.dir, SETTLE_SCRATCH) < 0)
		r = err_set(e, errno, "remove %s/" SETTLE_SCRATCH, f->pod.path);
	return r;
}

static int check_traces(struct fsck *f, struct err *e)
{
	bool there[TRACES], any = false;
	int r = 0;

	for (size_t i = 0; i < TRACES; i++)
		any |= there[i] = is_there(f, traces[i].path);
	if (any && !f->dry && !f->live)
		r = recover(f, e);
	for (size_t i = 0; r == 0 && i < TRACES; i++)
		if (there[i])
			found(f, !is_there(f, traces[i].path), "%s", traces[i].text);
	return r;
}

/* --- layers --- */

static void check_marks(struct fsck *f, int fd, const char *id, const char *path)
{
	OWN_FREE struct dir_marks *marks = xcalloc(1, sizeof(*marks));
	char value[8];

	if (dir_marks_read(fd, marks) < 0)
		found(f, false, "layer %s: the marks of %s cannot be read", id, esc(path));
	if (fgetxattr(fd, "trusted.overlay.redirect", value, 0) > 0 && !marks->redirected)
		found(f, false, "layer %s: the redirect of %s leads nowhere", id, esc(path));
}

static void check_dir(struct fsck *f, int fd, const char *id, struct buf *path, unsigned depth)
{
	struct names names = {0};
	size_t len = path->len;

	check_marks(f, fd, id, path->data);
	if (depth < DEPTH_MAX && names_read(&names, fd, 0) < 0)
		found(f, false, "layer %s: %s cannot be read", id, esc(path->data));
	for (size_t i = 0; i < names.n; i++) {
		const char *name = name_text(&names, i);
		OWN_FD int sub = -1;
		struct stat st;

		if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISDIR(st.st_mode))
			continue;
		sub = openat(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		buf_fmt(path, "/%s", name);
		if (sub >= 0)
			check_dir(f, sub, id, path, depth + 1);
		path->len = len;
		path->data[len] = '\0';
	}
	names_finish(&names);
}

static void check_base(struct fsck *f, const char *id, int dir)
{
	OWN_BASES struct bases b = {0};
	OWN_BUF struct buf text = BUF_INIT;
	struct err e = {0};

	if (read_file_at(dir, "base", &text, BASE_FILE_MAX) < 0 ||
	    base_parse(&b, 0, text.data ? text.data : "", text.len, &e) < 0)
		found(f, false,
		      "layer %s: its base is torn, so that each of its changes counts as a conflict "
		      "unless the host has the same content",
		      id);
}

/* Is the layer there, and sound? */
static bool check_layer(struct fsck *f, const char *id)
{
	OWN_FD int dir = layer_open(id, ""), tree = layer_open(id, "tree");
	OWN_BUF struct buf path = BUF_INIT;

	if (dir < 0 || tree < 0)
		return false;
	if (strv_has(&f->seen, id))
		return true;
	strv_add(&f->seen, id);
	buf_str(&path, "");
	check_base(f, id, dir);
	check_dir(f, tree, id, &path, 0);
	return true;
}

/* --- the texts that name them --- */

static void drop_layer(struct fsck *f, struct stack *s, size_t i)
{
	struct layer gone = s->v[i];
	struct err e = {0};
	bool mended = false;

	if (f->drop_missing && !f->dry && !f->live) {
		stack_remove(s, i);
		mended = stack_save(s, &f->pod, &e) == 0;
	}
	found(f, mended, "layer %s is gone, and with it what the pod had in it%s", gone.id,
	      mended ? "" : " (--drop-missing lets the pod go on without it)");
}

static int check_stack(struct fsck *f, struct err *e)
{
	OWN_STACK struct stack s = {0};
	int r = stack_load(&s, &f->pod, e);

	if (r < 0) {
		found(f, false, "%s", e->msg);
		*e = (struct err){0};
		return 0;
	}
	for (size_t i = s.n; i-- > 0;)
		if (!check_layer(f, s.v[i].id))
			drop_layer(f, &s, i);
	return 0;
}

static void check_snapshot(struct fsck *f, const struct snapshot *s)
{
	for (size_t i = 0; i < s->stack.n; i++)
		if (!check_layer(f, s->stack.v[i].id))
			found(f, false, "snapshot %s (%s): layer %s is gone", s->id, s->name,
			      s->stack.v[i].id);
}

static void check_snapshots(struct fsck *f)
{
	OWN_SNAPSHOTS struct snapshots all = {0};
	struct err e = {0};

	if (snapshots_load(&all, &f->pod, false, &e) < 0)
		found(f, false, "%s", e.msg);
	for (size_t i = 0; i < all.n; i++)
		check_snapshot(f, &all.v[i]);
}

/* --- the rest --- */

static void check_files(struct fsck *f)
{
	OWN_PLAN struct plan pl = {0};
	OWN_MASK struct mask m = {0};
	struct err e = {0};

	if (!is_there(f, "created"))
		found(f, false, "it was never finished, or is half destroyed (envpod destroy %s)",
		      f->pod.name);
	if (plan_open(&pl, &f->pod, &e) < 0)
		found(f, false, "%s", e.msg);
	e = (struct err){0};
	if (mask_load(&m, &f->pod, &e) < 0)
		found(f, !f->dry && unlinkat(f->pod.dir, "mask.list", 0) == 0,
		      "the list of its mask is torn; the next view makes it anew");
}

static int check_pod(struct fsck *f, const char *name, struct err *e)
{
	int r = pod_open(&f->pod, name, e);

	if (r == 0)
		r = pod_lock(&f->pod, LOCK_WAIT_MS, e);
	if (r < 0)
		return r;
	r = pod_init_pid(&f->pod, NULL, e);
	f->live = r != 0;
	if (r >= 0)
		r = check_traces(f, e);
	if (r < 0)
		return r;
	check_files(f);
	check_snapshots(f);
	return check_stack(f, e);
}

static int fsck_one(const struct fsck *ask, const char *name)
{
	struct fsck f = *ask;
	struct err e = {0};
	int status = POD_EXIT_OK;

	if (check_pod(&f, name, &e) < 0)
		status = say_err(&e);
	else if (f.wrong)
		status = POD_EXIT_NO;
	pod_finish(&f.pod);
	strv_finish(&f.seen);
	return status;
}

static int fsck_all(const struct fsck *ask)
{
	OWN_FREE char *path = xfmt("%s/pods", pod_state_dir());
	OWN_DIR DIR *d = opendir(path);
	const char *name;
	int worst = POD_EXIT_OK, more = d || errno == ENOENT ? 0 : -errno;

	while (d && (more = dir_next(d, &name)) > 0) {
		int status = name[0] == '.' ? POD_EXIT_OK : fsck_one(ask, name);

		worst = status > worst ? status : worst;
	}
	if (more < 0)
		die(POD_EXIT_FAILED, "list %s: %s", path, strerror(-more));
	return worst;
}

int cmd_fsck(int argc, char **argv)
{
	struct fsck ask = {.pod = POD_INIT};
	bool all = false;
	int status = POD_EXIT_OK, n;
	struct err e = {0};
	const struct opt opts[] = {
		{OPT_FLAG, 'a', "all", &all, NULL, "every pod there is"},
		{OPT_FLAG, 'n', "dry-run", &ask.dry, NULL, "mend nothing"},
		{OPT_FLAG, 0, "drop-missing", &ask.drop_missing, NULL,
		 "take layers that are gone out of the stack"},
		{0},
	};
	const struct opt_usage u = {"pod-mount fsck [OPTION]... POD...",
				    "Check what pods stand on, and mend what crashes left.", 0, 0,
				    0};

	n = opt_parse(opts, &u, argc, argv);
	if (all == (n > 0))
		die(POD_EXIT_USAGE, all ? "fsck: give names or --all, not both"
					: "fsck: name a pod, or give --all");
	if (pod_check_caller(&e) < 0 || pod_state_open(&e) < 0)
		return say_err(&e);
	if (all)
		status = fsck_all(&ask);
	for (int i = 0; i < n; i++) {
		int one = fsck_one(&ask, argv[i]);

		status = one > status ? one : status;
	}
	return say_end(status);
}
