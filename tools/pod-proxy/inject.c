/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pod-proxy inject: ends TLS for the hosts that have a binding or a rule.  Root's part comes first:
 * authority, roots, sockets, secrets; then it is nobody, opens nothing but the policy, and never
 * sees a descriptor but those of connections.
 */
#include "tools/pod-proxy/inject.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/counters.h"
#include "libcommon/follow.h"
#include "libcommon/io.h"
#include "libcommon/listen.h"
#include "libcommon/lockdown.h"
#include "libcommon/netid.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/say.h"
#include "libcommon/spawn.h"
#include "tools/pod-proxy/ca.h"
#include "tools/pod-proxy/cmds.h"
#include "tools/pod-proxy/exchange.h"
#include "tools/pod-proxy/feed.h"
#include "tools/pod-proxy/handoff.h"

#define FILES   4096
#define PER     3  /* descriptors of a connection: both ends, and one that is kept */
#define OTHERS  64 /* of sockets that are no connection's, feeds, and what is read */
#define PACKETS 64 /* taken in one turn */
#define REST_MS 5000
#define IDLE_S  75
#define DAY_S   86400u

/* --- connections of the relay's --- */

struct relay_end {
	struct inject *in;
	struct watch watch;
};

static void on_handoff(void *arg, uint32_t events)
{
	static char packet[HANDOFF_PACKET];
	struct relay_end *end = arg;
	struct handoff h;
	int fd = 0;

	(void)events;
	for (unsigned n = 0; n < PACKETS; n++) {
		fd = handoff_receive(end->watch.fd, packet, &h);
		if (fd < 0)
			break;
		session_begin(end->in, &h, fd);
	}
	if (fd < 0 && fd != -EAGAIN) {
		loop_remove(&end->in->loop, &end->watch);
		free(end);
	}
}

static void on_listener(void *arg, uint32_t events)
{
	struct inject *in = arg;
	struct relay_end *end;
	int fd = accept4(in->listener.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	(void)events;
	if (fd < 0)
		return;
	end = xcalloc(1, sizeof(*end));
	end->in = in;
	end->watch = (struct watch){.fd = fd, .fn = on_handoff, .arg = end};
	if (loop_add(&in->loop, &end->watch, EPOLLIN) < 0) {
		close(fd);
		free(end);
	}
}

/* --- opening --- */

static void on_revoked(void *arg, uint32_t events)
{
	struct inject *in = arg;

	(void)events;
	follow_drain(&in->revoked);
	sessions_cut(in, false);
}

static int open_names(struct inject *in, struct err *e)
{
	in->revoked = (struct watch){.fd = -1, .fn = on_revoked, .arg = in};
	return follow_names(&in->names, &in->revoked, &in->loop, &in->pod, NETID_INJECT, e);
}

static int open_sockets(struct inject *in, int number, struct err *e)
{
	OWN_FD int net =
		openat(in->pod.run, "net", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	int fd;

	if (net < 0 ||
	    fchmod(net, 0711) < 0) /* the relay passes through it, nobody else gets so far */
		return err_set(e, errno, "open %s/net", in->pod.runpath);
	fd = listen_in(net, "inject", SOCK_SEQPACKET, netid_uid(number, NETID_PROXY), e);
	if (fd < 0)
		return fd;
	in->listener = (struct watch){.fd = fd, .fn = on_listener, .arg = in};
	fd = listen_in(net, "feed", SOCK_STREAM, 0, e);
	if (fd < 0)
		return fd;
	in->screener.net = take_fd(&net);
	in->feed = (struct watch){.fd = fd, .fn = feed_accept, .arg = in};
	if (loop_add(&in->loop, &in->listener, EPOLLIN) < 0 ||
	    loop_add(&in->loop, &in->feed, EPOLLIN) < 0)
		return err_set(e, errno, "watch sockets");
	return 0;
}

/*
 * Out of cores and out of sight; and all of it out of swap, requests on their way too, where root
 * may lift the limit.  Else what is kept (secrets.c, scrub.c) is locked by itself.
 */
static int hide(struct err *e)
{
	const struct rlimit none = {0, 0}, all = {RLIM_INFINITY, RLIM_INFINITY};

	setrlimit(RLIMIT_CORE, &none);
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return err_set(e, errno, "hide from ptrace");
	if (setrlimit(RLIMIT_MEMLOCK, &all) == 0 &&
	    mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) < 0)
		return err_set(e, errno, "keep secrets out of swap");
	return 0;
}

/* What OpenSSL does for the first time it does now: later on no file can be opened. */
static int rehearse(struct inject *in, struct err *e)
{
	SSL_CTX *ctx = leaves_rehearsal(&in->leaves);
	SSL *down = ctx ? SSL_new(ctx) : NULL, *up = SSL_new(in->upstreams.tls);
	BIO *a = NULL, *b = NULL;
	bool done = down && up && BIO_new_bio_pair(&a, 0, &b, 0) == 1;

	if (done) {
		SSL_set_bio(down, a, a);
		SSL_set_bio(up, b, b);
		SSL_set_accept_state(down);
		SSL_set_connect_state(up);
		for (int i = 0; i < 4; i++) {
			SSL_do_handshake(up); /* which ends in distrust: that is tried, too */
			SSL_do_handshake(down);
		}
	}
	SSL_free(down);
	SSL_free(up);
	SSL_CTX_free(ctx);
	return done ? 0 : err_set(e, ENOMEM, "prepare TLS");
}

/* As the policy says now: a key that was taken out of it is believed no more. */
static const struct strv *pins_of(void *arg, const struct place *p)
{
	const struct inject *in = arg;
	const struct site *s = in->policy ? sites_find(&in->policy->sites, p->name, p->port) : NULL;

	return s && s->pins.n ? &s->pins : NULL;
}

static int inject_open(struct inject *in, const char *pod, int event_fd, struct err *e)
{
	int number;

	in->pod = (struct pod)POD_INIT;
	in->names = (struct names)NAMES_INIT;
	in->policy_fd = in->screener.net = in->screener.watch.fd = -1;
	if (pod_check_caller(e) < 0 || pod_open(&in->pod, pod, e) < 0 ||
	    loop_init(&in->loop, e) < 0 || hide(e) < 0)
		return -EINVAL;
	number = netid_get(&in->pod, e);
	if (number < 0)
		return number;
	fcntl(event_fd, F_SETFL, O_NONBLOCK | O_WRONLY);
	notes_init(&in->notes, event_fd, in->pod.name);
	if (counters_open(&in->counters, &in->pod, COUNTS_INJECT, e) < 0)
		return -EINVAL;
	/* No configuration file: it could load code, and is out of reach later on. */
	OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
	in->upstreams.wake = exchange_wake;
	in->upstreams.pins = pins_of;
	in->upstreams.pins_arg = in;
	if (wire_prepare(e) < 0 || ca_settle(&in->pod, false, e) < 0 ||
	    leaves_open(&in->leaves, in->pod.dir, e) < 0 ||
	    upstreams_open(&in->upstreams, &in->loop, e) < 0 || rehearse(in, e) < 0 ||
	    loop_until_signal(&in->loop, &in->signals, e) < 0 || open_names(in, e) < 0 ||
	    open_sockets(in, number, e) < 0 || policy_begin(in, e) < 0)
		return -EINVAL;
	return feed_first(in, e);
}

static int inject_lock_down(struct inject *in, struct err *e)
{
	struct rlimit files = {FILES, FILES};
	struct lockdown l = {.promises = PROMISE_ACCEPT | PROMISE_EPOLL | PROMISE_INET |
					 PROMISE_READ_FILES | PROMISE_MLOCK | PROMISE_UNIX,
			     .read_beneath = &in->policy_fd,
			     .n_read_beneath = 1};
	int number = netid_get(&in->pod, e);

	if (number < 0)
		return number;
	l.uid = l.gid = netid_uid(number, NETID_INJECT);
	if (setrlimit(RLIMIT_NOFILE, &files) < 0)
		getrlimit(RLIMIT_NOFILE, &files);
	in->max = (unsigned)(files.rlim_cur / PER) - 16;
	in->upstreams.max = (unsigned)files.rlim_cur - in->max - OTHERS;
	return lockdown(&l, e);
}

/* Without a host there is nothing to do until somebody binds one, and wakes us. */
static bool is_needed(const char *name)
{
	OWN(pod_finish) struct pod p = POD_INIT;
	OWN(sites_finish) struct sites s = {.n = 0};
	OWN_FD int policy = -1;
	struct err e = {0};
	int r;

	if (pod_check_caller(&e) < 0 || pod_open(&p, name, &e) < 0)
		return true; /* which is said where it is opened for good */
	policy = openat(p.dir, "policy", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (policy < 0)
		return errno != ENOENT;
	r = sites_read(&s, policy, &e);
	return r == 0 ? s.n > 0 : r != -ENOENT;
}

/* --- serving --- */

/*
 * The last host is gone, and all who were at it: the keeper lets us rest until somebody binds one.
 * Who took it away will bring us the secrets that are left, and wants to hear that we have them.
 */
static bool is_done(struct inject *in)
{
	if (in->policy->sites.n || in->sessions || feed_waits())
		in->hosts_ms = in->loop.now_ms;
	return in->loop.now_ms - in->hosts_ms >= REST_MS;
}

static int patience(const struct inject *in)
{
	if (in->queue || in->upstreams.queue)
		return 0;
	return in->sessions || upstreams_any(&in->upstreams) || !in->policy->sites.n ||
			       in->unread_ms
		       ? 1000
		       : -1;
}

static int run(struct inject *in, struct err *e)
{
	int x = 0;

	in->hosts_ms = in->loop.now_ms;
	while (!in->loop.stop && !is_done(in) && x == 0) {
		x = loop_turn(&in->loop, patience(in), e);
		upstreams_run(&in->upstreams); /* what came */
		sessions_run(in);
		screener_turn(in);
		upstreams_run(&in->upstreams); /* what goes */
		sessions_sweep(in);
		if (x == 0 && policy_is_back(in))
			x = err_set(e, ERR_PLAIN,
				    "the pod's policy can be read again: begin anew, with its "
				    "secrets");
		/* Its key is out of reach here; the keeper starts one that reads it. */
		if (in->stale && x == 0)
			x = err_set(e, ERR_PLAIN,
				    in->leaves.overdue
					    ? "the pod's certificate authority is not valid by "
					      "the host's clock: begin anew, with another"
					    : "the pod has another certificate authority now: "
					      "begin anew");
	}
	return x;
}

static void finish(struct inject *in)
{
	sessions_finish(in);
	screener_finish(in);
	upstreams_finish(&in->upstreams);
	meters_finish(&in->meters);
	leaves_finish(&in->leaves);
	policy_drop(in->policy);
	secrets_finish(&in->secrets);
	names_finish(&in->names);
	pod_finish(&in->pod);
	own_close(&in->loop.fd);
}

int cmd_inject(int argc, char **argv)
{
	static struct inject in;
	uint64_t ready = UINT64_MAX, events = UINT64_MAX, idle = IDLE_S;
	struct err e = {0};
	const struct opt opts[] = {
		{OPT_U64, 0, "idle", &idle, "SECONDS",
		 "wait so long for a request to come and be whole (75)"},
		{OPT_U64, 0, "ready-fd", &ready, "N", "write a byte there when it listens"},
		{OPT_U64, 0, "event-fd", &events, "N",
		 "write events there, not to standard output"},
		{0},
	};
	const struct opt_usage usage = {"pod-proxy inject [OPTION]... POD",
					"Put credentials into a pod's requests, until SIGTERM.", 1,
					1, 0};
	int ready_fd;

	opt_parse(opts, &usage, argc, argv);
	ready_fd = opt_fd(ready, -1);
	in.idle_ms = idle < DAY_S ? idle * 1000 : DAY_S * 1000;
	if (!is_needed(argv[0]))
		return POD_EXIT_OK;
	if (inject_open(&in, argv[0], opt_fd(events, STDOUT_FILENO), &e) < 0 ||
	    inject_lock_down(&in, &e) < 0)
		return say_err(&e);
	if (ready_fd >= 0 && write_full(ready_fd, "\n", 1) == 0)
		close(ready_fd);
	if (run(&in, &e) < 0)
		return say_err(&e);
	finish(&in);
	return POD_EXIT_OK;
}
