/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-dns/daemon.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/counters.h"
#include "libcommon/io.h"
#include "libcommon/lockdown.h"
#include "libcommon/netid.h"
#include "libcommon/netns.h"
#include "libcommon/own.h"
#include "tools/pod-dns/policy.h"
#include "tools/pod-dns/stream.h"

#define BACKLOG 64
#define BUFFER  (1 << 20)

/* Make one listener; ns -1: here.  A family that the host lacks is left out: 0. */
static int listen_at(struct daemon *d, int ns, const struct upstream *at, int type, struct err *e)
{
	int family = at->address.ss_family, one = 1, size = BUFFER;
	OWN_FD int fd = -1;

	type |= SOCK_NONBLOCK | SOCK_CLOEXEC;
	if (ns >= 0)
		fd = netns_socket(ns, family, type, 0, e);
	else if ((fd = socket(family, type, 0)) < 0)
		err_set(e, errno, "make a socket");
	if (fd < 0)
		return e->code == EAFNOSUPPORT && family == AF_INET6 ? 0 : -e->code;
	/* Two UDP sockets that say so may share a port. */
	if ((type & 0xf) == SOCK_STREAM)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	if (family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
	if (bind(fd, (const struct sockaddr *)&at->address, at->address_len) < 0) {
		if (errno == EADDRNOTAVAIL && family == AF_INET6)
			return 0;
		return err_set(e, errno, "listen on %s in the pod", at->text);
	}
	if ((type & 0xf) == SOCK_STREAM && listen(fd, BACKLOG) < 0)
		return err_set(e, errno, "listen on %s", at->text);
	return server_listen(&d->server, take_fd(&fd), (type & 0xf) == SOCK_STREAM, e);
}

/* Held by the keeper, who has bound them. */
static int listen_given(struct daemon *d, const struct daemon_listen *at, struct err *e)
{
	int r = 0, size = BUFFER, type;

	for (unsigned i = 0; i < at->n && r == 0; i++) {
		socklen_t len = sizeof(type);

		if (getsockopt(at->fd[i], SOL_SOCKET, SO_TYPE, &type, &len) < 0)
			return err_set(e, errno, "listen on descriptor %d", at->fd[i]);
		setsockopt(at->fd[i], SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
		r = server_listen(&d->server, at->fd[i], type == SOCK_STREAM, e);
	}
	return r;
}

static int listen_everywhere(struct daemon *d, int ns, const char *where, struct err *e)
{
	const char *const inside[] = {"127.0.0.1", "::1"};
	struct upstream at;
	int r = 0;

	for (int i = 0; i < (where ? 1 : 2) && r == 0; i++) {
		r = upstream_parse(&at, where ? where : inside[i], e);
		if (r == 0)
			r = listen_at(d, ns, &at, SOCK_DGRAM, e);
		if (r == 0)
			r = listen_at(d, ns, &at, SOCK_STREAM, e);
	}
	return r;
}

/* Who asks is nice to know; without it there is a wall all the same. */
static void open_asker(struct daemon *d, int ns)
{
	struct err e = {0};
	int type = SOCK_RAW | SOCK_CLOEXEC;

	d->server.asker = (struct asker){
		.fd = ns < 0 ? socket(AF_NETLINK, type, NETLINK_SOCK_DIAG)
			     : netns_socket(ns, AF_NETLINK, type, NETLINK_SOCK_DIAG, &e),
		.base = (uid_t)plan_u64(&d->plan, "base", 0),
		.identity = (uid_t)plan_u64(&d->plan, "identity.uid", 0),
	};
}

/* The wall: a netlink socket of the pod's namespace, and the table of names. */
static int open_pins(struct daemon *d, int ns, struct err *e)
{
	const struct timeval wait = {.tv_sec = 2};
	OWN_FD int nft = -1, names = -1;
	uint64_t pin_min = plan_u64(&d->plan, "dns.pin_min", 300);

	if (ns >= 0) {
		nft = netns_socket(ns, AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER, e);
		if (nft < 0)
			return nft;
		setsockopt(nft, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
		names = openat(d->pod.run, "net/names", O_RDWR | O_CLOEXEC | O_NOFOLLOW);
		if (names < 0)
			return err_set(e, errno, "open %s/net/names (pod-net up %s makes it)",
				       d->pod.runpath, d->pod.name);
		if (names_map(&d->names, take_fd(&names), true, e) < 0)
			return -EINVAL;
	}
	if (ns >= 0 && plan_is(&d->plan, "engine", "veth") && cut_open(&d->cut, ns, e) < 0)
		return -EINVAL;
	open_asker(d, ns);
	d->server.pins =
		pins_new(take_fd(&nft), d->names.map ? &d->names : NULL, (uint32_t)pin_min);
	return 0;
}

static int open_upstreams(struct daemon *d, struct err *e)
{
	struct upstreams *us = &d->resolver.upstreams;
	const char *text;
	size_t i = 0;

	while ((text = plan_next(&d->plan, "dns.upstream", &i))) {
		if (us->n == UPSTREAMS_MAX)
			return err_status(e, POD_EXIT_CONFIG, ERR_PLAIN,
					  "network.dns.upstream: more than %d resolvers",
					  UPSTREAMS_MAX);
		if (upstream_parse(&us->v[us->n], text, e) < 0)
			return -EINVAL;
		us->n++;
	}
	if (us->n == 0)
		return daemon_open_host(d, e);
	return stream_prepare(us, e);
}

static int read_open_networks(struct daemon *d, struct err *e)
{
	const char *text;
	size_t i = 0;

	while ((text = plan_next(&d->plan, "cidr_allow", &i))) {
		d->open = xrealloc(d->open, (d->n_open + 1) * sizeof(*d->open));
		if (cidr_parse(text, &d->open[d->n_open]) < 0)
			return err_status(e, POD_EXIT_CONFIG, ERR_PLAIN, "plan: cidr_allow %s",
					  text);
		d->n_open++;
	}
	d->resolver.filter = (struct reply_filter){d->open, d->n_open, route_exists};
	return 0;
}

/* What the pod file says otherwise of the budgets. */
static void open_guard(struct daemon *d)
{
	struct guard_limits l = guard_usual;

	l.queries = (uint32_t)plan_u64(&d->plan, "dns.budget.queries", l.queries);
	l.names = (uint32_t)plan_u64(&d->plan, "dns.budget.names", l.names);
	l.nxdomains = (uint32_t)plan_u64(&d->plan, "dns.budget.nxdomains", l.nxdomains);
	l.odd_types = (uint32_t)plan_u64(&d->plan, "dns.budget.odd_types", l.odd_types);
	l.dense = (uint32_t)plan_u64(&d->plan, "dns.budget.dense", l.dense);
	l.label = (uint32_t)plan_u64(&d->plan, "dns.budget.label", l.label);
	d->server.guard = guard_new(&l);
}

static void on_signal(void *arg, uint32_t events)
{
	struct daemon *d = arg;
	struct signalfd_siginfo info;

	(void)events;
	if (read(d->signals.fd, &info, sizeof(info)) != sizeof(info))
		return;
	if (info.ssi_signo == SIGHUP)
		daemon_reload(d);
	else
		d->loop.stop = 1;
}

static int watch_signals(struct daemon *d, struct err *e)
{
	sigset_t set;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	d->signals = (struct watch){
		.fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK), .fn = on_signal, .arg = d};
	if (d->signals.fd < 0 || loop_add(&d->loop, &d->signals, EPOLLIN) < 0)
		return err_set(e, errno, "watch signals");
	return 0;
}

static int open_pod(struct daemon *d, const char *pod, struct err *e)
{
	d->pod = (struct pod)POD_INIT;
	d->policy = d->resolv_dir = -1;
	d->names = (struct names)NAMES_INIT;
	d->discovery = (struct discovery)DISCOVERY_INIT;
	d->cut = (struct cut)CUT_INIT;
	if (pod_check_caller(e) < 0 || pod_open(&d->pod, pod, e) < 0 ||
	    plan_open(&d->plan, &d->pod, e) < 0)
		return -EINVAL;
	d->policy = policy_open(&d->pod, e);
	return d->policy < 0 ? d->policy : loop_init(&d->loop, e);
}

int daemon_open(struct daemon *d, const char *pod, const struct daemon_listen *at, int event_fd,
		struct err *e)
{
	const char *where = at->where;
	OWN_FD int ns = -1;
	struct stat st;

	if (open_pod(d, pod, e) < 0)
		return -EINVAL;
	if (!where && (ns = netns_open(&d->pod)) < 0)
		return err_set(e, -ns, "open the pod's network (pod-net up %s makes it)", pod);
	/* Of a pipe only: a terminal is shared with who started us. */
	if (fstat(event_fd, &st) == 0 && S_ISFIFO(st.st_mode))
		fcntl(event_fd, F_SETFL, O_NONBLOCK | O_WRONLY);
	log_init(&d->log, event_fd, d->pod.name);
	if (counters_open(&d->log.counters, &d->pod, COUNTS_DNS, e) < 0)
		return -EINVAL;
	resolver_init(&d->resolver, &d->loop);
	d->server = (struct server){.loop = &d->loop,
				    .resolver = &d->resolver,
				    .log = &d->log,
				    .discovery = &d->discovery,
				    .canaries = &d->canaries};
	open_guard(d);
	d->server.rules = policy_load(&d->plan, d->policy, time(NULL), &d->next_end, e);
	if (!d->server.rules)
		return -EINVAL;
	if (read_open_networks(d, e) < 0 || open_upstreams(d, e) < 0 || open_pins(d, ns, e) < 0 ||
	    (!where && discovery_open(&d->discovery, &d->pod, &d->plan, d->policy, e) < 0) ||
	    (at->n ? listen_given(d, at, e) : listen_everywhere(d, ns, where, e)) < 0 ||
	    daemon_watch_policy(d, e) < 0)
		return -EINVAL;
	/* What was pinned by the one before us may have been taken back since. */
	daemon_review(d);
	d->canaries = canaries_load(d->policy, e);
	if (!d->canaries)
		return -EINVAL;
	return watch_signals(d, e);
}

int daemon_lock_down(const struct daemon *d, struct err *e)
{
	const struct rlimit files = {4096, 4096}, none = {0, 0};
	int readable[3];
	size_t n = 0;
	const int number = netid_get(&d->pod, e);
	struct lockdown l = {.promises = PROMISE_ACCEPT | PROMISE_FILE | PROMISE_EPOLL |
					 PROMISE_INET | PROMISE_READ_FILES | PROMISE_LOCK,
			     .read_beneath = readable};

	if (number < 0)
		return number;
	readable[n++] = d->policy;
	if (d->resolv_dir >= 0)
		readable[n++] = d->resolv_dir;
	if (d->discovery.dir >= 0)
		readable[n++] = d->discovery.dir;
	l.n_read_beneath = n;
	l.uid = netid_uid(number, NETID_DNS);
	l.gid = l.uid;
	setrlimit(RLIMIT_NOFILE, &files);
	setrlimit(RLIMIT_CORE, &none);
	guard_warm();
	return lockdown(&l, e);
}

static int sooner(int a, int b)
{
	return a < 0 ? b : b < 0 || a < b ? a : b;
}

/* Entries end by the clock on the wall, which may be set: looked at once a minute at least. */
static int policy_tick(struct daemon *d)
{
	int64_t left;

	if (!d->next_end)
		return -1;
	left = d->next_end - time(NULL);
	if (left <= 0)
		daemon_reload(d);
	return left > 60 ? 60000 : left <= 0 ? 0 : (int)left * 1000;
}

int daemon_run(struct daemon *d, struct err *e)
{
	int r = 0;

	while (!d->loop.stop && r == 0) {
		int wait = resolver_tick(&d->resolver);

		wait = sooner(wait, server_tick(&d->server));
		wait = sooner(wait, policy_tick(d));
		log_flush(&d->log);
		if (log_waits(&d->log)) /* a slow reader: look again soon */
			wait = sooner(wait, 100);
		r = loop_turn(&d->loop, wait, e);
		daemon_follow_host(d);
	}
	return r;
}

void daemon_finish(struct daemon *d)
{
	server_finish(&d->server);
	resolver_finish(&d->resolver);
	rules_free(d->server.rules);
	pins_free(d->server.pins);
	guard_free(d->server.guard);
	own_close(&d->server.asker.fd);
	cut_finish(&d->cut);
	log_finish(&d->log);
	names_finish(&d->names);
	discovery_finish(&d->discovery);
	canaries_free(d->canaries);
	plan_finish(&d->plan);
	pod_finish(&d->pod);
	free(d->open);
	own_close(&d->policy);
	own_close(&d->resolv_dir);
	own_close(&d->loop.fd);
}
