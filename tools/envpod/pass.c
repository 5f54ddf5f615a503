/* SPDX-License-Identifier: Apache-2.0 */
/* Commands that are another tool's word under the user's name for it. */
#include <stdio.h>
#include <string.h>

#include "envpod/exit.h"
#include "tools/envpod/front.h"
#include "tools/envpod/govern.h"

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
	unsigned n = 0;

	front_words(&line, "pod-net", "gc", NULL);
	for (int i = 1; i < argc; i++)
		dry = dry || strcmp(argv[i], "-n") == 0 || strcmp(argv[i], "--dry-run") == 0;
	if (dry)
		strv_add(&line, "-n");
	if (argc < 2 || strcmp(argv[1], "--help") != 0) {
		status = front_print ? POD_EXIT_OK : govern_gc(dry, &n);
		if (status == POD_EXIT_OK)
			status = front_run(&line);
	}
	if (n)
		printf("%s what governed %u pod(s).\n", dry ? "Would end" : "Ended", n);
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

/* audit --security is another question than audit. */
int cmd_audit(int argc, char **argv)
{
	bool security = false;
	int n = 1;

	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "--security") == 0)
			security = true;
		else
			argv[n++] = argv[i];
	argv[n] = NULL;
	return front_pass("pod-audit", security ? "security" : "query", false, n, argv);
}

int cmd_check(int argc, char **argv)
{
	return front_pass("pod-config", "check", true, argc, argv);
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

int cmd_expose(int argc, char **argv)
{
	return front_pass("pod-proxy", "expose", false, argc, argv);
}
