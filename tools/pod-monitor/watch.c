/* SPDX-License-Identifier: Apache-2.0 */
#include "envpod/exit.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/say.h"
#include "tools/pod-monitor/arm.h"
#include "tools/pod-monitor/cmds.h"

int cmd_watch(int argc, char **argv)
{
	static struct arm a;
	uint64_t ready = UINT64_MAX, events = UINT64_MAX;
	struct err e = {0};
	int r;
	const struct opt opts[] = {
		{OPT_U64, 0, "ready-fd", &ready, "N",
		 "write a byte there once the rules are in force"},
		{OPT_U64, 0, "event-fd", &events, "N",
		 "closed: what it does it writes down itself, before it is lost"},
		{0},
	};
	const struct opt_usage usage = {"pod-monitor watch [OPTION]... POD",
					"Sample a pod and respond by its rules, until SIGTERM.", 1,
					1, 0};

	opt_parse(opts, &usage, argc, argv);
	ready = (uint64_t)opt_fd(ready, -1);
	r = opt_fd(events, -1);
	own_close(&r);
	r = arm_open(&a, argv[0], &e);
	a.ready_fd = (int)ready;
	if (r == 0)
		r = arm_run(&a, &e);
	arm_finish(&a);
	return r < 0 ? say_err(&e) : POD_EXIT_OK;
}
