/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-proxy/change.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/jsonw.h"
#include "libcommon/netid.h"
#include "libcommon/out.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/record.h"
#include "libcommon/say.h"
#include "libcommon/spawn.h"
#include "libcommon/undo.h"
#include "libcommon/wall.h"
#include "tools/pod-proxy/live.h"

#define LOCK_WAIT_MS 10000

void change_finish(struct change *c)
{
	own_close(&c->policy);
	plan_finish(&c->plan);
	pod_finish(&c->pod);
}

/* Only a network with a wall has doors. */
static int check_mode(const struct change *c, struct err *e)
{
	if (plan_is(&c->plan, "network", "none"))
		return err_set(e, ERR_PLAIN, "pod %s has no network (network.mode: None)",
			       c->pod.name);
	if (plan_is(&c->plan, "network", "unsafe"))
		return err_set(e, ERR_PLAIN,
			       "pod %s has the host's own network: its ports are the host's "
			       "(network.mode: Unsafe)",
			       c->pod.name);
	return 0;
}

/* pod-net up will want the pod's lock, which comes before the policy's. */
static int lock_for_up(struct change *c, struct err *e)
{
	int r = pod_init_pid(&c->pod, NULL, e);

	if (r > 0)
		r = wall_stands(&c->pod) ? 0 : pod_lock(&c->pod, LOCK_WAIT_MS, e);
	return r == 0 && c->pod.lock >= 0 ? pod_lock_pass(&c->pod, e) : r;
}

int change_open(struct change *c, const char *pod, struct err *e)
{
	int r = pod_check_caller(e);

	if (r == 0)
		r = pod_open(&c->pod, pod, e);
	if (r == 0)
		r = plan_open(&c->plan, &c->pod, e);
	if (r == 0)
		r = check_mode(c, e);
	if (r == 0)
		r = lock_for_up(c, e);
	if (r < 0)
		return r;
	c->policy = policy_open(&c->pod, e);
	if (c->policy < 0)
		return c->policy;
	if (flock(c->policy, LOCK_EX) < 0)
		return err_set(e, errno, "lock %s/policy", c->pod.path);
	r = ports_of_plan(&c->planned, &c->plan, e);
	if (r == 0)
		r = ports_read(&c->file, c->policy, e);
	c->before = c->planned;
	ports_apply(&c->before, &c->file);
	c->after = c->before;
	return r;
}

/* --- what is asked for --- */

static int no_room(struct err *e)
{
	return err_set(e, ERR_PLAIN, "a pod has %d ports at most", PORTS_MAX);
}

int change_add(struct change *c, const struct port *p, struct err *e)
{
	const struct port *there = ports_at(&c->after, p->host, p->udp);
	char text[PORT_TEXT], other[PORT_TEXT];

	if (ports_has(&c->after, p))
		return !c->exact
			       ? 0
			       : err_status(e, POD_EXIT_REFUSED, ERR_PLAIN, "%s %s is open already",
					    port_keys[p->scope], port_text(p, text));
	if (there)
		return err_status(
			e, c->exact ? POD_EXIT_REFUSED : 0, ERR_PLAIN,
			"open %s %s: the host's port is this pod's already, as %s %s; take "
			"that back with --remove %u",
			port_keys[p->scope], port_text(p, text), port_keys[there->scope],
			port_text(there, other), p->host);
	ports_drop(&c->file.drop, p);
	if (!ports_has(&c->planned, p) && ports_add(&c->file.add, p) < 0)
		return no_room(e);
	return ports_add(&c->after, p) < 0 ? no_room(e) : 0;
}

/* Of "8080", "8080/udp", "8080:80", "8080:80/tcp": what is not said does not matter. */
static bool matches(const struct port *p, const char *text)
{
	const char *slash = strchr(text, '/');
	struct port want;

	if (port_parse(&want, p->scope, text) < 0)
		return false;
	if (slash && want.udp != p->udp)
		return false;
	return want.host == p->host && (strchr(text, ':') || !p->host ? want.pod == p->pod : true);
}

static int take_back(struct change *c, const struct port *p, struct err *e)
{
	ports_drop(&c->file.add, p);
	ports_drop(&c->after, p);
	return ports_has(&c->planned, p) && ports_add(&c->file.drop, p) < 0 ? no_room(e) : 0;
}

int change_remove(struct change *c, enum port_scope scope, const char *text, struct err *e)
{
	bool any = false;
	int r = 0;

	for (size_t i = c->after.n; i-- > 0 && r == 0;) {
		const struct port p = c->after.v[i];
		bool host = scope == PORT_OWN && p.scope == PORT_PUBLIC;

		if ((p.scope != scope && !host) || !matches(&p, text))
			continue;
		r = take_back(c, &p, e);
		any = true;
	}
	if (r == 0 && !any)
		return err_status(e, c->exact ? POD_EXIT_REFUSED : 0, ERR_PLAIN,
				  "pod %s has no such port: %s (envpod ports %s)", c->pod.name,
				  esc(text), c->pod.name);
	return r;
}

/* --- making it so --- */

static int check_exposed(const struct change *c, struct err *e)
{
	for (size_t i = 0; i < c->after.n; i++) {
		const struct port *p = &c->after.v[i];
		char text[PORT_TEXT];

		if (p->host && !ports_exposed(&c->after, p->pod))
			return err_set(e, ERR_PLAIN,
				       "open %s %s: port %u is not exposed, and others are; add it "
				       "(envpod expose %s --add %u), or remove the port",
				       port_keys[p->scope], port_text(p, text), p->pod, c->pod.name,
				       p->pod);
	}
	return 0;
}

static void add_list(struct buf *b, const char *prefix, const struct ports *all,
		     enum port_scope scope)
{
	OWN_FREE char *key = xfmt("%s%s", prefix, port_keys[scope]);
	char text[PORT_TEXT];

	jw_key(b, key);
	jw_open(b, '[');
	for (size_t i = 0; i < all->n; i++)
		if (all->v[i].scope == scope)
			jw_string(b, port_text(&all->v[i], text));
	jw_close(b, ']');
}

/* A file that changes nothing is no file: a pod that it was made for goes back to loopback. */
static int write_file(const struct change *c, const struct ports_change *file, struct err *e)
{
	OWN_BUF struct buf b = BUF_INIT;

	if (!file->add.n && !file->drop.n)
		return unlinkat(c->policy, PORTS_FILE, 0) < 0 && errno != ENOENT
			       ? err_set(e, errno, "remove %s/policy/" PORTS_FILE, c->pod.path)
			       : 0;
	jw_open(&b, '{');
	jw_knum(&b, "v", 1);
	for (int scope = 0; scope < PORT_SCOPES; scope++)
		add_list(&b, "", &file->add, (enum port_scope)scope);
	for (int scope = 0; scope < PORT_SCOPES; scope++)
		add_list(&b, "remove_", &file->drop, (enum port_scope)scope);
	jw_close(&b, '}');
	buf_char(&b, '\n');
	return policy_replace(&c->pod, c->policy, PORTS_FILE, &b, e);
}

static void list_difference(struct strv *to, const struct ports *a, const struct ports *b)
{
	char text[PORT_TEXT];

	for (size_t i = 0; i < a->n; i++)
		if (!ports_has(b, &a->v[i]))
			strv_fmt(to, "%s %s", port_keys[a->v[i].scope], port_text(&a->v[i], text));
}

/* On record before it holds. */
static int put_on_record(const struct change *c, struct err *e)
{
	OWN_STRV struct strv opened = {0}, closed = {0};
	OWN_EVENT struct event ev;

	list_difference(&opened, &c->after, &c->before);
	list_difference(&closed, &c->before, &c->after);
	event_init(&ev, c->pod.name, "proxy", "policy_change");
	if (opened.n)
		event_strv(&ev, "open", opened.v);
	if (closed.n)
		event_strv(&ev, "close", closed.v);
	return record_event(&ev, true, e);
}

static int ask(const char *tool, const char *word, const char *more, const char *pod, struct err *e)
{
	const char *argv[] = {tool, word, more, pod, NULL};
	struct err why = {0};
	int r;

	if (!more)
		argv[2] = pod, argv[3] = NULL;
	r = spawn_wait((char *const *)argv, NULL, &why);
	if (r < 0)
		*e = why;
	return r <= 0 ? r : err_set(e, ERR_PLAIN, "the ports of pod %s are as they were", pod);
}

/* Nobody forwards yet: find out what is taken before anything is written down. */
static int begin(struct change *c, struct err *e)
{
	struct err ignored = {0};
	struct ports_change old;
	bool live;
	int r;

	if (ports_read(&old, c->policy, e) < 0 || write_file(c, &c->file, e) < 0)
		return -e->code;
	live = pod_may_live(&c->pod);
	if (wall_stands(&c->pod)) {
		r = live_try(c, e);
		if (r == 0)
			r = ask("pod-supervise", "helpers", "wake", c->pod.name, e);
	} else {
		/* A live pod that stood without a wall gets one: there is something to reach. */
		r = live && c->pod.lock >= 0 && wall_wanted(&c->pod, &c->plan)
			    ? ask("pod-net", "up", NULL, c->pod.name, e)
			    : 0;
	}
	if (r < 0)
		write_file(c, &old, &ignored);
	return r;
}

static int put_in_force(struct change *c, struct err *e)
{
	OWN_FD int forwarder = wall_stands(&c->pod) ? control_connect(&c->pod, e) : -ENOENT;
	struct err ignored = {0};
	int r;

	if (forwarder == -ENOENT)
		return begin(c, e);
	if (forwarder < 0)
		return forwarder;
	r = live_change(c, forwarder, &c->after, e);
	if (r < 0)
		return r;
	r = write_file(c, &c->file, e);
	if (r < 0)
		live_change(c, forwarder, &c->before, &ignored);
	return r;
}

int change_commit(struct change *c, struct err *e)
{
	char id[UNDO_ID];
	int r = check_exposed(c, e);

	if (r == 0)
		r = put_on_record(c, e);
	if (r == 0)
		r = change_register(c, id, e);
	if (r < 0)
		return r;
	r = put_in_force(c, e);
	if (r < 0 && *id)
		undo_withdraw(&c->pod, id);
	return r;
}

int change_open_now(const struct change *c, struct ports *now, struct err *e)
{
	OWN_FD int forwarder = wall_stands(&c->pod) ? control_connect(&c->pod, e) : -ENOENT;

	*now = (struct ports){.n = 0};
	if (forwarder == -ENOENT)
		return 0;
	return forwarder < 0 ? forwarder : control_list(forwarder, now, e);
}

/* --- listing --- */

struct row {
	const char *scope, *port, *from, *state;
};

static const struct col cols[] = {
	{"scope", COL_STR, offsetof(struct row, scope), 15},
	{"port", COL_STR, offsetof(struct row, port), 16},
	{"from", COL_STR, offsetof(struct row, from), 9},
	{"state", COL_STR, offsetof(struct row, state), 0},
	{0},
};

int change_print(const struct change *c, unsigned scopes, bool json)
{
	struct out o = {.form = json ? OUT_JSON : OUT_TEXT, .cols = cols};
	struct ports now;
	struct err e = {0};
	char text[PORT_TEXT];

	if (change_open_now(c, &now, &e) < 0)
		return say_err(&e);
	for (size_t i = 0; i < c->after.n; i++) {
		const struct port *p = &c->after.v[i];
		const struct row row = {port_keys[p->scope], port_text(p, text),
					ports_has(&c->planned, p) ? "pod.yaml" : "live",
					ports_has(&now, p) ? "open" : "closed"};

		if (scopes & 1u << p->scope)
			out_row(&o, &row);
	}
	return say_end(POD_EXIT_OK);
}
