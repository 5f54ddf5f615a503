/* SPDX-License-Identifier: Apache-2.0 */
#include "envpod/exit.h"
#include "libcommon/cgroup.h"
#include "libcommon/opt.h"
#include "libcommon/say.h"
#include "tools/pod-limit/limit.h"

/* The pod itself may be gone already: only its name is needed. */
int cmd_remove(int argc, char **argv)
{
	const struct opt_usage usage = {"pod-limit remove POD",
					"Remove the pod's control groups; 75 while processes live.",
					1, 1, 0};
	struct err e = {0};

	opt_parse(NULL, &usage, argc, argv);
	if (pod_check_name(argv[0], &e) < 0 || pod_check_caller(&e) < 0 ||
	    cgroup_remove(argv[0], &e) < 0)
		return say_err(&e);
	return POD_EXIT_OK;
}
