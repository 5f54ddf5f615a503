/* SPDX-License-Identifier: Apache-2.0 */
/* What changes while the daemon runs: the policy, and the host's own resolvers. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "libcommon/follow.h"
#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/ports.h"
#include "tools/pod-dns/daemon.h"
#include "tools/pod-dns/policy.h"
#include "tools/pod-dns/stream.h"

#define RESOLV_MAX     65536
#define RESOLV_LOOK_MS 2000

static bool is_allowed(void *arg, const char *name, struct rules_ports *ports)
{
	const struct daemon *d = arg;
	struct discovered found;
	struct verdict v;
	struct name n;

	if (name_from_text(&n, name, strlen(name)) < 0)
		return false;
	rules_judge(d->server.rules, &n, &v);
	if (discovery_covers(name)) {
		if ((v.decision == DECISION_DENY && v.prefix) ||
		    !discovery_find(&d->discovery, name, &found))
			return false;
		*ports = found.ports;
		return true;
	}
	*ports = v.ports;
	return v.decision != DECISION_DENY;
}

/* After the pins: the other way round somebody could slip in between. */
static void cut_straight(struct daemon *d)
{
	struct cut_end *ends;
	char text[64];
	size_t n;
	int r;

	if (d->cut.diag < 0 || !d->names.map)
		return;
	ends = cut_closed(&d->names, d->open, d->n_open, &n);
	r = cut_flows(&d->cut, ends, n);
	if (r < 0) {
		snprintf(text, sizeof(text), "%s", strerror(-r));
		log_event(&d->log, "cut_failed", "reason", text);
	}
	free(ends);
}

unsigned daemon_review(struct daemon *d)
{
	unsigned removed = pins_review(d->server.pins, is_allowed, d, names_now());

	cut_straight(d);
	return removed;
}

void daemon_reload(struct daemon *d)
{
	struct err e = {0};
	int64_t next;
	struct rules *rules = policy_load(&d->plan, d->policy, time(NULL), &next, &e);
	char text[64];

	if (!rules) {
		log_event(&d->log, "policy_refused", "reason", e.msg);
		return;
	}
	rules_free(d->server.rules);
	d->server.rules = rules;
	d->next_end = next;
	resolver_forget(&d->resolver);
	snprintf(text, sizeof(text), "%u pins removed", daemon_review(d));
	log_event(&d->log, "policy_loaded", "effect", text);
}

/* A fault in ports.json is for whoever changes ports: what was said stays. */
static void reload_ports(struct daemon *d)
{
	struct err e = {0};

	if (discovery_say(&d->discovery, d->policy, &e) < 0)
		log_event(&d->log, "policy_refused", "reason", e.msg);
}

static void reload_canaries(struct daemon *d)
{
	struct err e = {0};
	struct canaries *next = canaries_load(d->policy, &e);

	if (!next) {
		log_event(&d->log, "policy_refused", "reason", e.msg);
		return;
	}
	canaries_free(d->canaries);
	d->canaries = next;
}

static const struct {
	const char *file;
	void (*reload)(struct daemon *d);
} followed[] = {
	{POLICY_FILE, daemon_reload}, {PORTS_FILE, reload_ports}, {CANARY_FILE, reload_canaries}};

#define FOLLOWED (sizeof(followed) / sizeof(followed[0]))

static void on_change(void *arg, uint32_t events)
{
	struct daemon *d = arg;
	char buffer[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
	bool changed[FOLLOWED] = {false};
	ssize_t n;

	(void)events;
	while ((n = read(d->changes.fd, buffer, sizeof(buffer))) > 0)
		for (ssize_t at = 0; at < n;) {
			const struct inotify_event *ev = (const void *)(buffer + at);

			for (size_t i = 0; i < FOLLOWED; i++)
				changed[i] |= (ev->mask & IN_Q_OVERFLOW) ||
					      (ev->len && strcmp(ev->name, followed[i].file) == 0);
			at += (ssize_t)(sizeof(*ev) + ev->len);
		}
	for (size_t i = 0; i < FOLLOWED; i++)
		if (changed[i])
			followed[i].reload(d);
}

int daemon_watch_policy(struct daemon *d, struct err *e)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", d->policy);
	d->changes = (struct watch){.fd = -1, .fn = on_change, .arg = d};
	return follow_begin(&d->changes, &d->loop, &d->pod, NETID_DNS, path,
			    IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE, e);
}

/* Keep those that are still named, with what is known of them; open connections go. */
static void replace_upstreams(struct upstreams *us, const struct upstreams *fresh)
{
	stream_free_all(us);
	for (unsigned i = 0; i < fresh->n; i++)
		us->v[i] = fresh->v[i];
	us->n = fresh->n;
}

static bool differ(const struct upstreams *a, const struct upstreams *b)
{
	for (unsigned i = 0; a->n == b->n && i < a->n; i++)
		if (strcmp(a->v[i].text, b->v[i].text) != 0)
			return true;
	return a->n != b->n;
}

static int read_host(struct daemon *d)
{
	OWN_BUF struct buf b = BUF_INIT;
	struct upstreams fresh = {.n = 0};
	int r = read_file_at(d->resolv_dir, d->resolv_name, &b, RESOLV_MAX);

	if (r < 0)
		return r;
	upstream_from_host(&fresh, b.len ? b.data : "", b.len);
	/* An empty one is being written, or the network is down: what we have may still be good. */
	if (fresh.n && differ(&d->resolver.upstreams, &fresh)) {
		resolver_restart(&d->resolver);
		replace_upstreams(&d->resolver.upstreams, &fresh);
	}
	return 0;
}

void daemon_follow_host(struct daemon *d)
{
	struct stat st;
	int64_t stamp;

	if (d->resolv_dir < 0 || d->loop.now_ms < d->resolv_due_ms)
		return;
	d->resolv_due_ms = d->loop.now_ms + RESOLV_LOOK_MS;
	if (fstatat(d->resolv_dir, d->resolv_name, &st, 0) < 0)
		return;
	stamp = st.st_mtim.tv_sec * INT64_C(1000000000) + st.st_mtim.tv_nsec + (int64_t)st.st_ino;
	if (stamp != d->resolv_stamp && read_host(d) == 0)
		d->resolv_stamp = stamp;
}

/* /etc/resolv.conf is often a link: what it leads to now, and the directory that holds that. */
int daemon_open_host(struct daemon *d, struct err *e)
{
	OWN_FREE char *path = realpath("/etc/resolv.conf", NULL);
	char *slash;

	snprintf(d->resolv_path, sizeof(d->resolv_path), "%s", path ? path : "/etc/resolv.conf");
	slash = strrchr(d->resolv_path, '/');
	*slash = '\0';
	d->resolv_name = slash + 1;
	d->resolv_dir = open(d->resolv_path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (d->resolv_dir < 0)
		return err_set(e, errno, "open %s, where the host's resolvers are named",
			       d->resolv_path);
	daemon_follow_host(d);
	return 0;
}
