/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "envpod/exit.h"
#include "libcommon/path.h"
#include "tools/pod-queue/approve.h"

int approver_check(const struct plan *pl, const struct action *a, const char *by, struct err *e)
{
	if (plan_str(pl, "approver", NULL) && !plan_has(pl, "approver", by))
		return err_status(e, POD_EXIT_REFUSED, ERR_PLAIN,
				  "%s is none of the pod's approvers", esc(by));
	if (!plan_is(pl, "queue.separate", "yes"))
		return 0;
	if (plan_is(pl, "user.name", by))
		return err_status(e, POD_EXIT_REFUSED, ERR_PLAIN,
				  "%s owns the pod, and may not approve what it does "
				  "(queue.separate)",
				  esc(by));
	if (strcmp(a->by, by) == 0)
		return err_status(e, POD_EXIT_REFUSED, ERR_PLAIN,
				  "%s submitted the action, and may not approve it "
				  "(queue.separate)",
				  esc(by));
	return 0;
}
