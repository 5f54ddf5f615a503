/* SPDX-License-Identifier: Apache-2.0 */
/*
 * probe [-c] GROUP|NAME...   run these attacks, print "NAME VERDICT DETAIL" for each
 * probe -l                   list them: "GROUP NAME"
 * -c: as control, outside a pod: every attack gets a mount and uts namespace of its own, so that
 * its success changes nothing for those after it.
 */
#include "probe.h"

#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

bool is_control;
static char detail[200];

static const struct attack *const tables[] = {
	file_attacks, device_attacks, mount_attacks, process_attacks,
	call_attacks, wall_attacks,   info_attacks,  NULL};
static const char *const verdicts[] = {"worked", "stopped", "untried", "absent"};

#define SAY(fmt)                                            \
	do {                                                \
		va_list ap;                                 \
		va_start(ap, fmt);                          \
		vsnprintf(detail, sizeof(detail), fmt, ap); \
		va_end(ap);                                 \
		detail[strcspn(detail, "\n")] = '\0';       \
	} while (0)

enum verdict worked(const char *fmt, ...)
{
	SAY(fmt);
	return WORKED;
}

enum verdict untried(const char *fmt, ...)
{
	SAY(fmt);
	return UNTRIED;
}

enum verdict held(const char *fmt, ...)
{
	SAY(fmt);
	return STOPPED;
}

enum verdict stopped(void)
{
	return held("%s", strerrorname_np(errno) ? strerrorname_np(errno) : "errno?");
}

enum verdict unless_failed(long r)
{
	return r < 0 ? stopped() : worked("-");
}

/* No attack may hold up the others, nor take them down. */
static enum verdict guarded(const struct attack *a)
{
	alarm(20);
	if (is_control && (unshare(CLONE_NEWNS | CLONE_NEWUTS) < 0 ||
			   mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0))
		return untried("namespaces of its own: %s", strerror(errno));
	return a->run(a->arg);
}

static void report(const char *name, int status)
{
	if (!WIFEXITED(status) || WEXITSTATUS(status) > ABSENT) {
		/* the filter may kill instead of refusing */
		bool killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS;

		printf("%s %s died: %#x\n", name, verdicts[killed ? STOPPED : UNTRIED], status);
	}
	fflush(stdout);
}

static void attempt(const struct attack *a)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		enum verdict verdict = guarded(a);

		/* an attack may have swapped the root under us: stdout is still the old one */
		printf("%s %s %s\n", a->name, verdicts[verdict], detail);
		fflush(stdout);
		_exit((int)verdict);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		status = -1;
	report(a->name, status);
}

static bool chosen(const struct attack *a, char **words)
{
	for (; *words; words++)
		if (strcmp(*words, a->name) == 0 || strcmp(*words, a->group) == 0)
			return true;
	return false;
}

static void each(char **words)
{
	for (const struct attack *const *t = tables; *t; t++)
		for (const struct attack *a = *t; a->name; a++) {
			if (!words)
				printf("%s %s\n", a->group, a->name);
			else if (chosen(a, words))
				attempt(a);
		}
}

int main(int argc, char **argv)
{
	/* Being executed with a set user id or file capability is an attack's second half. */
	if (argc == 2 && strcmp(argv[1], "--powers") == 0)
		return geteuid() == 0 || status_field("CapEff", 16) > 0 ? WORKED : STOPPED;
	if (argc == 2 && strcmp(argv[1], "-l") == 0) {
		each(NULL);
		return 0;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	is_control = argc > 1 && strcmp(argv[1], "-c") == 0;
	each(argv + 1 + is_control);
	return 0;
}
