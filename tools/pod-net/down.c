/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net/up goes first, so that no run takes what is being taken down.  The namespace itself, with
 * table and links in it, is the kernel's to take apart once nobody is left in it; nothing here
 * waits for that.
 */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/netns.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/record.h"
#include "libcommon/say.h"
#include "libcommon/wall.h"
#include "tools/pod-net/claim.h"
#include "tools/pod-net/host.h"
#include "tools/pod-net/net.h"
#include "tools/pod-net/services.h"

static int record_down(const struct pod *p, struct err *e)
{
	OWN_EVENT struct event ev;

	event_init(&ev, p->name, "net", "net_down");
	return record_event(&ev, false, e);
}

/* Somebody in the pod would go on in a namespace that nobody can reach any more. */
static int check_idle(const struct pod *p, bool force, struct err *e)
{
	pid_t pid = force ? 0 : pod_init_pid(p, NULL, e);

	if (pid <= 0)
		return pid;
	return err_status(e, POD_EXIT_BUSY, EBUSY,
			  "take down the network of pod %s: something runs in it (envpod stop %s)",
			  p->name, p->name);
}

/* With force somebody may live on in the namespace, and the link with it: it goes at once. */
static int take_down(const struct pod *p, bool force, struct err *e)
{
	bool stood = wall_left(p);
	int r = force ? 0 : host_check(p, e);

	if (r < 0)
		return r;
	unlinkat(p->run, "net/up", 0);
	r = stood ? services_stop(p, e) : 0;
	if (r == 0)
		r = host_release(p, force, e);
	if (r == 0)
		r = netns_unpin(p, e);
	if (r < 0)
		return r;
	unlinkat(p->run, "services", 0);
	r = remove_tree_at(p->run, "net");
	if (r < 0)
		return err_set(e, -r, "remove %s/net", p->runpath);
	claim_release(p);
	return stood ? record_down(p, e) : 0;
}

int cmd_down(int argc, char **argv)
{
	OWN(pod_finish) struct pod p = POD_INIT;
	bool force = false;
	struct err e = {0};
	const struct opt opts[] = {
		{OPT_FLAG, 'f', "force", &force, NULL, "also while something runs in the pod"},
		{0},
	};
	const struct opt_usage usage = {"pod-net down [--force] POD",
					"Take down the network of a pod.", 1, 1, 0};

	opt_parse(opts, &usage, argc, argv);
	if (pod_open(&p, argv[0], &e) < 0 || pod_lock(&p, 10000, &e) < 0 ||
	    check_idle(&p, force, &e) < 0 || take_down(&p, force, &e) < 0)
		return say_err(&e);
	return POD_EXIT_OK;
}
