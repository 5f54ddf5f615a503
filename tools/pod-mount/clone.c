/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pod-mount clone: a new pod that stands on another's layers.  It costs a few small files, whatever
 * the layers hold.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/io.h"
#include "libcommon/netid.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/record.h"
#include "libcommon/say.h"
#include "tools/pod-mount/cmds.h"
#include "tools/pod-mount/current.h"
#include "tools/pod-mount/holders.h"
#include "tools/pod-mount/journal.h"
#include "tools/pod-mount/outfit.h"
#include "tools/pod-mount/podbase.h"
#include "tools/pod-mount/snapshots.h"

#define LOCK_WAIT_MS    10000
#define POLICY_FILE_MAX (32u << 20)

struct clone {
	const char *source, *snapshot; /* snapshot: of POD@SNAPSHOT */
	bool current;
	struct pod from; /* the source, when it is a pod */
	int base;        /* its directory, when it is a base */
	struct pod to;
	struct stack stack;
};

static void clone_finish(struct clone *c)
{
	stack_finish(&c->stack);
	own_close(&c->base);
	pod_finish(&c->from);
	pod_finish(&c->to);
}

static int open_pod(struct clone *c, const char *name, struct err *e)
{
	int r = pod_open(&c->from, name, e);

	if (r == 0)
		r = pod_lock(&c->from, LOCK_WAIT_MS, e);
	if (r == 0)
		r = layers_recover_idle(&c->from, e);
	return r == 0 ? journal_recover(&c->from, e) : r;
}

static bool is_pod(const char *name)
{
	OWN_FREE char *path = xfmt("%s/pods/%s", pod_state_dir(), name);

	return access(path, F_OK) == 0;
}

/* Its pod file is not edited (pod-config set --base) while it is copied. */
static int hold_base(const struct clone *c, struct err *e)
{
	while (flock(c->base, LOCK_SH) < 0)
		if (errno != EINTR)
			return err_set(e, errno, "lock base %s", c->source);
	return 0;
}

/* A pod, one of its snapshots, or else a base. */
static int open_source(struct clone *c, struct err *e)
{
	const char *at = strchr(c->source, '@');
	OWN_FREE char *name = xfmt("%.*s", (int)strcspn(c->source, "@"), c->source);
	int r = pod_check_name(name, e);

	c->snapshot = at ? at + 1 : NULL;
	if (r < 0)
		return r;
	c->base = at || is_pod(name) ? -1 : podbase_open(name);
	if (c->base >= 0 && c->current)
		return err_status(e, POD_EXIT_USAGE, ERR_PLAIN,
				  "clone: %s is a base, which has no current state", name);
	return c->base >= 0 ? hold_base(c, e) : open_pod(c, name, e);
}

/* Set-up and the base it stands on: what was there before the agent's first run. */
static void keep_grounds(struct stack *s)
{
	for (size_t i = s->n; i-- > 0;)
		if (strcmp(s->v[i].kind, "setup") != 0 && strcmp(s->v[i].kind, "base") != 0)
			stack_remove(s, i);
}

/* The names belong to the source's snapshots. */
static void drop_names(struct stack *s)
{
	for (size_t i = 0; i < s->n; i++)
		if (strcmp(s->v[i].kind, "named") == 0) {
			memcpy(s->v[i].kind, "auto", sizeof("auto"));
			memcpy(s->v[i].name, "-", sizeof("-"));
		}
}

static int snapshot_stack(struct clone *c, struct err *e)
{
	OWN_SNAPSHOTS struct snapshots all = {0};
	const struct snapshot *s;
	int r = snapshots_load(&all, &c->from, true, e);

	s = r == 0 ? snapshots_find(&all, c->snapshot, &c->from, e) : NULL;
	for (size_t i = 0; s && i < s->stack.n; i++)
		stack_push(&c->stack, s->stack.v[i].id, s->stack.v[i].kind, s->stack.v[i].name);
	return s ? 0 : -e->code;
}

static int choose_stack(struct clone *c, struct err *e)
{
	int r;

	if (c->base >= 0)
		return podbase_stack(&c->stack, c->base, c->source, e);
	if (c->snapshot)
		r = snapshot_stack(c, e);
	else if (c->current)
		r = current_stack(&c->stack, &c->from, e);
	else
		r = stack_load(&c->stack, &c->from, e);
	if (r == 0 && !c->snapshot && !c->current)
		keep_grounds(&c->stack);
	drop_names(&c->stack);
	return r;
}

/* A base may be destroyed at any time; who does it takes its name away under this lock, and only
 * then asks who names its layers. */
static bool is_gone(const struct clone *c)
{
	OWN_FD int now = c->base < 0 ? -1 : podbase_open(c->source);
	struct stat a, b;

	if (c->base < 0)
		return false;
	return now < 0 || fstat(now, &a) < 0 || fstat(c->base, &b) < 0 || a.st_ino != b.st_ino;
}

static int name_layers(struct clone *c, struct err *e)
{
	OWN_FD int lock = holders_lock(true, e);
	int r = lock < 0 ? lock : 0;

	if (r == 0 && is_gone(c))
		r = err_set(e, ENOENT, "clone base %s", c->source);

	for (size_t i = 0; r == 0 && i < c->stack.n; i++) {
		OWN_FD int fd = layer_open(c->stack.v[i].id, "tree");

		if (fd < 0)
			r = err_set(e, -fd, "open layer %s of %s", c->stack.v[i].id, c->source);
	}
	return r == 0 ? stack_save(&c->stack, &c->to, e) : r;
}

static int copy_file(const struct clone *c, const char *name, struct err *e)
{
	OWN_BUF struct buf b = BUF_INIT;
	int r = read_file_at(c->from.dir, name, &b, 256u << 20);

	buf_add(&b, "", 0);
	if (r == 0)
		r = write_file_at(c->to.dir, name, b.data, b.len, 0600, false);
	return r < 0 && r != -ENOENT ? err_set(e, -r, "copy %s/%s", c->from.path, name) : 0;
}

/* What diff and commit must know of the changes that come along. */
static int copy_knowledge(const struct clone *c, struct err *e)
{
	static const char *const files[] = {"tracked", "committed", "committed.dirs", NULL};
	int r = 0;

	for (const char *const *f = files; *f && r == 0; f++)
		r = copy_file(c, *f, e);
	return r;
}

/* A file of it, whose reader is the new pod's own resolver. */
static int copy_policy_file(const struct clone *c, int from, const char *file, struct err *e)
{
	OWN_BUF struct buf b = BUF_INIT;
	OWN_FD int to = -1;
	int r = read_file_at(from, file, &b, POLICY_FILE_MAX);

	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return err_set(e, -r, "copy %s/policy/%s", c->from.path, file);
	to = policy_open(&c->to, e);
	return to < 0 ? to : policy_replace(&c->to, to, file, &b, e);
}

/* What a person allowed, denied and opened since: the state of now, as the changes are. */
static int copy_policy(const struct clone *c, struct err *e)
{
	OWN_FD int from =
		openat(c->from.dir, "policy", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	int r = 0;

	if (from < 0)
		return errno == ENOENT ? 0 : err_set(e, errno, "open %s/policy", c->from.path);
	for (const char *const *f =
		     (const char *const[]){"dns.json", "ports.json", "monitor.json", NULL};
	     *f && r == 0; f++)
		r = copy_policy_file(c, from, *f, e);
	return r;
}

static int write_base(const struct clone *c, struct err *e)
{
	int r = write_file_at(c->to.dir, "base", c->source, strlen(c->source), 0600, false);

	return r < 0 ? err_set(e, -r, "write %s/base", c->to.path) : 0;
}

static int fill(struct clone *c, struct err *e)
{
	OWN_FREE char *base = xfmt("%s/bases/%s", pod_state_dir(), c->source);
	int r = outfit_copy(c->base >= 0 ? c->base : c->from.dir,
			    c->base >= 0 ? base : c->from.path, c->to.dir, c->to.name, e);

	if (r == 0)
		r = choose_stack(c, e);
	if (r == 0)
		r = name_layers(c, e);
	if (r == 0 && c->base >= 0)
		r = write_base(c, e);
	else if (r == 0 && (c->current || c->snapshot))
		r = copy_knowledge(c, e);
	if (r == 0 && c->current)
		r = copy_policy(c, e);
	return r == 0 && c->base < 0 ? current_done(&c->from, e) : r;
}

static int record(const struct clone *c, struct err *e)
{
	OWN_EVENT struct event ev;

	event_init(&ev, c->to.name, "mount", "clone");
	event_str(&ev, "source", c->source);
	event_bool(&ev, "current", c->current);
	return record_event(&ev, false, e);
}

static int clone(struct clone *c, const char *new, struct err *e)
{
	int r = pod_open(&c->to, new, e);

	if (r == 0)
		r = pod_lock(&c->to, 0, e);
	if (r == 0 && faccessat(c->to.dir, "created", F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		r = err_set(e, ERR_PLAIN, "pod %s is a pod of its own already", new);
	if (r == 0)
		r = open_source(c, e);
	if (r == 0)
		r = fill(c, e);
	return r == 0 ? record(c, e) : r;
}

int cmd_clone(int argc, char **argv)
{
	OWN(clone_finish) struct clone c = {.from = POD_INIT, .to = POD_INIT, .base = -1};
	struct err e = {0};
	const struct opt opts[] = {
		{OPT_FLAG, 0, "current", &c.current, NULL, "with what the pod has changed so far"},
		{0},
	};
	const struct opt_usage u = {
		"pod-mount clone [--current] POD|POD@SNAPSHOT|BASE NEW",
		"Fill the new directory of a pod so that it stands on another's layers.", 2, 2, 0};

	opt_parse(opts, &u, argc, argv);
	c.source = argv[0];
	return clone(&c, argv[1], &e) < 0 ? say_err(&e) : POD_EXIT_OK;
}
