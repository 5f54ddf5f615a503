/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packets that the wall refused, told apart by where they wanted to go.  The rules hand over ten a
 * second at most; what has the same destination as one just told is counted and told later, so that
 * a program that knocks for ever fills no log.
 */
#include <arpa/inet.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_log.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>

#include "envpod/exit.h"
#include "libcommon/clock.h"
#include "libcommon/io.h"
#include "libcommon/lockdown.h"
#include "libcommon/loop.h"
#include "libcommon/netid.h"
#include "libcommon/netns.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/record.h"
#include "libcommon/say.h"
#include "tools/pod-net/net.h"
#include "tools/pod-net/netlink.h"
#include "tools/pod-net/packet.h"

#define KNOWN_MAX 64    /* destinations remembered */
#define QUIET_MS  10000 /* one destination is told once in so long */

struct known {
	struct packet packet;
	char prefix[16];
	uint64_t count; /* since it was told */
	int64_t told;
};

struct watcher {
	char pod[POD_NAME_MAX + 1];
	int nflog, signals, events;
	uint64_t lost;
	struct known known[KNOWN_MAX];
	unsigned n, next;
};

/* A line longer than a pipe takes in one piece, or one it has no room for, is lost, and counted. */
static void emit(struct watcher *w, struct event *ev)
{
	if (w->lost)
		event_num(ev, "events_lost", (int64_t)w->lost);
	buf_str(&ev->json, "}\n");
	if (write(w->events, ev->json.data, ev->json.len) == (ssize_t)ev->json.len)
		w->lost = 0;
	else
		w->lost++;
}

static void tell(struct watcher *w, struct known *k)
{
	OWN_EVENT struct event ev;
	char text[INET6_ADDRSTRLEN];

	event_init(&ev, w->pod, "net",
		   strcmp(k->prefix, "raw") == 0 ? "net_connect" : "net_denied");
	event_str(&ev, "address", inet_ntop(k->packet.family, &k->packet.to, text, sizeof(text)));
	event_num(&ev, "port", k->packet.port);
	event_str(&ev, "protocol", packet_protocol(&k->packet));
	event_num(&ev, "packets", (int64_t)k->count);
	k->count = 0;
	k->told = clock_ms();
	emit(w, &ev);
}

static struct known *find(struct watcher *w, const struct packet *p, const char *prefix)
{
	struct known *k;

	for (unsigned i = 0; i < w->n; i++)
		if (memcmp(&w->known[i].packet, p, sizeof(*p)) == 0 &&
		    strcmp(w->known[i].prefix, prefix) == 0)
			return &w->known[i];
	k = &w->known[w->next++ % KNOWN_MAX];
	if (w->n < KNOWN_MAX)
		w->n++;
	else if (k->count)
		tell(w, k);
	*k = (struct known){.packet = *p, .told = INT64_MIN / 2};
	snprintf(k->prefix, sizeof(k->prefix), "%s", prefix);
	return k;
}

struct seen {
	struct watcher *watch;
	const void *payload;
	size_t len;
	const char *prefix;
};

static int take_attribute(const struct nlattr *a, void *arg)
{
	struct seen *s = arg;

	if (mnl_attr_get_type(a) == NFULA_PAYLOAD) {
		s->payload = mnl_attr_get_payload(a);
		s->len = mnl_attr_get_payload_len(a);
	}
	if (mnl_attr_get_type(a) == NFULA_PREFIX && mnl_attr_validate(a, MNL_TYPE_NUL_STRING) >= 0)
		s->prefix = mnl_attr_get_str(a);
	return MNL_CB_OK;
}

static int take_message(const struct nlmsghdr *m, void *arg)
{
	struct seen s = {.watch = arg, .prefix = ""};
	struct packet p;
	struct known *k;

	if (m->nlmsg_type != (NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_PACKET) ||
	    mnl_nlmsg_get_payload_len(m) < sizeof(struct nfgenmsg))
		return MNL_CB_OK;
	mnl_attr_parse(m, sizeof(struct nfgenmsg), take_attribute, &s);
	if (!s.payload || packet_read(&p, s.payload, s.len) < 0)
		return MNL_CB_OK;
	k = find(s.watch, &p, s.prefix);
	k->count++;
	if (clock_ms() - k->told >= QUIET_MS)
		tell(s.watch, k);
	return MNL_CB_OK;
}

/* Those that went on knocking. */
static void tell_old(struct watcher *w)
{
	int64_t now = clock_ms();

	for (unsigned i = 0; i < w->n; i++)
		if (w->known[i].count && now - w->known[i].told >= QUIET_MS)
			tell(w, &w->known[i]);
}

static bool any_untold(const struct watcher *w)
{
	for (unsigned i = 0; i < w->n; i++)
		if (w->known[i].count)
			return true;
	return false;
}

static void loop(struct watcher *w)
{
	struct pollfd fds[] = {{.fd = w->nflog, .events = POLLIN},
			       {.fd = w->signals, .events = POLLIN}};
	char data[16384];

	while (!fds[1].revents) {
		if (poll(fds, 2, any_untold(w) ? QUIET_MS / 2 : -1) > 0 && fds[0].revents) {
			ssize_t n = recv(w->nflog, data, sizeof(data), MSG_DONTWAIT);

			if (n > 0)
				mnl_cb_run(data, (size_t)n, 0, 0, take_message, w);
		}
		tell_old(w);
	}
	for (unsigned i = 0; i < w->n; i++)
		if (w->known[i].count)
			tell(w, &w->known[i]);
}

static struct nlmsghdr *config(struct netlink *k)
{
	struct nlmsghdr *m = netlink_ask(k, NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_CONFIG, NLM_F_ACK);
	struct nfgenmsg *g = mnl_nlmsg_put_extra_header(m, sizeof(*g));

	g->version = NFNETLINK_V0;
	g->res_id = htons(NET_LOG_GROUP);
	return m;
}

/* Inside the pod's netns: everything the rules log to our group. */
static int bind_group(void *arg, struct err *e)
{
	struct nfulnl_msg_config_cmd bind = {.command = NFULNL_CFG_CMD_BIND};
	struct nfulnl_msg_config_mode mode = {.copy_mode = NFULNL_COPY_PACKET,
					      .copy_range = htonl(80)};
	struct netlink *k = arg;
	struct nlmsghdr *m;
	int r = netlink_open(k, NETLINK_NETFILTER, e);

	if (r < 0)
		return r;
	m = config(k);
	mnl_attr_put(m, NFULA_CFG_CMD, sizeof(bind), &bind);
	r = netlink_talk(k, m, NULL, NULL);
	if (r == 0) {
		m = config(k);
		mnl_attr_put(m, NFULA_CFG_MODE, sizeof(mode), &mode);
		mnl_attr_put_u32(m, NFULA_CFG_TIMEOUT, htonl(10)); /* hundredths of a second */
		r = netlink_talk(k, m, NULL, NULL);
	}
	return r < 0 ? err_set(e, -r, "hear of the packets that are refused%s",
			       r == -EBUSY ? " (somebody else does)" : "")
		     : 0;
}

static int lock_down(int number, struct err *e)
{
	uid_t uid = netid_uid(number, NETID_PROXY); /* it rules nothing */
	const struct lockdown l = {.promises = PROMISE_ACCEPT, .uid = uid, .gid = uid};

	return lockdown(&l, e);
}

static int watch(struct watcher *w, const char *pod, int ready, struct err *e)
{
	OWN(pod_finish) struct pod p = POD_INIT;
	OWN_FD int ns = -1;
	struct netlink k = {0};
	int r = pod_open(&p, pod, e), number = r < 0 ? r : netid_get(&p, e);

	if (number < 0)
		return number;
	ns = netns_open(&p);
	if (ns < 0)
		return err_set(e, -ns, "enter the network of pod %s (pod-net up %s)", pod, pod);
	snprintf(w->pod, sizeof(w->pod), "%s", p.name);
	r = netns_within(ns, bind_group, &k, e);
	w->nflog = r < 0 ? -1 : mnl_socket_get_fd(k.nl);
	w->signals = r < 0 ? r : loop_signals(e);
	r = w->signals < 0 ? w->signals : lock_down(number, e);
	if (r < 0)
		return r;
	if (ready >= 0 && write_full(ready, ".", 1) < 0)
		return err_set(e, errno, "say that we are ready");
	own_close(&ready);
	loop(w);
	return 0;
}

int cmd_watch(int argc, char **argv)
{
	uint64_t ready = UINT64_MAX, events = UINT64_MAX;
	struct watcher w = {.nflog = -1, .signals = -1};
	struct err e = {0};
	const struct opt opts[] = {
		{OPT_U64, 0, "ready-fd", &ready, "N", "write a byte there once it listens"},
		{OPT_U64, 0, "event-fd", &events, "N", "write events there (1)"},
		{0},
	};
	const struct opt_usage usage = {"pod-net watch [OPTION]... POD",
					"Report what the wall of a pod refuses, until SIGTERM.", 1,
					1, 0};

	opt_parse(opts, &usage, argc, argv);
	w.events = opt_fd(events, STDOUT_FILENO);
	if (watch(&w, argv[0], opt_fd(ready, -1), &e) < 0)
		return say_err(&e);
	return POD_EXIT_OK;
}
