/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-exec/report.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/io.h"
#include "libcommon/jsonw.h"
#include "libcommon/own.h"
#include "libcommon/record.h"
#include "libcommon/say.h"

static int check_fd(uint64_t fd, const char *option, struct err *e)
{
	if (fd == UINT64_MAX)
		return 0;
	if (fd > INT32_MAX || fcntl((int)fd, F_SETFD, FD_CLOEXEC) < 0)
		return err_status(e, POD_EXIT_USAGE, EBADF, "%s %llu", option,
				  (unsigned long long)fd);
	return 0;
}

int report_open(const struct ask *ask, struct err *e)
{
	int r = check_fd(ask->status_fd, "--status-fd", e);

	return r < 0 ? r : check_fd(ask->ready_fd, "--ready-fd", e);
}

/* A reader that has gone away misses it; the run goes on. */
static void send_line(const struct ask *ask, struct buf *b)
{
	jw_close(b, '}');
	buf_char(b, '\n');
	if (ask->status_fd != UINT64_MAX)
		write_full((int)ask->status_fd, b->data, b->len);
}

static void begin(struct buf *b, const char *event)
{
	jw_open(b, '{');
	jw_kstr(b, "event", event);
}

void report_started(const struct ask *ask, pid_t pid)
{
	OWN_BUF struct buf b = BUF_INIT;

	begin(&b, "started");
	jw_knum(&b, "pid", pid);
	send_line(ask, &b);
	if (ask->ready_fd != UINT64_MAX)
		write_full((int)ask->ready_fd, "\n", 1);
}

void report_exit(const struct ask *ask, int status)
{
	OWN_BUF struct buf b = BUF_INIT;

	begin(&b, "exit");
	jw_knum(&b, "status", status);
	send_line(ask, &b);
}

void report_failed(const struct ask *ask, int status, const struct err *why)
{
	OWN_BUF struct buf b = BUF_INIT;

	begin(&b, "failed");
	jw_knum(&b, "status", status);
	jw_knum(&b, "reason_status", err_exit(why));
	jw_kstr(&b, "message", why->msg);
	send_line(ask, &b);
}

/* What the live runs go without, one key a line, for `envpod status`; a fresh init begins it anew.
 */
static int tell_without(const struct run *r, struct err *e)
{
	int flags = O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | (r->join ? O_APPEND : O_TRUNC);
	OWN_FD int fd = openat(r->pod.run, "without", flags, 0600);
	OWN_BUF struct buf b = BUF_INIT;
	int s;

	for (size_t i = 0; i < r->without.n; i++)
		buf_fmt(&b, "%s\n", r->without.v[i]);
	s = fd < 0 ? -errno : write_full(fd, b.data, b.len);
	return s < 0 ? err_set(e, -s, "write %s/without", r->pod.runpath) : 0;
}

/* audit.action_log: no keeps ordinary runs off the record; refusals are always on it. */
static bool is_logged(const struct run *r)
{
	return !r->ask->probe && (!plan_is(&r->plan, "action_log", "no") || r->without.n > 0);
}

int report_run_start(const struct run *r, bool tty, struct err *e)
{
	OWN_EVENT struct event ev = {0};
	int s = tell_without(r, e);

	if (s < 0 || !is_logged(r))
		return s;

	event_init(&ev, r->pod.name, "exec", "run_start");
	event_strv(&ev, "argv", r->ask->argv);
	event_str(&ev, "user", r->user.name);
	event_num(&ev, "uid", r->user.uid);
	event_str(&ev, "cwd", r->dirs.v[0]);
	event_bool(&ev, "tty", tty);
	event_bool(&ev, "joined", r->join);
	event_strv(&ev, "without", r->without.v);
	return record_event(&ev, false, e);
}

/* What a person would otherwise have to guess from the command's own words. */
static void explain_end(const struct run *r, int wait_status, bool oom)
{
	static const char *const installers[] = {"apt", "apt-get", "dpkg", "aptitude"};
	const char *word = r->ask->argv[0], *slash = strrchr(word, '/');

	if (oom)
		say_warn("pod %s reached its memory limit (processor.memory); the kernel killed a "
			 "process of it",
			 r->pod.name);
	if (wait_status == 0 || !plan_is(&r->plan, "system", "safe"))
		return;
	for (size_t i = 0; i < sizeof(installers) / sizeof(installers[0]); i++)
		if (strcmp(slash ? slash + 1 : word, installers[i]) == 0)
			say_warn(
				"system directories are read-only in pod %s: installing packages needs "
				"filesystem.system_access: advanced, and --root",
				r->pod.name);
}

int report_run_end(const struct run *r, int wait_status, int64_t duration_ms, struct err *e)
{
	/* looking takes as long as a few system calls more; a run that went well without a limit is
	 * spared it */
	bool may = wait_status != 0 || plan_str(&r->plan, "memory.max", NULL);
	bool oom = may && cgroup_oom_count(r->pod.name) > r->cgroup.oom_before;
	OWN_EVENT struct event ev = {0};

	explain_end(r, wait_status, oom);
	if (!is_logged(r))
		return 0;

	event_init(&ev, r->pod.name, "exec", "run_end");
	if (WIFSIGNALED(wait_status))
		event_num(&ev, "signal", WTERMSIG(wait_status));
	else
		event_num(&ev, "status", WEXITSTATUS(wait_status));
	event_num(&ev, "duration_ms", duration_ms);
	event_bool(&ev, "oom", oom);
	return record_event(&ev, false, e);
}

int report_refused(const struct run *r, const char *reason, const char *key, struct err *e)
{
	OWN_EVENT struct event ev;

	event_init(&ev, r->pod.name, "exec", "run_refused");
	event_str(&ev, "reason", reason);
	event_str(&ev, "key", key);
	event_strv(&ev, "argv", r->ask->argv);
	return record_event(&ev, true, e);
}

int report_tool_blocked(const struct run *r, struct err *e)
{
	OWN_EVENT struct event ev;

	event_init(&ev, r->pod.name, "exec", "tool_blocked");
	event_strv(&ev, "argv", r->ask->argv);
	return record_event(&ev, true, e);
}
