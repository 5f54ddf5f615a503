/* SPDX-License-Identifier: Apache-2.0 */
/* pod-audit checkpoint: make one, and send it to where audit.anchor says. */
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/plan.h"
#include "libcommon/pod.h"
#include "libcommon/record.h"
#include "libcommon/say.h"
#include "tools/pod-audit/anchor.h"
#include "tools/pod-audit/pod-audit.h"
#include "tools/pod-audit/treehead.h"

/* On record, and no reason to stop: what the checkpoint is of is done, and the next one covers it.
 */
static void tell_failed(const char *pod, const char *anchor, const struct err *why)
{
	OWN_EVENT struct event ev = {0};
	struct err e = {0};

	say_warn("pod %s: %s", pod, why->msg);
	event_init(&ev, pod, "audit", "anchor_failed");
	event_str(&ev, "anchor", anchor);
	event_str(&ev, "reason", why->msg);
	if (record_event(&ev, true, &e) < 0)
		say_err(&e);
}

static int send_all(const struct pod *p, const struct plan *plan, const struct note *n)
{
	int status = POD_EXIT_OK;
	const char *anchor;

	for (size_t i = 0; (anchor = plan_next(plan, "audit.anchor", &i));) {
		struct err e = {0};

		if (anchor_send(anchor, n, plan, &e) == 0)
			continue;
		tell_failed(p->name, anchor, &e);
		status = POD_EXIT_FAILED;
	}
	return status;
}

static int checkpoint(const char *name, bool quiet)
{
	OWN(pod_finish) struct pod p = POD_INIT;
	OWN_PLAN struct plan plan = {0};
	OWN_BUF struct buf b = BUF_INIT;
	struct note n = {0};
	struct err e = {0};

	if (pod_open(&p, name, &e) < 0 || plan_open(&plan, &p, &e) < 0 ||
	    treehead_make(p.name, &n, &e) < 0)
		return say_err(&e);
	note_write(&n, &b);
	if (!quiet)
		printf("%s", b.data);
	return send_all(&p, &plan, &n);
}

/* Every pod that is whole; a note each, with an empty line between. */
static int checkpoint_all(bool quiet)
{
	OWN_FREE char *path = xfmt("%s/pods", pod_state_dir());
	OWN_DIR DIR *d = opendir(path);
	int status = POD_EXIT_OK, r = d ? 0 : -errno;
	const char *name;
	bool first = true;

	while (d && (r = dir_next(d, &name)) > 0) {
		OWN_FREE char *created = xfmt("%s/%s/created", path, name);
		struct err e = {0};
		int one;

		if (pod_check_name(name, &e) < 0 || access(created, F_OK) < 0)
			continue;
		if (!first && !quiet)
			printf("\n");
		first = false;
		one = checkpoint(name, quiet);
		status = one > status ? one : status;
	}
	if (r < 0 && r != -ENOENT) {
		say_error("list pods: %s", strerror(-r));
		return POD_EXIT_FAILED;
	}
	return status;
}

int cmd_checkpoint(int argc, char **argv)
{
	bool all = false, quiet = false;
	struct err e = {0};
	const struct opt opts[] = {
		{OPT_FLAG, 'a', "all", &all, NULL, "of every pod"},
		{OPT_FLAG, 'q', "quiet", &quiet, NULL, "do not print it"},
		{0},
	};
	const struct opt_usage usage = {
		"pod-audit checkpoint [--quiet] POD|--all",
		"Sign what a log is now, and send it to where audit.anchor says.", 0, 1, 0};
	int n = opt_parse(opts, &usage, argc, argv);

	if (all == (n == 1)) {
		say_error("which log? give a pod, or --all");
		return POD_EXIT_USAGE;
	}
	if (sodium_init() < 0)
		die(POD_EXIT_FAILED, "start libsodium: it refuses");
	if (pod_state_open(&e) < 0)
		return say_err(&e);
	return all ? checkpoint_all(quiet) : checkpoint(argv[0], quiet);
}
