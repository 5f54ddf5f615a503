/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Always by cgroup2, which freezes without any controller: a task frozen by the v1 freezer does
 * not die by SIGKILL until it is thawed (KERNEL-NOTES 10.4).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/io.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/record.h"
#include "libcommon/say.h"
#include "libcommon/undo.h"
#include "tools/pod-limit/limit.h"

#define FREEZE_MS 5000

/* What of the pod: what runs in it, its guardians, or both. */
enum part { PART_APP = 1, PART_GUARDIAN = 2, PART_ALL = 3 };

static int open_app(const struct cgtree *t, struct err *e)
{
	int app;

	if (t->root2 < 0)
		return err_status(e, POD_EXIT_UNSUPPORTED, ERR_PLAIN,
				  "freezing needs cgroup v2, and none is mounted here (mount -t "
				  "cgroup2 none /sys/fs/cgroup/unified)");
	app = t->pod2 < 0 ? -1 : openat(t->pod2, "app", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return app < 0 ? -ENOENT : app;
}

static int set_frozen(int app, bool on, const char *pod, struct err *e)
{
	int r = poke_at(app, "cgroup.freeze", on ? "1" : "0");

	if (r < 0)
		return err_set(e, -r, "%s pod %s", on ? "freeze" : "thaw", pod);
	r = cgroup_wait_event(app, "frozen", on, FREEZE_MS);
	if (r == -ETIMEDOUT)
		return err_set(e, ERR_PLAIN,
			       "pod %s: the kernel has not %s every process after %d s; it goes on "
			       "trying",
			       pod, on ? "frozen" : "thawed", FREEZE_MS / 1000);
	return r < 0 ? err_set(e, -r, "watch the freezer of pod %s", pod) : 0;
}

static bool is_frozen(int app)
{
	return app >= 0 && cgroup_stat(app, "cgroup.events", "frozen", 0) == 1;
}

/*
 * The freeze holds by now, whatever comes of its record.  A thaw takes back the freeze that stands:
 * what that says of itself is true no more.
 */
static int register_undo(const struct pod *p, bool on, struct err *e)
{
	OWN_UNDO_NOTE struct undo_note n = {0};
	char id[UNDO_ID], stands[UNDO_ID] = "";
	int r;

	strv_add(&n.what, on ? "freeze" : "thaw");
	undo_words(&n.run, "pod-limit", on ? "thaw" : "freeze", "--was", on ? "frozen" : "running",
		   p->name, NULL);
	if (!on && !secure_getenv(UNDO_ENV) && undo_standing(p, "freeze", stands) == 0)
		snprintf(n.undoes, sizeof(n.undoes), "%s", stands);
	r = undo_register(p, &n, id, e);
	return r == 0 && *stands ? undo_mark(p, stands, id, e) : r;
}

static int check_was(const char *pod, const char *was, bool frozen, bool lives, struct err *e)
{
	const char *is = frozen ? "frozen" : lives ? "running" : "stopped";

	if (!was || strcmp(was, is) == 0)
		return 0;
	return err_status(e, POD_EXIT_REFUSED, ERR_PLAIN, "pod %s is %s, not %s", pod, is, was);
}

/* Done is done: where one of the two cannot be written, the other still is. */
static int put_on_record(const struct pod *p, bool on, bool changed, struct err *e)
{
	OWN_EVENT struct event ev = {0};
	struct err second = {0};
	int r = changed ? register_undo(p, on, e) : 0;

	event_init(&ev, p->name, "limit", on ? "freeze" : "resume");
	if (record_event(&ev, true, &second) < 0 && r == 0) {
		*e = second;
		r = -second.code;
	}
	return r;
}

/*
 * A freeze that somebody means is a hold: RUN/NAME/held, with the line of init.pid, so that it is
 * of this life of the pod alone.  Who freezes for a moment lets go of no hold that came meanwhile.
 */
static void life(const struct pod *p, const char *file, char text[64])
{
	if (read_line_at(p->run, file, text, 64) < 0)
		snprintf(text, 64, "%s", file);
}

static bool is_held(const struct pod *p)
{
	char now[64], held[64];

	life(p, "init.pid", now);
	life(p, "held", held);
	return strcmp(now, held) == 0;
}

static int hold(const struct pod *p, bool on, struct err *e)
{
	char now[64];
	int r;

	life(p, "init.pid", now);
	if (on)
		r = write_file_at(p->run, "held", now, strlen(now), 0600, false);
	else
		r = unlinkat(p->run, "held", 0) < 0 && errno != ENOENT ? -errno : 0;
	return r < 0 ? err_set(e, -r, "note in %s/held that the pod is held", p->runpath) : 0;
}

struct how {
	const char *was; /* only if it is that now; NULL: no matter */
	bool no_undo;
	enum part part;
};

static int set_and_hold(const struct pod *p, int app, bool on, struct err *e)
{
	int r = hold(p, on, e);

	return r < 0 ? r : set_frozen(app, on, p->name, e);
}

/* The second look is for a hold that came between the first one and the thaw. */
static int set_for_a_moment(const struct pod *p, int app, bool on, struct err *e)
{
	int r = 0;

	if (on || !is_held(p))
		r = set_frozen(app, on, p->name, e);
	return r == 0 && !on && is_held(p) ? set_frozen(app, true, p->name, e) : r;
}

static int set_guardian(const struct cgtree *t, bool on, const char *pod, struct err *e)
{
	OWN_FD int dir = openat(t->pod2, "guardian", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return dir < 0 ? err_set(e, errno, "open the guardians of pod %s", pod)
		       : set_frozen(dir, on, pod, e);
}

static int change(const struct pod *p, bool on, const struct how *how, struct err *e)
{
	OWN_CGTREE struct cgtree t = CGTREE_INIT;
	OWN_FD int app = -1;
	bool frozen, lives;
	int r = cgtree_open(&t, p->name, e);

	if (r < 0)
		return r;
	app = open_app(&t, e);
	if (app < 0 && app != -ENOENT)
		return app;
	lives = app >= 0 && cgroup_stat(app, "cgroup.events", "populated", 0);
	frozen = lives && is_frozen(app);
	r = check_was(p->name, how->was, frozen, lives, e);
	if (r < 0)
		return r;
	if (!lives && on)
		return err_set(e, ERR_PLAIN, "pod %s is not running: nothing to freeze", p->name);
	if (app < 0)
		return 0;
	if (how->part & PART_GUARDIAN)
		r = set_guardian(&t, on, p->name, e);
	if (r < 0 || how->part == PART_GUARDIAN)
		return r;
	r = how->no_undo ? set_for_a_moment(p, app, on, e) : set_and_hold(p, app, on, e);
	return r < 0 ? r : put_on_record(p, on, lives && frozen != on && !how->no_undo, e);
}

static enum part find_part(const char *word, enum part otherwise)
{
	static const char *const words[] = {
		[PART_APP] = "app", [PART_GUARDIAN] = "guardian", [PART_ALL] = "all"};

	for (int i = PART_APP; word && i <= PART_ALL; i++)
		if (strcmp(word, words[i]) == 0)
			return (enum part)i;
	if (word)
		die(POD_EXIT_USAGE, "--part is app, guardian or all, not '%s'", word);
	return otherwise;
}

static int freeze(int argc, char **argv, bool on)
{
	struct how how = {.was = NULL};
	const char *part = NULL;
	const struct opt opts[] = {
		{OPT_STR, 0, "was", &how.was, "STATE",
		 "only if it is frozen, or running; 3 if not"},
		{OPT_FLAG, 0, "no-undo", &how.no_undo, NULL,
		 "only for a moment: it is let go on by who calls, but not where others hold it"},
		{OPT_STR, 0, "part", &part, "app|guardian|all",
		 on ? "what of it (app)" : "what of it (all; with --no-undo: app)"},
		{0},
	};
	const struct opt_usage usage = {
		on ? "pod-limit freeze [OPTION] POD" : "pod-limit thaw [OPTION] POD",
		on ? "Stop every process of the pod; its guardian group goes on unless it is named."
		   : "Let the processes of a frozen pod go on.",
		1, 1, 0};
	OWN(pod_finish) struct pod p = POD_INIT;
	struct err e = {0};

	opt_parse(opts, &usage, argc, argv);
	how.part = find_part(part, on || how.no_undo ? PART_APP : PART_ALL);
	if (pod_open(&p, argv[0], &e) < 0 || change(&p, on, &how, &e) < 0)
		return say_err(&e);
	return POD_EXIT_OK;
}

int cmd_freeze(int argc, char **argv)
{
	return freeze(argc, argv, true);
}

int cmd_thaw(int argc, char **argv)
{
	return freeze(argc, argv, false);
}
