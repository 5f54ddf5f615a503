/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pod-probe: attacks from inside a pod, each in a process of its own.  It is static, and trusts
 * nothing that lies in the pod.
 */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/io.h"
#include "libcommon/jsonw.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/say.h"
#include "tools/pod-probe/bait.h"
#include "tools/pod-probe/probe.h"
#include "tools/pod-probe/remedy.h"
#include "tools/pod-probe/stage.h"

#define PATIENCE_S 20 /* for one probe */

bool is_control;
static bool in_json, is_list;
static char detail[200];

static const struct probe *const tables[] = {file_probes,  view_probes,      device_probes,
					     mount_probes, process_probes,   namespace_probes,
					     call_probes,  hardening_probes, limit_probes,
					     info_probes,  network_probes,   govern_probes,
					     NULL};
static const char *const verdicts[] = {"open", "held", "cannot-try", "absent"};
static const char *const severities[] = {"LOW", "MEDIUM", "HIGH", "CRITICAL"};

#define SAY(fmt)                                            \
	do {                                                \
		va_list ap;                                 \
		va_start(ap, fmt);                          \
		vsnprintf(detail, sizeof(detail), fmt, ap); \
		va_end(ap);                                 \
		detail[strcspn(detail, "\n")] = '\0';       \
	} while (0)

enum verdict opened(const char *fmt, ...)
{
	SAY(fmt);
	return OPEN;
}

enum verdict untried(const char *fmt, ...)
{
	SAY(fmt);
	return UNTRIED;
}

enum verdict held(const char *fmt, ...)
{
	SAY(fmt);
	return HELD;
}

enum verdict stopped(void)
{
	return held("%s", strerrorname_np(errno) ? strerrorname_np(errno) : "errno?");
}

enum verdict absent(void)
{
	stopped();
	return ABSENT;
}

enum verdict unless_failed(long r)
{
	return r < 0 ? stopped() : opened("done");
}

/* --- the answers --- */

static void print(struct buf *b)
{
	if (write_full(STDOUT_FILENO, b->data, b->len) < 0)
		exit(POD_EXIT_FAILED);
}

static void print_verdict(const char *id, enum verdict verdict)
{
	OWN_BUF struct buf b = BUF_INIT;

	if (!in_json) {
		buf_fmt(&b, "%s %s %s\n", id, verdicts[verdict], detail);
		print(&b);
		return;
	}
	jw_open(&b, '{');
	jw_kstr(&b, "id", id);
	jw_kstr(&b, "verdict", verdicts[verdict]);
	jw_kstr(&b, "detail", detail);
	jw_close(&b, '}');
	buf_char(&b, '\n');
	print(&b);
}

static void print_probe(const struct probe *p)
{
	const struct remedy *r = remedy_of(p);
	OWN_BUF struct buf b = BUF_INIT;
	char way[64];

	if (!in_json) {
		buf_fmt(&b, "%s %s %s %s\n", p->category, p->id, severities[p->severity], p->text);
		print(&b);
		return;
	}
	jw_open(&b, '{');
	jw_kstr(&b, "id", p->id);
	jw_kstr(&b, "category", p->category);
	jw_kstr(&b, "severity", severities[p->severity]);
	jw_kstr(&b, "text", p->text);
	jw_kstr(&b, "finding", r ? r->finding : "");
	jw_kstr(&b, "fix", r ? r->fix : "");
	jw_kbool(&b, "view", probe_sees_view(p));
	if (probe_way(p, way, sizeof(way)))
		jw_kstr(&b, "way", way);
	jw_close(&b, '}');
	buf_char(&b, '\n');
	print(&b);
}

/* --- one probe --- */

/* No probe may hold up the others, nor take them down. */
static enum verdict guarded(const struct probe *p)
{
	alarm(PATIENCE_S);
	if (is_control && (unshare(CLONE_NEWNS | CLONE_NEWUTS) < 0 ||
			   mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0))
		return untried("namespaces of its own: %s", strerror(errno));
	return p->run(p->arg);
}

/* It died without an answer: the filter may kill instead of refusing. */
static void answer_for(const struct probe *p, int status)
{
	if (WIFEXITED(status) && WEXITSTATUS(status) <= ABSENT)
		return;
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
		print_verdict(p->id, held("killed by the filter"));
	else if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
		print_verdict(p->id, untried("no answer within %d seconds", PATIENCE_S));
	else
		print_verdict(p->id, untried("died: %#x", status));
}

static void attempt(const struct probe *p)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		enum verdict verdict = guarded(p);

		/* it may have swapped the root under us: stdout is still the old one */
		print_verdict(p->id, verdict);
		_exit((int)verdict);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		status = SIGKILL;
	answer_for(p, status);
}

static bool is_chosen(const struct probe *p, int n, char **words)
{
	if (p->needs && !bait(p->needs))
		return false;
	for (int i = 0; i < n; i++)
		if (strcmp(words[i], p->id) == 0 || strcmp(words[i], p->category) == 0)
			return true;
	return n == 0;
}

static void each(int n, char **words)
{
	for (const struct probe *const *t = tables; *t; t++)
		for (const struct probe *p = *t; p->id; p++)
			if (is_chosen(p, n, words))
				(is_list ? print_probe : attempt)(p);
}

static void take_bait(const char *file)
{
	OWN_FD int fd = -1;
	struct err e = {0};

	if (!file)
		return;
	if (strcmp(file, "-") != 0 && (fd = open(file, O_RDONLY | O_CLOEXEC)) < 0)
		die(POD_EXIT_FAILED, "open %s: %s", file, strerror(errno));
	if (bait_read(fd < 0 ? STDIN_FILENO : fd, &e) < 0)
		exit(say_err(&e));
}

int main(int argc, char **argv)
{
	const char *file = NULL;
	bool powers = false, stage = false;
	const struct opt opts[] = {
		{OPT_STR, 'b', "bait", &file, "FILE", "what there is to be found; - is stdin"},
		{OPT_FLAG, 'c', "control", &is_control, NULL,
		 "outside a pod: where each must succeed"},
		{OPT_FLAG, 'j', "json", &in_json, NULL, "an object a line"},
		{OPT_FLAG, 'l', "list", &is_list, NULL, "list the probes, try none"},
		{OPT_FLAG, 0, "stage", &stage, NULL,
		 "be what probes look for, until standard input ends"},
		{OPT_FLAG, 0, "powers", &powers, NULL,
		 "say by the status whether this process has any power"},
		{0},
	};
	const struct opt_usage usage = {"pod-probe [OPTION]... [CATEGORY|ID]...",
					"Attack the walls of the pod that this runs in.", 0, 0, 0};
	struct err e = {0};
	int n;

	say_name("pod-probe");
	n = opt_parse(opts, &usage, argc, argv);
	/* Being executed with a set user id or file capability is a probe's second half. */
	if (powers)
		return geteuid() == 0 || status_field("CapEff", 16) > 0 ? OPEN : HELD;
	take_bait(file);
	if (stage)
		return stage_serve(&e) < 0 ? say_err(&e) : POD_EXIT_OK;
	each(n, argv);
	return POD_EXIT_OK;
}
