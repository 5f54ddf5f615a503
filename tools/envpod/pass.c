/* SPDX-License-Identifier: Apache-2.0 */
/* Commands that are another tool's word under the user's name for it. */
#include <stdio.h>
#include <string.h>

#include "envpod/exit.h"
#include "libcommon/buf.h"
#include "libcommon/say.h"
#include "tools/envpod/front.h"
#include "tools/envpod/helpers.h"
#include "tools/envpod/throwaway.h"

int cmd_diff(int argc, char **argv)
{
	return front_pass("pod-mount", "diff", true, argc, argv);
}

int cmd_show(int argc, char **argv)
{
	return front_pass("pod-mount", "show", true, argc, argv);
}

int cmd_commit(int argc, char **argv)
{
	return front_pass("pod-mount", "commit", true, argc, argv);
}

int cmd_apply(int argc, char **argv)
{
	return front_pass("pod-mount", "apply", true, argc, argv);
}

int cmd_rollback(int argc, char **argv)
{
	return front_pass("pod-mount", "rollback", true, argc, argv);
}

int cmd_undo(int argc, char **argv)
{
	return front_pass("pod-mount", "undo", true, argc, argv);
}

int cmd_snapshot(int argc, char **argv)
{
	return front_pass("pod-mount", "snapshot", false, argc, argv);
}

int cmd_base(int argc, char **argv)
{
	return front_pass("pod-mount", "base", false, argc, argv);
}

/* The daemons first: what keeps them is written down where pod-mount removes. */
int cmd_gc(int argc, char **argv)
{
	OWN_STRV struct strv line = {0};
	int status = POD_EXIT_OK;
	bool dry = false;
	unsigned n = 0, desktops = 0, clones = 0;

	front_words(&line, "pod-net", "gc", NULL);
	for (int i = 1; i < argc; i++)
		dry = dry || strcmp(argv[i], "-n") == 0 || strcmp(argv[i], "--dry-run") == 0;
	if (dry)
		strv_add(&line, "-n");
	if (argc < 2 || strcmp(argv[1], "--help") != 0) {
		status = front_print ? POD_EXIT_OK : throwaway_gc(dry, &clones);
		if (status == POD_EXIT_OK && !front_print)
			status = helpers_gc("govern", dry, &n);
		if (status == POD_EXIT_OK && !front_print)
			status = helpers_gc("desktop", dry, &desktops);
		if (status == POD_EXIT_OK)
			status = front_run(&line);
	}
	if (clones)
		printf("%s %u clone(s) that verify left.\n", dry ? "Would remove" : "Removed",
		       clones);
	if (n)
		printf("%s what governed %u pod(s).\n", dry ? "Would end" : "Ended", n);
	if (desktops)
		printf("%s the desktop of %u pod(s).\n", dry ? "Would end" : "Ended", desktops);
	fflush(stdout);
	return status ? status : front_pass("pod-mount", "gc", false, argc, argv);
}

int cmd_fsck(int argc, char **argv)
{
	return front_pass("pod-mount", "fsck", false, argc, argv);
}

int cmd_mount(int argc, char **argv)
{
	return front_pass("pod-mount", "add", true, argc, argv);
}

int cmd_unmount(int argc, char **argv)
{
	return front_pass("pod-mount", "drop", true, argc, argv);
}

/* Each of these is another question than audit itself, and takes the options of that word. */
static const struct question {
	const char *option, *word, *as;
} questions[] = {
	{"--security", "security", NULL},
	{"--verify", "verify", NULL},
	{"--export", "export", "--format"},
	{"--events", "events", NULL},
};

/* Is it that option, alone or with "=VALUE"? */
static bool asks(const struct question *q, const char *arg)
{
	size_t n = strlen(q->option);

	return strncmp(arg, q->option, n) == 0 && (!arg[n] || (q->as && arg[n] == '='));
}

static const struct question *question_of(const char *arg)
{
	for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++)
		if (asks(&questions[i], arg))
			return &questions[i];
	return NULL;
}

int cmd_audit(int argc, char **argv)
{
	OWN_STRV struct strv line = {0};
	const struct question *asked = NULL;

	for (int i = 0; i < argc; i++) {
		const struct question *q = i ? question_of(argv[i]) : NULL;

		if (q && asked && q != asked)
			die(POD_EXIT_USAGE, "%s and %s are two questions: ask one at a time",
			    asked->option, q->option);
		if (q)
			asked = q;
		if (q && q->as)
			strv_fmt(&line, "%s%s", q->as, argv[i] + strlen(q->option));
		else if (!q)
			strv_add(&line, argv[i]);
	}
	return front_pass("pod-audit", asked ? asked->word : "query", false, (int)line.n, line.v);
}

int cmd_check(int argc, char **argv)
{
	return front_pass("pod-config", "check", true, argc, argv);
}

int cmd_screen(int argc, char **argv)
{
	return front_pass("pod-screen", "scan", false, argc, argv);
}

int cmd_fg(int argc, char **argv)
{
	return front_pass("pod-supervise", "attach", false, argc, argv);
}

int cmd_logs(int argc, char **argv)
{
	return front_pass("pod-supervise", "logs", false, argc, argv);
}

int cmd_ports(int argc, char **argv)
{
	return front_pass("pod-proxy", "ports", false, argc, argv);
}

int cmd_budget(int argc, char **argv)
{
	return front_pass("pod-budget", "show", false, argc, argv);
}

/* What plugins there are, and what they find: one list for people. */
int cmd_plugins(int argc, char **argv)
{
	return front_pass("pod-plugin", "probe", false, argc, argv);
}

int cmd_expose(int argc, char **argv)
{
	return front_pass("pod-proxy", "expose", false, argc, argv);
}
