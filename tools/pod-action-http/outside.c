/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-action-http/outside.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/dummies.h"
#include "libcommon/io.h"
#include "libcommon/lockdown.h"
#include "libcommon/netid.h"
#include "libcommon/netns.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/plan.h"
#include "libcommon/pod.h"
#include "libcommon/trust.h"
#include "libcommon/words.h"
#include "tools/pod-action-http/exchange.h"

#define TEXT_MAX (4u << 20)

void outside_finish(struct outside *o)
{
	buf_finish(&o->ca);
	plan_finish(&o->bindings);
}

/* --- what is taken along --- */

/* The host's, and the pod's own, by which its way out speaks for the hosts that it intercepts. */
static int load_authorities(struct outside *o, const struct pod *p, struct err *e)
{
	int r = -ENOENT;

	for (const char *const *path = trust_bundles; *path && r < 0; path++)
		r = read_file_at(AT_FDCWD, *path, &o->ca, TEXT_MAX);
	if (r < 0 && r != -ENOENT)
		return err_set(e, -r, "read the host's authorities");
	if (o->ca.len)
		buf_char(&o->ca, '\n');
	r = read_file_at(p->dir, "ca/crt", &o->ca, TEXT_MAX);
	return r < 0 && r != -ENOENT ? err_set(e, -r, "read %s/ca/crt", p->path) : 0;
}

/* In its own network what listens on its loopback: pod-dns. */
static int load_resolvers(struct outside *o, bool host_net, struct err *e)
{
	OWN_BUF struct buf b = BUF_INIT;
	int r = host_net ? read_file_at(AT_FDCWD, "/etc/resolv.conf", &b, TEXT_MAX) : 0;

	if (r < 0)
		return err_set(e, -r, "read /etc/resolv.conf");
	resolvers_parse(&o->resolvers, host_net && b.data ? b.data : "nameserver 127.0.0.1\n");
	return 0;
}

static int load_bindings(struct outside *o, const struct pod *p, struct err *e)
{
	OWN_BUF struct buf b = BUF_INIT;
	OWN_FD int policy =
		openat(p->dir, "policy", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	int r = policy < 0 ? -errno : read_file_at(policy, "proxy", &b, PLAN_MAX);

	if (r == -ENOENT || (r >= 0 && !b.len))
		return 0;
	return r < 0 ? err_set(e, -r, "read %s/policy/proxy", p->path)
		     : plan_parse(&o->bindings, b.data, b.len, e);
}

static int load_dummies(const struct pod *p, struct err *e)
{
	OWN_STRV struct strv env = {0};
	int r = dummies_load(&env, p, e);

	clearenv();
	for (size_t i = 0; r == 0 && i < env.n; i++) {
		char *equals = strchr(env.v[i], '=');

		*equals = '\0';
		if (setenv(env.v[i], equals + 1, 1) < 0)
			r = err_set(e, errno, "set %s", env.v[i]);
	}
	return r;
}

/* --- where it works --- */

/* Who has the host's network has it while he lives: an action opens nothing by itself. */
static int enter_network(const struct pod *p, bool host_net, struct err *e)
{
	OWN_FD int init = -1, ns = -1;

	if (host_net)
		return pod_init_pid(p, &init, e) > 0
			       ? 0
			       : err_status(e, POD_EXIT_REFUSED, ERR_PLAIN,
					    "pod %s has the host's own network, and nothing of it "
					    "runs now",
					    p->name);
	ns = netns_open(p);
	if (ns == -ENOENT)
		return err_status(e, POD_EXIT_REFUSED, ERR_PLAIN,
				  "pod %s has no network, or none while nothing of it runs",
				  p->name);
	if (ns < 0)
		return err_set(e, -ns, "enter the network of pod %s", p->name);
	return setns(ns, CLONE_NEWNET) < 0
		       ? err_set(e, errno, "enter the network of pod %s", p->name)
		       : 0;
}

/* Its memory is bounded by what it takes in; a server could still keep it busy. */
static int bound(struct err *e)
{
	const struct rlimit cpu = {30, 30}, files = {64, 64}, none = {0, 0};

	if (setrlimit(RLIMIT_CPU, &cpu) < 0 || setrlimit(RLIMIT_NOFILE, &files) < 0 ||
	    setrlimit(RLIMIT_FSIZE, &none) < 0 || setrlimit(RLIMIT_CORE, &none) < 0)
		return err_set(e, errno, "bound what it may use");
	return 0;
}

static int give_up(const struct pod *p, struct err *e)
{
	int number = netid_get(p, e);
	const struct lockdown down = {.promises = PROMISE_ACCEPT | PROMISE_INET | PROMISE_FLAGS,
				      .death = SIGKILL, /* with who executes the action */
				      .uid = number < 0 ? 0 : netid_uid(number, NETID_ACTION),
				      .gid = number < 0 ? 0
							: (gid_t)netid_uid(number, NETID_ACTION)};

	return number < 0 ? number : lockdown(&down, e);
}

int outside_enter(struct outside *o, const char *pod, struct err *e)
{
	OWN(pod_finish) struct pod p = POD_INIT;
	OWN_PLAN struct plan pl = {0};
	bool host_net;
	int r = pod_check_caller(e);

	if (r == 0 && syscall(SYS_close_range, 3, ~0U, 0) < 0)
		r = err_set(e, errno, "close what was passed on");
	if (r == 0)
		r = pod_open(&p, pod, e);
	if (r == 0)
		r = plan_open(&pl, &p, e);
	host_net = plan_is(&pl, "network", "unsafe");
	if (r == 0)
		r = load_authorities(o, &p, e);
	if (r == 0)
		r = load_resolvers(o, host_net, e);
	if (r == 0)
		r = enter_network(&p, host_net, e);
	if (r == 0)
		r = load_bindings(o, &p, e);
	if (r == 0)
		r = load_dummies(&p, e);
	if (r == 0)
		r = exchange_prepare(e);
	if (r == 0)
		r = bound(e);
	return r == 0 ? give_up(&p, e) : r;
}

/* --- names --- */

/* As libcurl will look for it. */
static int split(const char *url, char **host, char **port)
{
	CURLU *u = curl_url();
	bool ok = u && curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK &&
		  curl_url_get(u, CURLUPART_HOST, host, CURLU_PUNYCODE) == CURLUE_OK &&
		  curl_url_get(u, CURLUPART_PORT, port, CURLU_DEFAULT_PORT) == CURLUE_OK;

	curl_url_cleanup(u);
	return ok ? 0 : -EINVAL;
}

static bool is_address(const char *host)
{
	struct in_addr in;

	return host[0] == '[' || inet_pton(AF_INET, host, &in) == 1;
}

int outside_resolve(const struct outside *o, const char *url, struct buf *out, struct err *e)
{
	char *host = NULL, *port = NULL;
	int r = split(url, &host, &port);

	if (r < 0)
		r = err_set(e, ERR_PLAIN, "url: no host is understood in it");
	else if (!is_address(host) && strcmp(host, "localhost") != 0) {
		buf_fmt(out, "%s:%s:", host, port);
		r = names_find(&o->resolvers, host, out, e);
	}
	curl_free(host);
	curl_free(port);
	return r;
}

/* --- secrets --- */

static bool is_domain(const char *domain, const char *host)
{
	size_t n = strlen(host), m = strlen(domain);

	if (domain[0] != '*')
		return strcasecmp(domain, host) == 0;
	return n > m - 1 && strcasecmp(host + n - (m - 1), domain + 1) == 0;
}

/* The number of the host in policy/proxy, "" where it is none of them: as the way out chooses, by
 * its own name, else by the longest wildcard. */
static void find_host(const struct plan *pl, const char *host, const char *port, char id[16])
{
	const char *line;
	size_t best = 0;

	id[0] = '\0';
	for (size_t i = 0; (line = plan_next(pl, "host", &i));) {
		OWN_STRV struct strv w = {0};

		if (words_split(&w, line) == 0 && w.n == 3 && strcmp(w.v[2], port) == 0 &&
		    is_domain(w.v[1], host)) {
			size_t rank = w.v[1][0] == '*' ? strlen(w.v[1]) : SIZE_MAX;

			if (rank > best)
				snprintf(id, 16, "%s", w.v[0]);
			best = rank > best ? rank : best;
		}
	}
}

static const char *find_dummy(const struct plan *pl, const char *id, const char *header)
{
	const char *line;

	for (size_t i = 0; *id && (line = plan_next(pl, "bind", &i));) {
		OWN_STRV struct strv w = {0};

		if (words_split(&w, line) == 0 && w.n == 5 && strcmp(w.v[0], id) == 0 &&
		    strcmp(w.v[2], "header") == 0 && strcasecmp(w.v[3], header) == 0)
			return getenv(w.v[1]);
	}
	return NULL;
}

int outside_secret(const struct outside *o, const char *url, const char *header, struct buf *dummy,
		   struct err *e)
{
	char *host = NULL, *port = NULL, id[16];
	const char *found;
	int r = split(url, &host, &port);

	if (r < 0)
		return err_set(e, ERR_PLAIN, "url: no host is understood in it");
	find_host(&o->bindings, host, port, id);
	found = find_dummy(&o->bindings, id, header);
	if (found)
		buf_str(dummy, found);
	else
		r = err_set(e, ERR_PLAIN,
			    "secret_header: no secret is bound to %s as header %s (envpod vault "
			    "POD bind KEY %s --header 'NAME: {value}')",
			    esc(host), esc(header), esc(host));
	curl_free(host);
	curl_free(port);
	return r;
}
