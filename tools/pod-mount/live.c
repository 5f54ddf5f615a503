/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mounts for a pod that runs.  They are made here, unattached, by the host's paths, and carried
 * into the pod's mount namespace by descriptor; there only the target is looked up, beneath its
 * root and through no symlink, because that tree is the agent's.
 */
#include "tools/pod-mount/live.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/io.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/record.h"
#include "libcommon/say.h"
#include "libcommon/undo.h"
#include "tools/pod-mount/binds.h"
#include "tools/pod-mount/cmds.h"
#include "tools/pod-mount/mirror.h"
#include "tools/pod-mount/mountinfo.h"
#include "tools/pod-mount/overlay.h"
#include "tools/pod-mount/view.h"
#include "tools/pod-mount/words.h"

#define LIVE_MAX (256 * 1024)

/* What making a mount needs to know; the pod's lock is held. */
struct live {
	struct view v;
	struct stack stack;
	struct mask mask;
	struct mounts host;
	struct covers covers;
	int init; /* pidfd */
};

#define LIVE_INIT                          \
	{                                  \
		.init = -1, .v.userns = -1 \
	}

static void live_finish(struct live *l)
{
	stack_finish(&l->stack);
	mask_finish(&l->mask);
	mounts_finish(&l->host);
	covers_finish(&l->covers);
	own_close(&l->v.userns);
	own_close(&l->init);
}

static int live_open(struct live *l, const struct pod *p, const struct plan *pl, bool unsafe,
		     struct err *e)
{
	const struct shift s = shift_of_plan(pl);
	int r = stack_load(&l->stack, p, e);

	if (r == 0)
		r = pod_init_pid(p, &l->init, e);
	if (r > 0)
		r = 0;
	else if (r == 0)
		r = err_set(e, ERR_PLAIN,
			    "pod %s does not run; what it shall have at its next start "
			    "stands under filesystem.mounts of its pod.yaml",
			    p->name);
	if (r == 0)
		r = mask_load(&l->mask, p, e);
	if (r == 0)
		r = mounts_read(&l->host, e);
	if (r < 0)
		return r;
	l->v = (struct view){.pod = p,
			     .plan = pl,
			     .stack = &l->stack,
			     .mask = &l->mask,
			     .covers = &l->covers,
			     .host = &l->host,
			     .unsafe = unsafe,
			     .live = true};
	l->v.userns = pod_userns(p, s.base, s.uid, s.gid, e);
	return l->v.userns < 0 ? l->v.userns : 0;
}

/* Into the pod's mount namespace: the process's root becomes the pod's.  No way back. */
static int go_inside(const struct live *l, struct err *e)
{
	int root;

	if (setns(l->init, CLONE_NEWNS) < 0)
		return err_set(e, errno, "enter the mount namespace of pod %s", l->v.pod->name);
	root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return root < 0 ? err_set(e, errno, "open the root of pod %s", l->v.pod->name) : root;
}

static int attach(const struct live *l, int mnt, const char *target, bool dir, struct err *e)
{
	OWN_FD int root = go_inside(l, e);
	OWN_FD int at = root < 0 ? -1 : bind_target(&l->v, root, target, dir, e);

	if (at < 0)
		return -e->code;
	return mount_attach(mnt, at, esc(target), e);
}

static const struct cover *cover_of(const struct live *l, const char *dir)
{
	for (size_t i = 0; i < l->covers.n; i++)
		if (strcmp(l->covers.v[i].path, dir) == 0)
			return &l->covers.v[i];
	return NULL;
}

static int bring_in(struct live *l, const struct cover *c, struct err *e)
{
	OWN_FD int home = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	OWN_FD int mnt = -1;
	int r;

	/* The mask's trees carry the running view and cannot be written anew now. */
	if (mask_below(&l->mask, c->path))
		return err_status(
			e, POD_EXIT_BUSY, ERR_PLAIN,
			"%s holds masked paths and cannot be brought into the running pod %s "
			"(envpod stop %s, then run it again)",
			esc(c->path), l->v.pod->name, l->v.pod->name);
	mnt = view_cover(&l->v, c, e);
	if (mnt < 0)
		return mnt;
	r = attach(l, mnt, c->target, true, e);
	if (home < 0 || setns(home, CLONE_NEWNS) < 0)
		return r < 0 ? r : err_set(e, errno, "leave the mount namespace of the pod");
	return r < 0 ? r : marker_add(l->v.pod, c->path, e);
}

int live_cover(const struct pod *p, const struct plan *pl, const char *dir, struct err *e)
{
	OWN(live_finish) struct live l = LIVE_INIT;
	OWN_MARKER struct marker m = {0};
	const struct cover_ask ask = {.host = &l.host, .plan = pl, .mask = &l.mask, .cwd = dir};
	int r = live_open(&l, p, pl, false, e);

	if (r == 0)
		r = covers_list(&l.covers, &ask, e);
	if (r < 0 || !cover_of(&l, dir))
		return r;
	if (marker_read(&m, p->dir) == 0 && strv_has(&m.covers, dir))
		return 0;
	return bring_in(&l, cover_of(&l, dir), e);
}

/* mounts.live: "MODE SOURCE TARGET" a line, as in the plan; gone with the view. */
static int live_list(const struct pod *p, struct buf *b, struct err *e)
{
	int r = read_file_at(p->dir, "mounts.live", b, LIVE_MAX);

	if (r < 0 && r != -ENOENT)
		return err_set(e, -r, "read %s/mounts.live", p->path);
	buf_str(b, "");
	return 0;
}

static int save_list(const struct pod *p, const struct buf *b, struct err *e)
{
	int r = write_file_at(p->dir, "mounts.live", b->data ? b->data : "", b->len, 0600, false);

	return r < 0 ? err_set(e, -r, "write %s/mounts.live", p->path) : 0;
}

static int remember(const struct pod *p, const struct bind_ask *b, struct err *e)
{
	OWN_BUF struct buf list = BUF_INIT;
	int r = live_list(p, &list, e);

	if (r < 0)
		return r;
	buf_str(&list, b->mode == BIND_RW ? "rw " : "ro ");
	word_escape(&list, b->source);
	buf_char(&list, ' ');
	word_escape(&list, b->target);
	buf_char(&list, '\n');
	return save_list(p, &list, e);
}

/* The last line of that target is taken out; false: there is none. */
static bool take_out(struct buf *kept, const struct buf *list, const char *target)
{
	const char *line = list->data, *hit = NULL, *hit_end = NULL;

	while (line && *line) {
		size_t n = strcspn(line, "\n");
		OWN_FREE char *text = xfmt("%.*s", (int)n, line);
		struct bind_ask b = {0};

		if (bind_parse(&b, text) && strcmp(b.target, target) == 0) {
			hit = line;
			hit_end = line + n + (line[n] == '\n');
		}
		bind_finish(&b);
		line += n + (line[n] == '\n');
	}
	if (!hit)
		return false;
	buf_add(kept, list->data, (size_t)(hit - list->data));
	buf_str(kept, hit_end);
	return true;
}

/* "MODE SOURCE" of the last line of that target, as mounts.live has it; NULL: there is none. */
static char *mounted(const struct buf *list, const char *target)
{
	char *found = NULL;

	for (const char *line = list->data; line && *line;) {
		size_t n = strcspn(line, "\n");
		OWN_FREE char *text = xfmt("%.*s", (int)n, line);
		struct bind_ask b = {0};

		if (bind_parse(&b, text) && strcmp(b.target, target) == 0) {
			free(found);
			found = xfmt("%s %s", b.mode == BIND_RW ? "rw" : "ro", b.source);
		}
		bind_finish(&b);
		line += n + (line[n] == '\n');
	}
	return found;
}

/* What lies at the target must be what the record of the deed says; was NULL: whatever it is. */
static int check_was(const struct pod *p, const struct bind_ask *b, const char *was, struct err *e)
{
	OWN_BUF struct buf list = BUF_INIT;
	OWN_FREE char *now = NULL;
	int r = was ? live_list(p, &list, e) : 0;
	pid_t init;

	if (r < 0 || !was)
		return r;
	init = pod_init_pid(p, NULL, e);
	if (init < 0)
		return init;
	if (init > 0)
		now = mounted(&list, b->target);
	if (strcmp(now ? now : "free", was) == 0)
		return 0;
	return err_status(e, POD_EXIT_REFUSED, ERR_PLAIN, "%s of pod %s is '%s' now, not '%s'",
			  esc(b->target), p->name, now ? esc(now) : "free", esc(was));
}

/* On record before the deed: the command that takes it back looks whether it was done. */
static int register_undo(const struct pod *p, const struct bind_ask *b, bool adding,
			 char id[UNDO_ID], struct err *e)
{
	OWN_UNDO_NOTE struct undo_note n = {0};
	OWN_BUF struct buf list = BUF_INIT, kept = BUF_INIT;
	OWN_FREE char *is = NULL, *below = NULL;
	int r = live_list(p, &list, e);

	if (r < 0)
		return r;
	is = adding ? xfmt("%s %s", b->mode == BIND_RW ? "rw" : "ro", b->source)
		    : mounted(&list, b->target);
	if (!adding && take_out(&kept, &list, b->target))
		below = mounted(&kept, b->target);
	undo_words(&n.what, adding ? "mount" : "unmount", is + 3, b->target, NULL);
	if (adding)
		undo_words(&n.run, "pod-mount", "drop", "--was", is, p->name, b->target, NULL);
	else
		undo_words(&n.run, "pod-mount", "add", "--was", below ? below : "free",
			   is[1] == 'w' ? "--rw" : "--readonly", p->name, is + 3, b->target, NULL);
	return undo_register(p, &n, id, e);
}

static int put_on_record(const struct pod *p, const char *event, const struct bind_ask *b,
			 struct err *e)
{
	OWN_EVENT struct event ev;

	event_init(&ev, p->name, "mount", event);
	if (b->source)
		event_str(&ev, "source", b->source);
	event_str(&ev, "target", b->target);
	if (b->source)
		event_str(&ev, "mode", b->mode == BIND_RW ? "rw" : "ro");
	return record_event(&ev, true, e);
}

static void forget(const struct pod *p, const struct bind_ask *b)
{
	OWN_BUF struct buf list = BUF_INIT, kept = BUF_INIT;
	struct err ignore = {0};

	if (live_list(p, &list, &ignore) == 0 && take_out(&kept, &list, b->target))
		save_list(p, &kept, &ignore);
	put_on_record(p, "mount_failed", b, &ignore);
}

static int add(const struct pod *p, const struct plan *pl, const struct bind_ask *b, bool unsafe,
	       struct err *e)
{
	OWN(live_finish) struct live l = LIVE_INIT;
	OWN_FD int mnt = -1;
	struct stat st;
	char id[UNDO_ID];
	int r = live_open(&l, p, pl, unsafe, e);

	if (r < 0)
		return r;
	mnt = bind_make(&l.v, b, e);
	if (mnt < 0)
		return mnt;
	if (fstat(mnt, &st) < 0)
		return err_set(e, errno, "look at %s", esc(b->source));
	/* On record before it exists: what cannot be recorded is not done. */
	r = put_on_record(p, "mount", b, e);
	if (r == 0)
		r = register_undo(p, b, true, id, e);
	if (r < 0)
		return r;
	r = remember(p, b, e);
	if (r == 0)
		r = attach(&l, mnt, b->target, S_ISDIR(st.st_mode), e);
	if (r < 0) {
		forget(p, b);
		undo_withdraw(p, id);
	}
	return r;
}

/* By name in an opened directory: /proc of the pod does not show us, so no path by descriptor. */
static int detach(int root, const char *target, struct err *e)
{
	const char *leaf;
	OWN_FD int parent = open_parent_beneath(root, target, &leaf);

	if (parent < 0)
		return err_set(e, -parent, "find %s in the pod", esc(target));
	if (fchdir(parent) < 0 || umount2(leaf, MNT_DETACH | UMOUNT_NOFOLLOW) < 0)
		return err_set(e, errno, "unmount %s", esc(target));
	return 0;
}

static int drop(const struct pod *p, const struct plan *pl, const struct bind_ask *b, struct err *e)
{
	OWN(live_finish) struct live l = LIVE_INIT;
	OWN_BUF struct buf list = BUF_INIT, kept = BUF_INIT;
	OWN_FD int root = -1;
	char id[UNDO_ID];
	int r = live_open(&l, p, pl, false, e);

	if (r == 0)
		r = live_list(p, &list, e);
	if (r < 0)
		return r;
	if (!take_out(&kept, &list, b->target))
		return err_set(e, ENOENT, "drop %s: it was not added to the running pod %s",
			       esc(b->target), p->name);
	r = put_on_record(p, "unmount", b, e);
	if (r == 0)
		r = register_undo(p, b, false, id, e);
	if (r < 0)
		return r;
	r = root = go_inside(&l, e);
	if (r >= 0)
		r = detach(root, b->target, e);
	if (r < 0)
		undo_withdraw(p, id);
	return r < 0 ? r : save_list(p, &kept, e);
}

struct how {
	bool adding, unsafe;
	const char *was; /* only if this lies there now, "free": nothing; NULL: no matter */
};

static int with_pod(const char *name, const struct bind_ask *b, const struct how *how)
{
	OWN(pod_finish) struct pod p = POD_INIT;
	OWN_PLAN struct plan pl = {0};
	struct err e = {0};

	if (pod_open(&p, name, &e) < 0 || pod_lock(&p, 0, &e) < 0 || plan_open(&pl, &p, &e) < 0)
		return say_err(&e);
	if (check_was(&p, b, how->was, &e) < 0)
		return say_err(&e);
	if ((how->adding ? add(&p, &pl, b, how->unsafe, &e) : drop(&p, &pl, b, &e)) < 0)
		return say_err(&e);
	return 0;
}

int cmd_add(int argc, char **argv)
{
	OWN(bind_finish) struct bind_ask b = {.mode = BIND_RO};
	const char *cwd = "/";
	struct how how = {.adding = true};
	bool rw = false, readonly = false;
	const struct opt opts[] = {
		{OPT_STR, 0, "cwd", &cwd, "DIR", "what a relative SOURCE is relative to"},
		{OPT_FLAG, 0, "rw", &rw, NULL, "writable, past review"},
		{OPT_FLAG, 0, "readonly", &readonly, NULL, "read-only, which is the default"},
		{OPT_FLAG, 0, "unsafe", &how.unsafe, NULL, "also masked paths and control sockets"},
		{OPT_STR, 0, "was", &how.was, "STATE",
		 "only if that lies at TARGET, or nothing: 'free'; 3 if not"},
		{0},
	};
	const struct opt_usage usage = {"pod-mount add [OPTION]... POD SOURCE [TARGET]",
					"Show a path of the host in a running pod.", 2, 3, 0};
	int n = opt_parse(opts, &usage, argc, argv);

	if (rw && readonly)
		die(POD_EXIT_USAGE, "add: --rw and --readonly do not agree");
	b.mode = rw ? BIND_RW : BIND_RO;
	b.source = path_clean(cwd, argv[1]);
	b.target = path_clean(cwd, n > 2 ? argv[2] : b.source);
	return with_pod(argv[0], &b, &how);
}

int cmd_drop(int argc, char **argv)
{
	OWN(bind_finish) struct bind_ask b = {0};
	const char *cwd = "/";
	struct how how = {.adding = false};
	const struct opt opts[] = {
		{OPT_STR, 0, "cwd", &cwd, "DIR", "what a relative TARGET is relative to"},
		{OPT_STR, 0, "was", &how.was, "STATE",
		 "only if it is 'ro SOURCE' or 'rw SOURCE'; 3 if not"},
		{0},
	};
	const struct opt_usage usage = {"pod-mount drop [OPTION]... POD TARGET",
					"Take out of a running pod what add brought in.", 2, 2, 0};

	opt_parse(opts, &usage, argc, argv);
	b.target = path_clean(cwd, argv[1]);
	return with_pod(argv[0], &b, &how);
}
