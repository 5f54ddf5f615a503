/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The order makes every interruption harmless: with `created` gone the pod is "broken", and
 * destroying it again goes on where the first one stopped.  The audit log outlives the pod.
 */
#include "tools/envpod/destroy.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/anchors.h"
#include "libcommon/io.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/plan.h"
#include "libcommon/say.h"
#include "libcommon/spawn.h"
#include "tools/envpod/front.h"
#include "tools/envpod/helpers.h"
#include "tools/envpod/network.h"
#include "tools/envpod/service.h"

#define FORGET_WAIT_MS 30000

/* Nothing on a terminal: only the status counts. */
static int quiet(const struct strv *argv)
{
	OWN_FD int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	struct spawn_io io = {.in = null, .out = null, .err = -1};
	struct err e = {0};
	int r = spawn_wait(argv->v, &io, &e);

	return r < 0 ? say_err(&e) : r;
}

static int has_changes(const char *name)
{
	OWN_STRV struct strv argv = {0};

	front_words(&argv, "pod-mount", "diff", "--exit-code", "-z", name, NULL);
	return quiet(&argv);
}

static bool says_yes(const char *name)
{
	char answer[16] = "";

	if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO))
		return false;
	fprintf(stderr, "Pod %s has changes that were not committed. Destroy it? [y/N] ", name);
	return fgets(answer, sizeof(answer), stdin) && (answer[0] == 'y' || answer[0] == 'Y');
}

/* A snapshot may hold work that is in the pod no more. */
static bool has_snapshots(const struct pod *p)
{
	struct stat st;

	return fstatat(p->dir, "snapshots", &st, AT_SYMLINK_NOFOLLOW) == 0;
}

/* May it go?  0, or the status to end with; *keep: its layers hold work. */
static int judge(const struct pod *p, bool force, bool *keep)
{
	struct stat st;
	int r;

	*keep = false;
	if (fstatat(p->dir, "created", &st, 0) < 0)
		return POD_EXIT_OK; /* never finished, or half destroyed already */
	r = has_changes(p->name);
	*keep = r != POD_EXIT_OK || has_snapshots(p);
	if (r == POD_EXIT_OK || force || says_yes(p->name))
		return POD_EXIT_OK;
	if (r == POD_EXIT_NO)
		say_error(
			"pod %s has changes that were not committed (envpod diff %s); destroy it with "
			"--force",
			p->name, p->name);
	else
		say_error("pod %s: its changes could not be listed; destroy it with --force",
			  p->name);
	return POD_EXIT_REFUSED;
}

static char *make_archive(const char *name, struct err *e)
{
	char stamp[32];
	time_t now = time(NULL);
	struct tm tm;
	OWN_FREE char *dir = NULL;

	gmtime_r(&now, &tm);
	strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", &tm);
	for (int i = 0; i < 1000; i++) {
		dir = i ? xfmt("%s/archive/%s-%s.%d", pod_state_dir(), name, stamp, i)
			: xfmt("%s/archive/%s-%s", pod_state_dir(), name, stamp);
		if (mkdir(dir, 0700) == 0)
			return take_ptr(dir);
		if (errno != EEXIST)
			break;
		free(take_ptr(dir));
	}
	err_set(e, errno, "make a place for pod %s in %s/archive", name, pod_state_dir());
	return NULL;
}

static int remove_view(const struct pod *p, const char *archive, bool keep)
{
	OWN_STRV struct strv argv = {0};
	struct stat st;

	if (fstatat(p->dir, "stack", &st, 0) < 0)
		return POD_EXIT_OK;
	front_words(&argv, "pod-mount", "remove", NULL);
	if (keep)
		front_words(&argv, "--keep", archive, NULL);
	strv_add(&argv, p->name);
	return front_run(&argv);
}

/* The directories themselves, once nothing is mounted or alive. */
static int remove_dirs(const struct pod *p, const char *archive, bool forget, struct err *e)
{
	OWN_FREE char *pods = xfmt("%s/pods", pod_state_dir());
	OWN_FREE char *log = xfmt("%s/audit", archive);
	OWN_FD int fd = open(pods, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	OWN_FD int run = open(pod_run_dir(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r;

	if (fd < 0 || run < 0)
		return err_set(e, errno, "open the directories of pods");
	if (!forget && renameat(p->dir, "audit", AT_FDCWD, log) < 0 && errno != ENOENT)
		return err_set(e, errno, "move the audit log to %s", log);
	r = remove_tree_at(fd, p->name);
	if (r == 0)
		r = remove_tree_at(run, p->name);
	rmdir(archive); /* stays unless it is empty */
	return r < 0 ? err_set(e, -r, "remove the files of pod %s", p->name) : 0;
}

static int end_processes(const char *name)
{
	OWN_STRV struct strv kill_argv = {0};

	front_words(&kill_argv, "pod-limit", "kill", name, NULL);
	return quiet(&kill_argv);
}

/*
 * Before its files go: without the key of its own nothing sealed for it opens again.  Where the
 * vault is locked or damaged, its key stays there for now; the pod can go all the same.
 */
static void forget_secrets(const struct pod *p)
{
	OWN_STRV struct strv argv = {0};
	struct stat st;

	if (fstatat(p->dir, "vaultid", &st, AT_SYMLINK_NOFOLLOW) < 0)
		return;
	front_words(&argv, "pod-vault", "forget", p->name, NULL);
	if (front_run(&argv) != POD_EXIT_OK)
		say_warn("the key of pod %s's secrets stays in the vault until it is rotated "
			 "(envpod vault rotate)",
			 p->name);
}

static int remove_groups(const char *name)
{
	OWN_STRV struct strv argv = {0};

	front_words(&argv, "pod-limit", "remove", name, NULL);
	return front_run(&argv);
}

/* The last word of its log, as long as it has a plan that says where to. */
static void anchor_last(const struct pod *p)
{
	OWN_PLAN struct plan plan = {0};
	struct err e = {0};

	if (faccessat(p->dir, "plan", F_OK, 0) == 0 && plan_open(&plan, p, &e) == 0)
		anchors_send(p->name, &plan);
}

/* With the lock held: what is left of the pod goes. */
static int remove_pod(const struct pod *p, bool keep, bool forget)
{
	OWN_FREE char *archive = NULL;
	struct err e = {0};
	int status;

	if (pod_may_live(p) && (status = end_processes(p->name)))
		return status;
	status = helpers_down(p, "desktop");
	if (status == POD_EXIT_OK)
		status = helpers_down(p, "govern");
	if (status == POD_EXIT_OK)
		status = network_down(p);
	if (status)
		return status;
	if (front_record(p->name, "destroy"))
		return POD_EXIT_FAILED;
	if (!forget)
		anchor_last(p);
	if (unlinkat(p->dir, "created", 0) < 0 && errno != ENOENT)
		return say_err((err_set(&e, errno, "remove %s/created", p->path), &e));
	archive = make_archive(p->name, &e);
	if (!archive)
		return say_err(&e);
	status = remove_view(p, archive, keep);
	if (status == 0)
		status = remove_groups(p->name);
	if (status == 0)
		forget_secrets(p);
	if (status == 0 && remove_dirs(p, archive, forget, &e) < 0)
		status = say_err(&e);
	if (status == 0 && keep)
		say_note("what pod %s had changed is kept in %s", p->name, archive);
	return status;
}

int destroy_pod(const char *name, bool force)
{
	OWN(pod_finish) struct pod p = POD_INIT;
	struct err e = {0};
	bool keep;
	int status;

	if (pod_open(&p, name, &e) < 0)
		return say_err(&e);
	if (service_exists(name)) {
		say_error("pod %s is a service of this host: envpod service unregister %s", name,
			  name);
		return POD_EXIT_REFUSED;
	}
	status = judge(&p, force, &keep);
	if (status)
		return status;
	if (pod_lock(&p, 0, &e) < 0 || pod_lock_pass(&p, &e) < 0)
		return say_err(&e);
	return remove_pod(&p, keep, false);
}

int destroy_forget(const char *name)
{
	OWN(pod_finish) struct pod p = POD_INIT;
	struct err e = {0};

	if (pod_open(&p, name, &e) < 0 || pod_lock(&p, FORGET_WAIT_MS, &e) < 0 ||
	    pod_lock_pass(&p, &e) < 0)
		return say_err(&e);
	return remove_pod(&p, false, true);
}

static bool forced;

static int destroy_one(const char *name)
{
	return destroy_pod(name, forced);
}

int cmd_destroy(int argc, char **argv)
{
	const struct opt opts[] = {
		{OPT_FLAG, 'f', "force", &forced, NULL,
		 "also with changes that were not committed"},
		{0},
	};
	const struct opt_usage usage = {"envpod destroy [--force] POD...",
					"Remove pods; their audit logs stay in the archive.", 1, 0,
					0};
	int n = opt_parse(opts, &usage, argc, argv);

	return front_each(n, argv, false, destroy_one);
}
