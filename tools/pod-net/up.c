/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The order keeps the pod closed at every moment: a namespace with nothing but `lo`, the table, the
 * link, the daemons.  net/up is written before the daemons start, since they read it, and counts
 * only while their keeper lives.  Whatever fails takes back what was not there before.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/io.h"
#include "libcommon/names.h"
#include "libcommon/netid.h"
#include "libcommon/netns.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/record.h"
#include "libcommon/say.h"
#include "libcommon/wall.h"
#include "tools/pod-net/claim.h"
#include "tools/pod-net/host.h"
#include "tools/pod-net/link.h"
#include "tools/pod-net/net.h"
#include "tools/pod-net/nft.h"
#include "tools/pod-net/rules.h"
#include "tools/pod-net/services.h"

/* Inside the pod's network namespace.  A link to the host comes later, from outside. */
static int furnish(void *arg, struct err *e)
{
	const struct net *n = arg;
	OWN_BUF struct buf rules = BUF_INIT;
	int r;

	rules_pod(n, &rules);
	r = nft_apply(rules.data, e);
	return r < 0 || n->veth ? r : link_nowhere(n, e);
}

/* A new table of names for a new table of pins. */
static int make_names(const struct net *n, int dir, struct err *e)
{
	OWN_FD int fd = openat(dir, "names.new", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	int r;

	if (fd < 0)
		return err_set(e, errno, "make %s/net/names", n->pod.runpath);
	r = names_create(fd, e);
	if (r < 0)
		return r;
	if (fchown(fd, netid_uid(n->number, NETID_DNS), netid_uid(n->number, NETID_PROXY)) < 0 ||
	    fchmod(fd, 0640) < 0 || renameat(dir, "names.new", dir, "names") < 0)
		return err_set(e, errno, "make %s/net/names", n->pod.runpath);
	return 0;
}

static int open_dir(const struct net *n, struct err *e)
{
	OWN_FD int dir = -1;

	if (mkdirat(n->pod.run, "net", 0700) < 0 && errno != EEXIST)
		return err_set(e, errno, "make %s/net", n->pod.runpath);
	dir = openat(n->pod.run, "net", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (dir < 0)
		return err_set(e, errno, "open %s/net", n->pod.runpath);
	unlinkat(dir, "names.new", 0); /* of one that was killed here */
	return take_fd(&dir);
}

static int write_up(const struct net *n, int dir, struct err *e)
{
	OWN_BUF struct buf line = BUF_INIT;
	int r;

	net_line(n, &line);
	r = write_file_at(dir, "up", line.data, line.len, 0600, false);
	return r < 0 ? err_set(e, -r, "write %s/net/up", n->pod.runpath) : 0;
}

static int record_up(const struct net *n, struct err *e)
{
	OWN_EVENT struct event ev;
	OWN_BUF struct buf line = BUF_INIT;

	net_line(n, &line);
	line.data[line.len - 1] = '\0';
	event_init(&ev, n->pod.name, "net", "net_up");
	event_str(&ev, "mode", plan_str(&n->plan, "network", "isolated"));
	event_str(&ev, "addresses", line.data);
	return record_event(&ev, false, e);
}

/* Daemons of a wall whose taking down was cut off know another table of names than the new one. */
static int end_strays(const struct net *n, struct err *e)
{
	bool any = faccessat(n->pod.run, "helpers.pid", F_OK, 0) == 0 ||
		   faccessat(n->pod.run, "services.state", F_OK, 0) == 0;

	return any ? services_stop(&n->pod, e) : 0;
}

/* What stands is left alone: pins and names are in it, and connections that live. */
static int build(const struct net *n, struct err *e)
{
	OWN_FD int dir = open_dir(n, e), ns = -1, policy = -1;
	int r;

	if (dir < 0)
		return dir;
	if (faccessat(dir, "up", F_OK, 0) == 0 && (ns = netns_open(&n->pod)) >= 0)
		return n->veth ? host_renew(n, e) : 0;
	r = end_strays(n, e);
	if (r == 0)
		r = claim_take(n, e);
	ns = r < 0 ? r : netns_make(&n->pod, -1, e);
	if (ns < 0)
		return ns;
	policy = policy_open(&n->pod, e);
	r = policy < 0 ? policy : netns_within(ns, furnish, (void *)n, e);
	if (r == 0 && n->veth)
		r = host_take(n, ns, e);
	if (r == 0)
		r = make_names(n, dir, e);
	if (r == 0)
		r = record_up(n, e);
	return r < 0 ? r : write_up(n, dir, e);
}

static int up(const char *pod, bool helpers, struct err *e)
{
	OWN(net_finish) struct net n = NET_INIT;
	int r = net_load(&n, pod, e);

	if (r < 0 || wall_stands(&n.pod))
		return r < 0 || !n.veth ? r : host_renew(&n, e);
	r = build(&n, e);
	if (r < 0 || !helpers)
		return r;
	r = services_compile(&n, e);
	if (r == 0)
		r = services_write(&n, e);
	if (r == 0)
		r = services_start(&n, e);
	/* Without daemons the wall is closed, not open; but it does not stand. */
	return r < 0 ? err_wrap(e, "pod %s has no network", pod) : 0;
}

int cmd_up(int argc, char **argv)
{
	bool alone = false;
	struct err e = {0};
	const struct opt opts[] = {
		{OPT_FLAG, 0, "walls-only", &alone, NULL,
		 "start none of the daemons: nothing can be reached"},
		{0},
	};
	const struct opt_usage usage = {"pod-net up [OPTION]... POD",
					"Build the network of a pod; nothing if it stands.", 1, 1,
					0};

	opt_parse(opts, &usage, argc, argv);
	return up(argv[0], !alone, &e) < 0 ? say_err(&e) : POD_EXIT_OK;
}
