/* SPDX-License-Identifier: Apache-2.0 */
/* envpod: the user's commands.  It makes no kernel calls of its own: it finds and runs the tools,
 * those of a run inside its own process. */
#include <stdlib.h>
#include <string.h>

#include "envpod/exit.h"
#include "libcommon/opt.h"
#include "libcommon/say.h"
#include "libcommon/spawn.h"
#include "libcommon/title.h"
#include "tools/envpod/front.h"

static const struct cmd commands[] = {
	{"init", cmd_init, "make a pod from a pod file"},
	{"presets", cmd_presets, "list the pod files that come with envpod"},
	{"setup", cmd_setup, "run the pod file's setup commands again"},
	{"run", cmd_run, "run a command in a pod"},
	{"up", cmd_up, "make the pod of this directory if need be, and run in it"},
	{"start", cmd_start, "run the start command in the background"},
	{"stop", cmd_stop, "end a pod's runs, politely first"},
	{"restart", cmd_restart, "stop and start"},
	{"fg", cmd_fg, "attach to the background run"},
	{"logs", cmd_logs, "print what the background run said"},
	{"diff", cmd_diff, "list what the pod changed"},
	{"show", cmd_show, "show both sides of one path"},
	{"commit", cmd_commit, "bring changes to the host"},
	{"apply", cmd_apply, "bring a change set from a file to the host"},
	{"rollback", cmd_rollback, "drop changes"},
	{"undo", cmd_undo, "list what was done, or take one of it back"},
	{"snapshot", cmd_snapshot, "states of a pod that can be gone back to"},
	{"base", cmd_base, "what pods are cloned of"},
	{"clone", cmd_clone, "make a pod that stands on another's layers"},
	{"cp", cmd_cp, "copy files into a pod, or out of it"},
	{"ls", cmd_ls, "list pods"},
	{"status", cmd_status, "show one pod: walls, usage, what waits"},
	{"display", cmd_display, "show a pod's desktop: start it, wait for it, print a link"},
	{"service", cmd_service, "pods that systemd keeps running"},
	{"destroy", cmd_destroy, "remove pods"},
	{"kill", cmd_kill, "end every process of a pod at once"},
	{"lock", cmd_lock, "freeze a pod"},
	{"unlock", cmd_unlock, "thaw a pod"},
	{"resize", cmd_resize, "change what a pod may use, now and in its pod file"},
	{"remote", cmd_remote, "take hold of a pod from any terminal"},
	{"budget", cmd_budget, "what a pod may use up in all; give it more"},
	{"audit", cmd_audit, "query the audit log"},
	{"check", cmd_check, "check a pod file, print its compiled form"},
	{"plugins", cmd_plugins, "what this machine has for pods: GPUs"},
	{"dashboard", cmd_dashboard, "all pods in a browser: look, decide, commit"},
	{"verify", cmd_verify, "measure what holds of a pod's walls"},
	{"doctor", cmd_doctor, "say what this host lacks"},
	{"dns", cmd_dns, "change which names a pod may resolve"},
	{"vault", cmd_vault, "secrets of a pod: set, list, bind to hosts"},
	{"monitor", cmd_monitor, "rules over what a pod does: show, set, try"},
	{"why", cmd_why, "say why a name or an address is refused"},
	{"queue", cmd_queue, "list what the agent's actions wait for, and add to them"},
	{"approve", cmd_approve, "let an action be executed"},
	{"deny", cmd_deny, "refuse an action that waits"},
	{"cancel", cmd_cancel, "take back an action that has not begun"},
	{"actions", cmd_actions, "which actions a pod's agent may ask for"},
	{"ports", cmd_ports, "list and change a pod's open ports"},
	{"expose", cmd_expose, "list and change which ports of a pod answer at all"},
	{"mount", cmd_mount, "mount a host path into a running pod"},
	{"unmount", cmd_unmount, "take such a mount away"},
	{"gc", cmd_gc, "remove what nothing needs any more"},
	{"screen", cmd_screen, "what a text would have a model do, or give away"},
	{"fsck", cmd_fsck, "check what pods stand on, and mend what crashes left"},
	{"completions", cmd_completions, "print shell completions"},
	{"about", cmd_about, "version and licence"},
	{0},
};

/* The Makefile makes them of the tools' own main() (INSIDE_envpod). */
int pod_exec_main(int argc, char **argv);
int pod_limit_main(int argc, char **argv);
int pod_mount_main(int argc, char **argv);

static const struct inside tools[] = {
	{"pod-mount", pod_mount_main},
	{"pod-exec", pod_exec_main},
	{"pod-limit", pod_limit_main},
	{0},
};

/* Options before the command; returns how many words they took. */
static int global_options(int argc, char **argv)
{
	int i;

	for (i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--print") == 0)
			front_print = true;
		else if (strcmp(argv[i], "--dir") == 0 && i + 1 < argc)
			setenv("ENVPOD_STATE_DIR", argv[++i], 1);
		else if (strncmp(argv[i], "--dir=", 6) == 0)
			setenv("ENVPOD_STATE_DIR", argv[i] + 6, 1);
		else
			break;
	}
	return i - 1;
}

int main(int argc, char **argv)
{
	int skip;

	say_name("envpod");
	title_keep(argc, argv);
	spawn_inside(tools);
	skip = global_options(argc, argv);
	argc -= skip;
	argv += skip;
	if (argc > 1 && strcmp(argv[1], ".") == 0)
		argv[1] = (char *)"up";
	if (argc > 1 && strcmp(argv[1], "--about") == 0)
		argv[1] = (char *)"about";
	return cmd_main("envpod", commands, argc, argv);
}
