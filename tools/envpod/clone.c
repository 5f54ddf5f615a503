/* SPDX-License-Identifier: Apache-2.0 */
/* envpod clone: a pod made of a pod, one of its snapshots, or a base, in place of a pod file. */
#include <stdio.h>

#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/say.h"
#include "tools/envpod/front.h"
#include "tools/envpod/init.h"

static int clone_pod(const char *source, const char *name, bool current)
{
	OWN(pod_finish) struct pod p = POD_INIT;
	OWN_STRV struct strv line = {0};
	struct err e = {0};
	int status;

	front_words(&line, "pod-mount", "clone", NULL);
	if (current)
		strv_add(&line, "--current");
	front_words(&line, source, name, NULL);
	if (front_print)
		return front_run(&line);
	if (init_claim(&p, name, &e) < 0)
		return say_err(&e);
	status = front_run(&line);
	if (status == 0)
		status = init_mark_created(&p);
	if (status)
		init_unclaim(&p);
	return status;
}

int cmd_clone(int argc, char **argv)
{
	bool current = false;
	const struct opt opts[] = {
		{OPT_FLAG, 0, "current", &current, NULL, "with what the pod has changed so far"},
		{0},
	};
	const struct opt_usage usage = {
		"envpod clone [--current] POD|POD@SNAPSHOT|BASE NEW",
		"Make a pod that stands on another's layers; secrets and audit log are not copied.",
		2, 2, 0};
	int status;

	opt_parse(opts, &usage, argc, argv);
	status = clone_pod(argv[0], argv[1], current);
	if (status == 0 && !front_print)
		printf("Created pod %s.\n", argv[1]);
	return status;
}
