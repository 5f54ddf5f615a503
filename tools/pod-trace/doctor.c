/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <sys/fanotify.h>

#include "envpod/exit.h"
#include "libcommon/finding.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/pod.h"
#include "libcommon/say.h"
#include "tools/pod-trace/attach.h"
#include "tools/pod-trace/cmds.h"

/* Tried, not known: the programs are loaded and attached, for a pod that nobody has. */
static bool check_commands(bool json)
{
	struct attach a = ATTACH_INIT;
	struct err e = {0};
	bool works = attach_open(&a, "doctor", &e) == 0;

	attach_finish(&a);
	finding_line(
		&(struct finding){
			"commands", "trace", works ? "pass" : "warn",
			works ? "the kernel tells which commands run in a pod" : e.msg,
			works ? ""
			      : "it takes Linux 5.12, BPF with BTF (CONFIG_DEBUG_INFO_BTF) "
				"and cgroup2; without, audit.system_trace records nothing"},
		json);
	return works;
}

static bool check_writes(bool json)
{
	OWN_FD int group = fanotify_init(FAN_CLASS_NOTIF | FAN_CLOEXEC, O_RDONLY);

	finding_line(&(struct finding){"writes", "trace", group >= 0 ? "pass" : "warn",
				       group >= 0
					       ? "the kernel tells which files they write"
					       : "the kernel does not tell which files they write",
				       group >= 0 ? "" : "it takes fanotify (CONFIG_FANOTIFY)"},
		     json);
	return group >= 0;
}

int cmd_doctor(int argc, char **argv)
{
	bool json = false;
	const struct opt opts[] = {
		{OPT_FLAG, 'j', "json", &json, NULL, "one JSON object a check"},
		{0},
	};
	const struct opt_usage usage = {"pod-trace doctor [--json]",
					"Whether this kernel tells what runs in a pod.", 0, 0, 0};
	struct err e = {0};

	if (opt_parse(opts, &usage, argc, argv) > 0)
		die(POD_EXIT_USAGE, "doctor takes no argument (usage: %s)", usage.line);
	if (pod_check_caller(&e) < 0)
		return say_err(&e);
	check_commands(json);
	check_writes(json);
	return say_end(POD_EXIT_OK);
}
