/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-monitor/hook.h"

#include "libcommon/hostprog.h"
#include "tools/pod-monitor/policy.h"

int hook_check(const char *path, struct err *e)
{
	return hostprog_check("hook", path, e);
}

int hook_run(const struct response *hook, const struct plan *plan, const struct buf *in,
	     struct err *e)
{
	const struct hostprog p = {"hook", &hook->argv, hook->timeout_s};

	return hostprog_run(&p, plan, in, e);
}
