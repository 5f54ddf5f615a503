/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <sys/stat.h>

#include "envpod/exit.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/say.h"
#include "tools/pod-mount/cmds.h"
#include "tools/pod-mount/layers.h"
#include "tools/pod-mount/maskmake.h"
#include "tools/pod-mount/mountinfo.h"

/* The stack's existence says that pod-mount has something to take down again. */
static int ensure_stack(const struct pod *p, struct err *e)
{
	OWN_STACK struct stack s = {0};

	if (faccessat(p->dir, "stack", F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return stack_load(&s, p, e);
	return stack_save(&s, p, e);
}

static int prepare(const struct pod *p, const struct plan *pl, struct err *e)
{
	OWN_MOUNTS struct mounts host = {0};
	OWN_STRV struct strv tracked = {0};
	OWN_COVERS struct covers c = {0};
	OWN_MASK struct mask m = {0};
	int r = ensure_stack(p, e);

	/* A live view stands on the mask that is there. */
	if (r == 0)
		r = pod_init_pid(p, NULL, e);
	if (r > 0)
		r = err_status(e, POD_EXIT_BUSY, ERR_PLAIN,
			       "prepare pod %s: something runs in it (envpod stop %s ends it)",
			       p->name, p->name);
	if (r == 0)
		r = tracked_load(&tracked, p, e);
	if (r == 0)
		r = mounts_read(&host, e);
	if (r == 0) {
		const struct mask_ask ask = {.pod = p,
					     .plan = pl,
					     .tracked = &tracked,
					     .cwd = plan_str(pl, "cwd", NULL),
					     .host = &host};

		r = mask_prepare(&m, &c, &ask, e);
	}
	return r;
}

int cmd_prepare(int argc, char **argv)
{
	static const struct opt opts[] = {{0}};
	static const struct opt_usage usage = {
		"pod-mount prepare POD", "Make the stack and the mask layer of a pod.", 1, 1, 0};
	OWN(pod_finish) struct pod p = POD_INIT;
	OWN_PLAN struct plan pl = {0};
	struct err e = {0};

	opt_parse(opts, &usage, argc, argv);
	if (pod_open(&p, argv[0], &e) < 0 || pod_lock(&p, 0, &e) < 0 ||
	    layers_recover(&p, &e) < 0 || plan_open(&pl, &p, &e) < 0 || prepare(&p, &pl, &e) < 0)
		return say_err(&e);
	return 0;
}
