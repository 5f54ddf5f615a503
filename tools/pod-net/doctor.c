/* SPDX-License-Identifier: Apache-2.0 */
/* Each check tries the thing itself, in a namespace that is gone with the process. */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/finding.h"
#include "libcommon/io.h"
#include "libcommon/netid.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/say.h"
#include "tools/pod-net/chains.h"
#include "tools/pod-net/forwarding.h"
#include "tools/pod-net/hostwall.h"
#include "tools/pod-net/link.h"
#include "tools/pod-net/net.h"
#include "tools/pod-net/nft.h"
#include "tools/pod-net/rules.h"
#include "tools/pod-net/veth.h"

static int try_namespace(struct err *e)
{
	return unshare(CLONE_NEWNET) < 0 ? err_set(e, errno, "make a network namespace") : 0;
}

static int try_owner(struct err *e)
{
	uid_t uid = netid_uid((int)NETID_MAX, NETID_DNS);

	if (setresgid(uid, uid, uid) < 0 || setresuid(uid, uid, uid) < 0)
		return err_set(e, errno, "become uid %u", (unsigned)uid);
	return unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0
		       ? err_set(e, errno, "make namespaces as uid %u", (unsigned)uid)
		       : 0;
}

static struct net sample(bool veth)
{
	struct net n = NET_INIT;
	struct err ignored = {0};

	n.number = 1;
	n.veth = veth;
	n.open = true;
	strv_add(&n.plan.keys, "rate_limit");
	strv_add(&n.plan.values, "5/s");
	net_addresses(&n, "10.200.0.0/16", &ignored);
	return n;
}

static int try_rules(bool veth, struct err *e)
{
	OWN(net_finish) struct net n = sample(veth);
	OWN_BUF struct buf b = BUF_INIT;

	if (try_namespace(e) < 0)
		return -e->code;
	rules_pod(&n, &b);
	return nft_apply(b.data, e);
}

static int try_nftables(struct err *e)
{
	return try_rules(false, e);
}

static int try_library(struct err *e)
{
	return nft_load(e);
}

static int try_link(struct err *e)
{
	OWN(net_finish) struct net n = sample(false);

	return try_namespace(e) < 0 ? -e->code : link_nowhere(&n, e);
}

static int try_ipv6(struct err *e)
{
	if (access("/proc/sys/net/ipv6", F_OK) == 0)
		return 0;
	return err_set(e, ERR_PLAIN, "this kernel has no IPv6: pods have IPv4 alone");
}

/* The host's chains as they are; its table and the pod's, apart. */
static int try_engine(struct err *e)
{
	OWN(net_finish) struct net n = sample(true);
	OWN_BUF struct buf b = BUF_INIT;
	const struct strv none = {0};

	if (chains_check(e) < 0 || try_namespace(e) < 0)
		return -e->code;
	rules_pod(&n, &b);
	hostwall_add(&n, VETH_PREFIX "1-1", &none, &none, &b);
	return nft_apply(b.data, e);
}

static int try_engine_six(struct err *e)
{
	if (forwarding_has_six())
		return 0;
	return err_set(e, ERR_PLAIN,
		       "pods of network.engine veth have IPv6 on ports 80 and 443 alone: this "
		       "kernel routes it for all interfaces or none");
}

static const struct check {
	const char *name, *lack, *good, *hint; /* lack: the status when it fails */
	int (*try)(struct err *e);
} checks[] = {
	{"netns", "fail", "pods have network namespaces of their own",
	 "user.max_net_namespaces must not be 0", try_namespace},
	{"netns-owner", "fail", "each network belongs to a uid of its own",
	 "user.max_user_namespaces must not be 0", try_owner},
	{"libnftables", "fail", "firewall rules can be loaded", "install libnftables1",
	 try_library},
	{"nftables", "fail", "the kernel takes the rules of the wall",
	 "modprobe nf_tables nft_chain_nat nft_redir nft_reject_inet nft_fib_inet nft_log "
	 "nft_limit",
	 try_nftables},
	{"veth", "fail", "pods have an eth0", "modprobe veth", try_link},
	{"ipv6", "warn", "pods have IPv6", "", try_ipv6},
	{"veth-engine", "warn", "network.engine: veth can be had",
	 "network.engine: sockets needs nothing of the host", try_engine},
	{"veth-ipv6", "warn", "network.engine: veth routes IPv6", "Linux 6.17 and later",
	 try_engine_six},
};

/* In a child, whose namespaces and ids do not matter. */
static int try_apart(const struct check *c, struct err *e)
{
	int ends[2];
	pid_t pid;

	if (pipe2(ends, 0) < 0 || (pid = fork()) < 0)
		return err_set(e, errno, "try %s", c->name);
	if (pid == 0) {
		struct err told = {0};

		c->try(&told);
		write_full(ends[1], &told, sizeof(told));
		_exit(0);
	}
	close(ends[1]);
	if (read_full(ends[0], e, sizeof(*e)) != sizeof(*e))
		err_set(e, ERR_PLAIN, "try %s: it died", c->name);
	close(ends[0]);
	waitpid(pid, NULL, 0);
	return -e->code;
}

static void print(const struct check *c, const struct err *e, bool json)
{
	finding_line(&(struct finding){c->name, "network", e->code ? c->lack : "pass",
				       e->code ? e->msg : c->good, c->hint},
		     json);
}

int cmd_doctor(int argc, char **argv)
{
	bool json = false;
	struct err e = {0};
	const struct opt opts[] = {
		{OPT_FLAG, 'j', "json", &json, NULL, "one JSON object a check"},
		{0},
	};
	const struct opt_usage usage = {"pod-net doctor [--json]",
					"What this host offers for the networks of pods.", 0, 0, 0};

	if (opt_parse(opts, &usage, argc, argv) > 0)
		die(POD_EXIT_USAGE, "doctor takes no argument (usage: %s)", usage.line);
	if (pod_check_caller(&e) < 0)
		return say_err(&e);
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		struct err found = {0};

		try_apart(&checks[i], &found);
		print(&checks[i], &found, json);
	}
	return say_end(POD_EXIT_OK);
}
