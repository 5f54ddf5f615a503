/* SPDX-License-Identifier: Apache-2.0 */
/* What pod-dns leans on: the host's resolvers, what tells domains apart, whom TLS trusts. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <libpsl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/address.h"
#include "libcommon/clock.h"
#include "libcommon/finding.h"
#include "libcommon/io.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/say.h"
#include "tools/pod-dns/cmds.h"
#include "tools/pod-dns/stream.h"
#include "tools/pod-dns/upstream.h"

#define RESOLV_MAX 65536
#define ANSWER_MS  2000

struct check {
	const char *name, *lack, *hint; /* lack: the status when it fails */
	/* What is good about it goes to `good`. */
	int (*try)(struct buf *good, struct err *e);
};

static bool json;

static void print(const struct check *c, const char *good, const struct err *e)
{
	finding_line(&(struct finding){c->name, "names", e->code ? c->lack : "pass",
				       e->code ? e->msg : good, c->hint},
		     json);
}

static void read_host(struct upstreams *us)
{
	OWN_BUF struct buf b = BUF_INIT;

	*us = (struct upstreams){.n = 0};
	if (read_file_at(AT_FDCWD, "/etc/resolv.conf", &b, RESOLV_MAX) == 0)
		upstream_from_host(us, b.len ? b.data : "", b.len);
}

static int try_resolvers(struct buf *good, struct err *e)
{
	struct upstreams us;

	read_host(&us);
	for (unsigned i = 0; i < us.n; i++)
		buf_fmt(good, "%s%s", i ? ", " : "the host's resolvers are asked: ", us.v[i].text);
	return us.n ? 0
		    : err_set(e, ERR_PLAIN,
			      "/etc/resolv.conf names no resolver: pods resolve nothing");
}

static int try_suffixes(struct buf *good, struct err *e)
{
	int n = psl_suffix_count(psl_builtin());

	buf_fmt(good, "budgets go by registered domain (%d public suffixes)", n);
	return n > 0 ? 0 : err_set(e, ERR_PLAIN, "no public suffixes: budgets go by two labels");
}

static int try_trust(struct buf *good, struct err *e)
{
	struct upstreams us = {.n = 1};
	struct err ignored = {0};

	buf_str(good, "upstreams by TLS can be verified");
	upstream_parse(&us.v[0], "tls://name.invalid@192.0.2.1", &ignored);
	return stream_prepare(&us, e);
}

static int try_six(struct buf *good, struct err *e)
{
	struct in6_addr a;

	address_parse("2001:db8::1", &a);
	buf_str(good, "pods get IPv6 addresses: the host has a route");
	return route_exists(&a)
		       ? 0
		       : err_set(e, ERR_PLAIN,
				 "the host has no IPv6 route: pods are told IPv4 addresses alone");
}

static const struct check checks[] = {
	{"resolvers", "fail", "or name some by network.dns.upstream", try_resolvers},
	{"public-suffixes", "warn", "build with libpsl's own list", try_suffixes},
	{"resolver-trust", "warn", "install ca-certificates", try_trust},
	{"ipv6-route", "warn", "", try_six},
};

/* One question for the root's name servers; any answer to it will do. */
static int ask(const struct upstream *u, struct err *e)
{
	uint32_t id = random_u32();
	const uint8_t query[17] = {
		[0] = (uint8_t)id, (uint8_t)(id >> 8), 1, 0, 0, 1, [14] = 2, [16] = 1};
	OWN_FD int fd = socket(u->address.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct pollfd came = {.fd = fd, .events = POLLIN};
	uint8_t answer[4096];
	ssize_t n;

	if (fd < 0 || connect(fd, (const struct sockaddr *)&u->address, u->address_len) < 0 ||
	    send(fd, query, sizeof(query), 0) < 0)
		return err_set(e, errno, "ask %s", u->text);
	if (poll(&came, 1, ANSWER_MS) <= 0)
		return err_set(e, ERR_PLAIN, "%s does not answer within %d ms", u->text, ANSWER_MS);
	n = recv(fd, answer, sizeof(answer), 0);
	if (n < 12)
		return err_set(e, n < 0 ? errno : EBADMSG, "ask %s", u->text);
	return memcmp(answer, query, 2) == 0 && answer[2] & 0x80
		       ? 0
		       : err_set(e, ERR_PLAIN, "%s answers what was not asked", u->text);
}

static void ask_all(void)
{
	struct upstreams us;

	read_host(&us);
	for (unsigned i = 0; i < us.n; i++) {
		const struct check c = {"resolver", "fail", "is it up, and reachable from here?",
					NULL};
		OWN_BUF struct buf good = BUF_INIT;
		struct err e = {0};
		int64_t from = clock_ms();

		if (ask(&us.v[i], &e) == 0)
			buf_fmt(&good, "%s answers in %d ms", us.v[i].text,
				(int)(clock_ms() - from));
		print(&c, good.data, &e);
	}
}

int cmd_doctor(int argc, char **argv)
{
	bool asks = false;
	const struct opt opts[] = {
		{OPT_FLAG, 'j', "json", &json, NULL, "one JSON object a check"},
		{OPT_FLAG, 0, "ask", &asks, NULL, "ask each of the host's resolvers a question"},
		{0},
	};
	const struct opt_usage usage = {"pod-dns doctor [OPTION]...",
					"What this host offers to resolve names by.", 0, 0, 0};

	if (opt_parse(opts, &usage, argc, argv) > 0)
		die(POD_EXIT_USAGE, "doctor takes no argument (usage: %s)", usage.line);
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		OWN_BUF struct buf good = BUF_INIT;
		struct err e = {0};

		checks[i].try(&good, &e);
		print(&checks[i], good.data, &e);
	}
	if (asks)
		ask_all();
	return say_end(POD_EXIT_OK);
}
