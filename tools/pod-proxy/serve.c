/* SPDX-License-Identifier: Apache-2.0 */
/* Open everything, lock down, say ready, serve. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/io.h"
#include "libcommon/lockdown.h"
#include "libcommon/netid.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/say.h"
#include "tools/pod-proxy/relay.h"

#define FILES 12000
#define PER   4 /* descriptors of a connection that moves much: two sockets, a pipe */

int serve_open(struct relay *r, const char *pod, int event_fd, struct err *e)
{
	r->pod = (struct pod)POD_INIT;
	r->names = (struct names)NAMES_INIT;
	r->listener[0].fd = r->listener[1].fd = r->signals.fd = r->revoked.fd = -1;
	r->route[0] = r->route[1] = -1;
	r->intercept = (struct intercept){
		.policy = -1, .net = -1, .changed = {.fd = -1}, .injector = {.fd = -1}};
	if (pod_check_caller(e) < 0 || pod_open(&r->pod, pod, e) < 0 ||
	    plan_open(&r->plan, &r->pod, e) < 0 || loop_init(&r->loop, e) < 0)
		return -EINVAL;
	pump_init(&r->pump);
	r->rate = plan_u64(&r->plan, "bandwidth_cap", 0);
	fcntl(event_fd, F_SETFL, O_NONBLOCK | O_WRONLY);
	notes_init(&r->notes, event_fd, r->pod.name);
	r->spare = epoll_create1(EPOLL_CLOEXEC);
	return loop_until_signal(&r->loop, &r->signals, e);
}

int serve_inbound(const struct pod *p, struct err *e)
{
	OWN_FREE char *path = xfmt("%s/../.inbound", p->runpath);

	if (mkdir(path, 0711) < 0 && errno != EEXIST)
		return err_set(e, errno, "make %s", path);
	if (chmod(path, 0711) < 0 || chdir(path) < 0)
		return err_set(e, errno, "enter %s", path);
	return 0;
}

int serve_lock_down(struct relay *r, unsigned more_promises, struct err *e)
{
	const struct rlimit none = {0, 0};
	struct rlimit files = {FILES, FILES};
	struct lockdown l = {.promises = PROMISE_ACCEPT | PROMISE_EPOLL | PROMISE_INET |
					 PROMISE_SPLICE | more_promises};
	int number = netid_get(&r->pod, e);

	if (number < 0)
		return number;
	if (r->intercept.policy >= 0) {
		l.promises |= PROMISE_READ_FILES;
		l.read_beneath = &r->intercept.policy;
		l.n_read_beneath = 1;
	}
	l.uid = l.gid = netid_uid(number, NETID_PROXY);
	setrlimit(RLIMIT_CORE, &none);
	if (setrlimit(RLIMIT_NOFILE, &files) < 0)
		getrlimit(RLIMIT_NOFILE, &files);
	r->max = (unsigned)(files.rlim_cur / PER) - 8;
	if (r->most && r->most < r->max)
		r->max = r->most;
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

static int run(struct relay *r, struct err *e)
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

static void finish(struct relay *r)
{
	if (r->end)
		r->end(r);
	conns_finish(r);
	pump_finish(&r->pump);
	names_finish(&r->names);
	intercept_finish(r);
	plan_finish(&r->plan);
	pod_finish(&r->pod);
	free(r->open);
	own_close(&r->loop.fd);
}

int serve_main(int argc, char **argv, const struct serving *s)
{
	static struct relay r;
	const char *given = NULL;
	uint64_t ready = UINT64_MAX, events = UINT64_MAX;
	struct err e = {0};
	const struct opt opts[] = {
		{OPT_U64, 0, "ready-fd", &ready, "N", "write a byte there when it listens"},
		{OPT_U64, 0, "event-fd", &events, "N",
		 "write events there, not to standard output"},
		{s->takes_listeners ? OPT_STR : OPT_END, 0, "listen-fds", &given, "N[,N]",
		 "listen on these sockets, which somebody holds for the pod's network"},
		{0},
	};
	OWN_FREE char *line = xfmt("pod-proxy %s [OPTION]... POD", argv[0]);
	const struct opt_usage usage = {line, s->text, 1, 1, 0};
	int ready_fd;

	opt_parse(opts, &usage, argc, argv);
	ready_fd = opt_fd(ready, -1);
	r.n_given = opt_fds(given, r.given, 2);
	if (serve_open(&r, argv[0], opt_fd(events, STDOUT_FILENO), &e) < 0 ||
	    counters_open(&r.counters, &r.pod, s->counts, &e) < 0 || s->open(&r, &e) < 0 ||
	    serve_lock_down(&r, s->promises, &e) < 0)
		return say_err(&e);
	if (ready_fd >= 0 && write_full(ready_fd, "\n", 1) == 0)
		close(ready_fd);
	if (run(&r, &e) < 0)
		return say_err(&e);
	finish(&r);
	return POD_EXIT_OK;
}
