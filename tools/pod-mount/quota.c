/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-mount/quota.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/io.h"
#include "libcommon/jsonw.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/project.h"
#include "libcommon/say.h"
#include "libcommon/undo.h"
#include "libcommon/unit.h"
#include "tools/pod-mount/cmds.h"
#include "tools/pod-mount/journal.h"

static int lacking(const struct pod *p, uint64_t bytes, struct err *e)
{
	char size[16];

	return err_status(
		e, POD_EXIT_UNSUPPORTED, ERR_PLAIN,
		"keep pod %s within %s (budget.max_storage, processor.disk_size): the "
		"filesystem of %s keeps no project quotas; envpod doctor says how it gets "
		"them",
		p->name, unit_human(bytes, size), pod_state_dir());
}

/*
 * A number that nobody uses: not one of before, whose layers may still lie somewhere, nor one that
 * the administrator gave to something else.
 */
static int draw(const struct pod *p, uint32_t *project, struct err *e)
{
	struct project_use u;
	int r = 0;

	for (int i = 0; i < 1000 && r == 0; i++) {
		if (getrandom(project, sizeof(*project), 0) != sizeof(*project))
			return err_set(e, errno, "draw a project number");
		*project = PROJECT_BASE + *project % PROJECT_COUNT;
		r = project_use(p->dir, *project, &u);
		if (r == 0 && !u.bytes && !u.inodes && !u.limit)
			return 0;
	}
	return err_set(e, r < 0 ? -r : EEXIST, "find a project number for pod %s", p->name);
}

static int remember(const struct pod *p, uint32_t project, struct err *e)
{
	char text[16];
	int n = snprintf(text, sizeof(text), "%u\n", project);
	int r = write_file_at(p->dir, PROJECT_FILE, text, (size_t)n, 0600, true);

	return r < 0 ? err_set(e, -r, "write %s/" PROJECT_FILE, p->path) : 0;
}

/* Its own layers, as far as nobody else has them too; those of before it had a number. */
static int own_layers(const struct pod *p, const struct stack *s, uint32_t project, struct err *e)
{
	for (size_t i = 0; i < s->n; i++) {
		OWN_FD int dir = -1;
		int r;

		if (strcmp(s->v[i].kind, "base") == 0 || layer_held(p, s->v[i].id))
			continue;
		dir = layer_open(s->v[i].id, "tree");
		r = dir < 0 ? dir : project_set_tree(dir, project);
		if (r < 0)
			return err_set(e, -r, "count layer %s as pod %s's", s->v[i].id, p->name);
	}
	return 0;
}

/* upper/ and work/ hand the number on; renames between them stay within one project. */
static int mark(const struct pod *p, const char *name, uint32_t project, struct err *e)
{
	OWN_FD int dir = -1;
	int r;

	if (mkdirat(p->dir, name, 0700) < 0 && errno != EEXIST)
		return err_set(e, errno, "make %s/%s", p->path, name);
	dir = open_beneath(p->dir, name, O_RDONLY | O_DIRECTORY, 0);
	r = dir < 0 ? dir : project_set_tree(dir, project);
	return r < 0 ? err_set(e, -r, "count %s/%s as pod %s's", p->path, name, p->name) : 0;
}

static int limit(const struct pod *p, uint32_t project, uint64_t bytes, struct err *e)
{
	int r = project_limit(p->dir, project, bytes);

	return r < 0 ? err_set(e, -r, "limit what pod %s writes", p->name) : 0;
}

/* A number is remembered when all that is older has it: after a crash all of it is done again. */
static int settle_number(const struct pod *p, const struct stack *s, uint32_t *project,
			 struct err *e)
{
	int r;

	*project = project_find(p);
	if (*project)
		return 0;
	r = draw(p, project, e);
	if (r == 0)
		r = own_layers(p, s, *project, e);
	return r < 0 ? r : remember(p, *project, e);
}

static int lift(const struct pod *p, struct err *e)
{
	uint32_t project = project_find(p);

	return project && project_enforced(p->dir) ? limit(p, project, 0, e) : 0;
}

static int count(const struct pod *p, const struct stack *s, uint64_t bytes, struct err *e)
{
	uint32_t project;
	int r = project_enforced(p->dir) ? 0 : lacking(p, bytes, e);

	if (r == 0)
		r = settle_number(p, s, &project, e);
	if (r == 0)
		r = mark(p, "upper", project, e);
	return r < 0 ? r : mark(p, "work", project, e);
}

int quota_set(const struct pod *p, const struct stack *s, uint64_t bytes, struct err *e)
{
	int r = bytes ? count(p, s, bytes, e) : lift(p, e);

	return r < 0 || !bytes ? r : limit(p, project_find(p), bytes, e);
}

int quota_begin(const struct pod *p, const struct plan *pl, const struct stack *s, struct err *e)
{
	uint64_t bytes = plan_u64(pl, "budget.storage", 0);
	int r = lift(p, e);

	return r < 0 || !bytes ? r : count(p, s, bytes, e);
}

int quota_hold(const struct pod *p, const struct plan *pl, struct err *e)
{
	uint64_t bytes = plan_u64(pl, "budget.storage", 0);

	return bytes ? limit(p, project_find(p), bytes, e) : 0;
}

/* ext4 asks for CAP_SYS_RESOURCE where it would refuse. */
int quota_obey(struct err *e)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct caps[2];

	if (syscall(SYS_capget, &head, caps) < 0)
		return err_set(e, errno, "read capabilities");
	caps[CAP_TO_INDEX(CAP_SYS_RESOURCE)].effective &= ~CAP_TO_MASK(CAP_SYS_RESOURCE);
	return syscall(SYS_capset, &head, caps) < 0 ? err_set(e, errno, "drop CAP_SYS_RESOURCE")
						    : 0;
}

int quota_adopt(const struct pod *p, int dir)
{
	uint32_t project = project_find(p);

	return project ? project_set_tree(dir, project) : 0;
}

void quota_release(const struct pod *p, int dir, const char *name)
{
	if (project_find(p))
		project_set_at(dir, name, 0);
}

void quota_reclaim(const struct pod *p, int dir, const char *name)
{
	uint32_t project = project_find(p);

	if (project)
		project_set_at(dir, name, project);
}

/* Layers of other pods, which clones stand on, have another number and keep it. */
static void move_layers(const struct stack *from, const struct stack *to, uint32_t of,
			uint32_t project)
{
	for (size_t i = 0; i < from->n; i++) {
		OWN_FD int dir = -1;
		uint32_t now;

		if (stack_has(to, from->v[i].id) || strcmp(from->v[i].kind, "base") == 0)
			continue;
		dir = layer_open(from->v[i].id, "tree");
		if (dir >= 0 && project_get(dir, &now, NULL) == 0 && now == of)
			project_set_tree(dir, project);
	}
}

void quota_exchange(const struct pod *p, const struct stack *was, const struct stack *is)
{
	uint32_t project = project_find(p);

	if (!project)
		return;
	move_layers(was, is, project, 0);
	move_layers(is, was, 0, project);
}

void quota_drop(const struct pod *p)
{
	uint32_t project = project_find(p);

	if (project)
		project_limit(p->dir, project, 0);
	unlinkat(p->dir, PROJECT_FILE, 0);
}

/* --- pod-mount quota --- */

static int show(const struct pod *p, bool json, struct err *e)
{
	OWN_BUF struct buf b = BUF_INIT;
	struct project_use u = {0};
	uint32_t project = project_find(p);
	char used[16], most[16];
	int r = project ? project_use(p->dir, project, &u) : 0;

	if (r < 0)
		return err_set(e, -r, "ask what pod %s uses", p->name);
	if (!json) {
		printf("%s of %s\n", unit_human(u.bytes, used),
		       u.limit ? unit_human(u.limit, most) : "no limit");
		return 0;
	}
	jw_open(&b, '{');
	jw_kstr(&b, "pod", p->name);
	jw_knum(&b, "bytes", (int64_t)u.bytes);
	jw_knum(&b, "limit", (int64_t)u.limit);
	jw_knum(&b, "inodes", (int64_t)u.inodes);
	jw_knum(&b, "inode_limit", (int64_t)u.inode_limit);
	jw_close(&b, '}');
	puts(b.data);
	return 0;
}

struct how {
	const char *was; /* only if this is the limit now; NULL: no matter */
	bool no_undo;
};

/* "none", or bytes. */
static int read_size(const char *size, uint64_t *bytes, struct err *e)
{
	*bytes = 0;
	if (strcmp(size, "none") == 0)
		return 0;
	if (unit_size(size, bytes) < 0 || !*bytes)
		return err_status(e, POD_EXIT_USAGE, ERR_PLAIN,
				  "quota: %s is no size, such as 10GB, and not none", esc(size));
	return 0;
}

static char *size_text(uint64_t bytes)
{
	return bytes ? xfmt("%llu", (unsigned long long)bytes) : xstrdup("none");
}

static int limit_now(const struct pod *p, uint64_t *bytes, struct err *e)
{
	struct project_use u = {0};
	uint32_t project = project_find(p);
	int r = project ? project_use(p->dir, project, &u) : 0;

	*bytes = u.limit;
	return r < 0 ? err_set(e, -r, "ask what pod %s may write", p->name) : 0;
}

static int check_was(const struct pod *p, const char *was, uint64_t now, struct err *e)
{
	OWN_FREE char *text = size_text(now);
	uint64_t bytes = 0;
	int r = was ? read_size(was, &bytes, e) : 0;

	if (r < 0 || !was || bytes == now)
		return r;
	return err_status(e, POD_EXIT_REFUSED, ERR_PLAIN, "pod %s may write %s now, not %s",
			  p->name, text, esc(was));
}

static int register_undo(const struct pod *p, uint64_t before, uint64_t after, struct err *e)
{
	OWN_UNDO_NOTE struct undo_note n = {0};
	OWN_FREE char *old = size_text(before), *new = size_text(after);
	char id[UNDO_ID];

	if (before == after)
		return 0;
	strv_add(&n.what, "limits");
	strv_fmt(&n.what, "storage=%s", new);
	undo_words(&n.run, "pod-mount", "quota", "--was", new, p->name, old, NULL);
	return undo_register(p, &n, id, e);
}

static int change(struct pod *p, const char *size, const struct how *how, struct err *e)
{
	OWN_STACK struct stack s = {0};
	uint64_t bytes, before = 0, after = 0;
	int r = read_size(size, &bytes, e);

	if (r == 0)
		r = pod_lock(p, 10000, e);
	if (r == 0)
		r = layers_recover(p, e);
	if (r == 0)
		r = journal_recover(p, e);
	if (r == 0)
		r = stack_load(&s, p, e);
	if (r == 0)
		r = limit_now(p, &before, e);
	if (r == 0)
		r = check_was(p, how->was, before, e);
	if (r == 0)
		r = quota_set(p, &s, bytes, e);
	if (r == 0 && !how->no_undo)
		r = limit_now(p, &after, e);
	return r < 0 || how->no_undo ? r : register_undo(p, before, after, e);
}

int cmd_quota(int argc, char **argv)
{
	struct how how = {.was = NULL};
	bool json = false;
	const struct opt opts[] = {
		{OPT_FLAG, 'j', "json", &json, NULL, "one JSON object"},
		{OPT_STR, 0, "was", &how.was, "SIZE", "only if that is the limit now; 3 if not"},
		{OPT_FLAG, 0, "no-undo", &how.no_undo, NULL, "who calls keeps its own record"},
		{0},
	};
	static const struct opt_usage usage = {
		"pod-mount quota [OPTION]... POD [SIZE|none]",
		"Show what a pod has written and may write, or change that until it stops.", 1, 2,
		0};
	OWN(pod_finish) struct pod p = POD_INIT;
	struct err e = {0};
	int n = opt_parse(opts, &usage, argc, argv);

	if (pod_open(&p, argv[0], &e) < 0 ||
	    (n > 1 ? change(&p, argv[1], &how, &e) : show(&p, json, &e)) < 0)
		return say_err(&e);
	return 0;
}
