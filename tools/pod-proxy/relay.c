/* SPDX-License-Identifier: Apache-2.0 */
/* pod-proxy relay: open everything, lock down, say ready, serve. */
#include "tools/pod-proxy/relay.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/io.h"
#include "libcommon/lockdown.h"
#include "libcommon/netid.h"
#include "libcommon/netns.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/say.h"
#include "tools/pod-proxy/cmds.h"

#define FILES   12000
#define BACKLOG 1024
#define PER     4 /* descriptors of a connection that moves much: two sockets, a pipe */

/* --- opening --- */

static void on_listener4(void *arg, uint32_t events)
{
	(void)events;
	conn_accept(arg, 0);
}

static void on_listener6(void *arg, uint32_t events)
{
	(void)events;
	conn_accept(arg, 1);
}

/* A pod without IPv6 has no listener for it. */
static int listen_on(struct relay *r, int ns, int i, struct err *e)
{
	const struct sockaddr_in four = {.sin_family = AF_INET,
					 .sin_port = htons(RELAY_PORT),
					 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	const struct sockaddr_in6 six = {.sin6_family = AF_INET6,
					 .sin6_port = htons(RELAY_PORT),
					 .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	const struct sockaddr *at = i ? (const void *)&six : (const void *)&four;
	int one = 1,
	    fd = netns_socket(ns, i ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0, e);

	if (fd < 0)
		return i && fd == -EAFNOSUPPORT ? 0 : fd;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (i)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
	r->listener[i] = (struct watch){.fd = fd, .fn = i ? on_listener6 : on_listener4, .arg = r};
	if (bind(fd, at, i ? sizeof(six) : sizeof(four)) < 0)
		return i && errno == EADDRNOTAVAIL
			       ? (loop_remove(&r->loop, &r->listener[i]), 0)
			       : err_set(e, errno, "listen on the relay's port %d in the pod",
					 RELAY_PORT);
	if (listen(fd, BACKLOG) < 0 || loop_add(&r->loop, &r->listener[i], EPOLLIN) < 0)
		return err_set(e, errno, "listen on the relay's port %d in the pod", RELAY_PORT);
	return 0;
}

static void on_signal(void *arg, uint32_t events)
{
	struct relay *r = arg;

	(void)events;
	r->loop.stop = 1;
}

static int watch_signals(struct relay *r, struct err *e)
{
	sigset_t set;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	r->signals = (struct watch){
		.fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK), .fn = on_signal, .arg = r};
	if (r->signals.fd < 0 || loop_add(&r->loop, &r->signals, EPOLLIN) < 0)
		return err_set(e, errno, "watch signals");
	return 0;
}

static void on_revoked(void *arg, uint32_t events)
{
	struct relay *r = arg;
	char data[4096];

	(void)events;
	while (read(r->revoked.fd, data, sizeof(data)) > 0)
		;
	conns_cut_revoked(r);
}

static int open_names(struct relay *r, struct err *e)
{
	OWN_FREE char *path = xfmt("%s/net/names", r->pod.runpath);
	int fd = openat(r->pod.run, "net/names", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return err_set(e, errno, "open %s (pod-net up %s makes it)", path, r->pod.name);
	if (names_map(&r->names, fd, false, e) < 0)
		return -EINVAL;
	r->revoked = (struct watch){
		.fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK), .fn = on_revoked, .arg = r};
	if (r->revoked.fd < 0 || inotify_add_watch(r->revoked.fd, path, IN_MODIFY) < 0 ||
	    loop_add(&r->loop, &r->revoked, EPOLLIN) < 0)
		return err_set(e, errno, "watch %s", path);
	return 0;
}

static int read_plan(struct relay *r, struct err *e)
{
	const char *text;

	r->records = plan_is(&r->plan, "network", "monitored") &&
		     plan_is(&r->plan, "dns.mode", "monitor");
	r->rate = plan_u64(&r->plan, "bandwidth_cap", 0);
	for (size_t i = 0; (text = plan_next(&r->plan, "cidr_allow", &i));) {
		r->open = xrealloc(r->open, (r->n_open + 1) * sizeof(*r->open));
		if (cidr_parse(text, &r->open[r->n_open]) < 0)
			return err_status(e, POD_EXIT_CONFIG, ERR_PLAIN, "plan: cidr_allow %s",
					  text);
		r->n_open++;
	}
	return 0;
}

int relay_open(struct relay *r, const char *pod, int event_fd, struct err *e)
{
	OWN_FD int ns = -1;

	r->pod = (struct pod)POD_INIT;
	r->names = (struct names)NAMES_INIT;
	r->listener[0].fd = r->listener[1].fd = r->signals.fd = r->revoked.fd = -1;
	if (pod_check_caller(e) < 0 || pod_open(&r->pod, pod, e) < 0 ||
	    plan_open(&r->plan, &r->pod, e) < 0 || read_plan(r, e) < 0 ||
	    loop_init(&r->loop, e) < 0)
		return -EINVAL;
	ns = netns_open(&r->pod);
	if (ns < 0)
		return err_set(e, -ns, "open the network of pod %s (pod-net up %s makes it)", pod,
			       pod);
	pump_init(&r->pump);
	fcntl(event_fd, F_SETFL, O_NONBLOCK | O_WRONLY);
	notes_init(&r->notes, event_fd, r->pod.name);
	r->route[0] = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	r->route[1] = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	r->spare = epoll_create1(EPOLL_CLOEXEC);
	if (open_names(r, e) < 0 || watch_signals(r, e) < 0)
		return -EINVAL;
	for (int i = 0; i < 2; i++)
		if (listen_on(r, ns, i, e) < 0)
			return -EINVAL;
	return 0;
}

int relay_lock_down(struct relay *r, struct err *e)
{
	const struct rlimit none = {0, 0};
	struct rlimit files = {FILES, FILES};
	struct lockdown l = {.promises = PROMISE_ACCEPT | PROMISE_EPOLL | PROMISE_INET |
					 PROMISE_SPLICE};
	int number = netid_get(&r->pod, e);

	if (number < 0)
		return number;
	l.uid = l.gid = netid_uid(number, NETID_PROXY);
	setrlimit(RLIMIT_CORE, &none);
	if (setrlimit(RLIMIT_NOFILE, &files) < 0)
		getrlimit(RLIMIT_NOFILE, &files);
	r->max = (unsigned)(files.rlim_cur / PER) - 8;
	return lockdown(&l, e);
}

/* --- serving --- */

/* What bandwidth_cap lets through now; a tenth of a second's worth is saved up at most. */
static void fill_bucket(struct relay *r)
{
	uint64_t most = r->rate / 10, add;

	if (r->rate == 0)
		return;
	if (r->pump.tokens == UINT64_MAX) {
		r->pump.tokens = most;
		r->bucket_ms = r->loop.now_ms;
	}
	add = (r->loop.now_ms - r->bucket_ms) * r->rate / 1000;
	if (add == 0)
		return;
	r->bucket_ms = r->loop.now_ms;
	r->pump.tokens = r->pump.tokens + add < most ? r->pump.tokens + add : most;
}

static int patience(const struct relay *r)
{
	if (r->queue)
		return r->pump.tokens ? 0 : 10;
	return r->conns ? 1000 : -1;
}

int relay_run(struct relay *r, struct err *e)
{
	int x = 0;

	while (!r->loop.stop && x == 0) {
		x = loop_turn(&r->loop, patience(r), e);
		fill_bucket(r);
		if (r->pump.tokens)
			conns_run(r);
		conns_sweep(r);
	}
	return x;
}

void relay_finish(struct relay *r)
{
	conns_finish(r);
	pump_finish(&r->pump);
	names_finish(&r->names);
	plan_finish(&r->plan);
	pod_finish(&r->pod);
	free(r->open);
	own_close(&r->loop.fd);
}

/* A descriptor named on the command line is ours alone from here on. */
static int given(uint64_t fd, int fallback)
{
	if (fd == UINT64_MAX)
		return fallback;
	if (fd > 1023 || fcntl((int)fd, F_SETFD, FD_CLOEXEC) < 0)
		die(POD_EXIT_USAGE, "descriptor %llu is not open", (unsigned long long)fd);
	return (int)fd;
}

int cmd_relay(int argc, char **argv)
{
	static struct relay r;
	uint64_t ready = UINT64_MAX, events = UINT64_MAX;
	struct err e = {0};
	const struct opt opts[] = {
		{OPT_U64, 0, "ready-fd", &ready, "N", "write a byte there when it listens"},
		{OPT_U64, 0, "event-fd", &events, "N",
		 "write events there, not to standard output"},
		{0},
	};
	const struct opt_usage usage = {
		"pod-proxy relay [OPTION]... POD",
		"Carry a pod's connections to where it may go, until SIGTERM.", 1, 1, 0};
	int ready_fd;

	opt_parse(opts, &usage, argc, argv);
	ready_fd = given(ready, -1);
	if (relay_open(&r, argv[0], given(events, STDOUT_FILENO), &e) < 0 ||
	    relay_lock_down(&r, &e) < 0)
		return say_err(&e);
	if (ready_fd >= 0 && write_full(ready_fd, "\n", 1) == 0)
		close(ready_fd);
	if (relay_run(&r, &e) < 0)
		return say_err(&e);
	relay_finish(&r);
	return POD_EXIT_OK;
}
