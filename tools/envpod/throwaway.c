/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/envpod/throwaway.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/say.h"
#include "libcommon/title.h"
#include "tools/envpod/destroy.h"
#include "tools/envpod/front.h"
#include "tools/envpod/init.h"

#define PREFIX  "verify-"
#define OWNER   "throwaway" /* in the pod's directory: "PID STARTTIME" of its guard */
#define WAIT_MS 60000       /* for whoever still works on it when its owner died */

static char *run_of(const char *name)
{
	return xfmt("%s/.verify/%s", pod_run_dir(), name + strlen(PREFIX));
}

/* --- its end --- */

static int remove_dir(const char *parent, const char *name)
{
	OWN_FD int fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = fd < 0 ? -errno : remove_tree_at(fd, name);

	return r == -ENOENT ? 0 : r;
}

/* What there is of it goes, also of one that was never finished. */
static int clear_pod(const char *name, const char *run)
{
	OWN(pod_finish) struct pod claim = POD_INIT;
	struct err e = {0};

	if (pod_open(&claim, name, &e) < 0 || pod_lock(&claim, WAIT_MS, &e) < 0)
		return say_err(&e);
	pod_run_dir_use(run);
	return destroy_forget(name);
}

static int clear(const char *name, const char *run)
{
	OWN_FREE char *files = xfmt("%s/pods/%s", pod_state_dir(), name);
	OWN_FREE char *common = xstrdup(pod_run_dir());
	OWN_FREE char *runs = xfmt("%s/.verify", common);
	int status = access(files, F_OK) == 0 ? clear_pod(name, run) : POD_EXIT_OK;

	if (status == POD_EXIT_OK &&
	    (remove_dir(common, name) < 0 || remove_dir(runs, name + strlen(PREFIX)) < 0)) {
		say_error("remove what pod %s left in %s: %s", name, common, strerror(errno));
		status = POD_EXIT_FAILED;
	}
	rmdir(runs); /* stays while there are others */
	return status;
}

static void __attribute__((noreturn)) be_guard(const struct throwaway *t, int owner)
{
	sigset_t all;
	char byte;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	setsid();
	title_set("envpod-verify-guard");
	while (read(owner, &byte, 1) < 0 && errno == EINTR)
		;
	_exit(clear(t->name, t->run));
}

/* It has none of the descriptors that its owner will open, so that it holds nobody up. */
static int start_guard(struct throwaway *t, struct err *e)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_set(e, errno, "make a pipe");
	fflush(stdout);
	t->guard = fork();
	if (t->guard == 0) {
		close(ends[1]);
		be_guard(t, ends[0]);
	}
	close(ends[0]);
	t->alive = ends[1];
	return t->guard < 0 ? err_set(e, errno, "start a guard") : 0;
}

int throwaway_end(struct throwaway *t)
{
	int status = POD_EXIT_OK, code;

	pod_finish(&t->pod);
	pod_finish(&t->claim);
	own_close(&t->alive);
	if (t->guard > 0 && waitpid(t->guard, &code, 0) == t->guard)
		status = WIFEXITED(code) ? WEXITSTATUS(code) : POD_EXIT_FAILED;
	free(t->run);
	return status;
}

/* --- its beginning --- */

static int choose_name(struct throwaway *t, struct err *e)
{
	uint32_t n;

	if (getrandom(&n, sizeof(n), 0) != sizeof(n))
		return err_set(e, errno, "choose a name");
	snprintf(t->name, sizeof(t->name), PREFIX "%08x", n);
	t->run = run_of(t->name);
	return 0;
}

static int write_owner(const struct throwaway *t, struct err *e)
{
	char line[64];
	int n = snprintf(line, sizeof(line), "%d %llu\n", t->guard, pod_start_time(t->guard));
	int r = write_file_at(t->claim.dir, OWNER, line, (size_t)n, 0600, false);

	return r < 0 ? err_set(e, -r, "write %s/" OWNER, t->claim.path) : 0;
}

/* From here on the lock is ours alone; who is started now opens the other run directory. */
static int move_in(struct throwaway *t, struct err *e)
{
	OWN_FREE char *runs = xfmt("%s/.verify", pod_run_dir());

	if (fcntl(t->claim.lock, F_SETFD, FD_CLOEXEC) < 0)
		return err_set(e, errno, "keep the lock of pod %s", t->name);
	unsetenv("ENVPOD_LOCK_FD");
	if ((mkdir(runs, 0700) < 0 && errno != EEXIST) || mkdir(t->run, 0700) < 0)
		return err_set(e, errno, "make %s", t->run);
	pod_run_dir_use(t->run);
	return pod_open(&t->pod, t->name, e);
}

static int fill(struct throwaway *t, const char *source)
{
	OWN_STRV struct strv line = {0};
	int status;

	front_words(&line, "pod-mount", "clone", "--current", source, t->name, NULL);
	status = front_run(&line);
	return status ? status : init_mark_created(&t->claim);
}

int throwaway_begin(struct throwaway *t, const char *source)
{
	struct err e = {0};
	int status;

	if (choose_name(t, &e) < 0 || start_guard(t, &e) < 0 ||
	    init_claim(&t->claim, t->name, &e) < 0 || write_owner(t, &e) < 0)
		return say_err(&e);
	status = fill(t, source);
	if (status == POD_EXIT_OK && move_in(t, &e) < 0)
		status = say_err(&e);
	return status;
}

/* --- those that were left --- */

static bool is_left(const char *name)
{
	OWN_FREE char *dir = xfmt("%s/pods/%s", pod_state_dir(), name);
	OWN_FD int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	unsigned long long start;
	char line[64];
	int pid;

	return strncmp(name, PREFIX, strlen(PREFIX)) == 0 && fd >= 0 &&
	       read_line_at(fd, OWNER, line, sizeof(line)) >= 0 &&
	       (sscanf(line, "%d %llu", &pid, &start) != 2 || pod_start_time(pid) != start);
}

/* In a network of its own: what the clone had on the host's side was not this host's. */
static int clear_apart(const char *name)
{
	OWN_FREE char *run = run_of(name);
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(unshare(CLONE_NEWNET) < 0 ? POD_EXIT_FAILED : clear(name, run));
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return POD_EXIT_FAILED;
	return WEXITSTATUS(status);
}

int throwaway_gc(bool dry, unsigned *n)
{
	OWN_STRV struct strv names = {0};
	int status = POD_EXIT_OK;
	struct err e = {0};

	*n = 0;
	if (front_names(&names, &e) < 0)
		return say_err(&e);
	for (size_t i = 0; i < names.n && status == POD_EXIT_OK; i++) {
		if (!is_left(names.v[i]))
			continue;
		++*n;
		fflush(stdout);
		status = dry ? POD_EXIT_OK : clear_apart(names.v[i]);
	}
	return status;
}
