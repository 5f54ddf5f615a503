/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-proxy/feed.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "libcommon/buf.h"
#include "libcommon/follow.h"
#include "libcommon/own.h"
#include "libcommon/record.h"
#include "libcommon/spawn.h"
#include "tools/pod-proxy/canary.h"
#include "tools/pod-proxy/exchange.h"

#define FEEDS   4 /* at a time */
#define MEND_MS 2000

/* --- policy --- */

void policy_drop(struct policy *p)
{
	if (!p || --p->refs)
		return;
	sites_finish(&p->sites);
	patterns_free(p->patterns);
	patterns_free(p->dummies);
	free(p);
}

/* What cannot be found again in an answer is not sent: a value that is too short is none. */
static int add_pattern(struct inject *in, struct patterns *all, const char *key, int id)
{
	size_t len;
	const char *value = secrets_get(&in->secrets, key, &len);
	int r = value ? patterns_add(all, id, value, len) : 0;

	if (r == -EINVAL)
		secrets_forget(&in->secrets, key);
	return r == -EINVAL ? 0 : r;
}

static struct patterns *patterns_of(struct inject *in, const struct sites *s)
{
	struct patterns *all = in->secrets.n ? patterns_new() : NULL;
	int r = 0;

	for (size_t i = 0; all && i < s->n; i++)
		for (size_t k = 0; r == 0 && k < s->v[i].n_binds; k++)
			r = add_pattern(in, all, s->v[i].binds[k].key, (int)i);
	if (!all || r < 0) {
		if (all)
			patterns_free(all);
		return NULL;
	}
	patterns_compile(all);
	return all;
}

/* Their certificates are made before anybody waits for them. */
static void make_leaves(struct inject *in, const struct sites *s)
{
	for (size_t i = 0; i < s->n && i < LEAVES / 2; i++)
		if (!s->v[i].wide && s->v[i].port != 80)
			leaves_get(&in->leaves, s->v[i].domain);
}

static void put_policy(struct inject *in, struct policy *p)
{
	struct policy *old = in->policy;

	p->refs = 1;
	p->patterns = patterns_of(in, &p->sites);
	p->dummies = canary_patterns(&p->sites);
	/* Without them nothing of a secret could be taken out of an answer. */
	if (!p->patterns && in->secrets.n) {
		secrets_finish(&in->secrets);
		in->secrets.locked = "no memory can be locked";
	}
	in->policy = p;
	make_leaves(in, &p->sites);
	upstreams_forget(&in->upstreams);
	meters_sweep(&in->meters, &p->sites, in->loop.now_ms);
	if (old)
		sessions_cut(in, true);
	policy_drop(old);
}

static void tell_refused(struct inject *in, const char *why)
{
	OWN_EVENT struct event ev = {0};

	event_init(&ev, in->pod.name, "proxy", "policy_refused");
	event_str(&ev, "reason", why);
	note_send(&in->notes, &in->notes.refused, &ev);
}

static int reread(struct inject *in, struct err *e)
{
	struct policy *p = xcalloc(1, sizeof(*p));
	int r = sites_read(&p->sites, in->policy_fd, e);

	if (r < 0 && r != -ENOENT) {
		free(p);
		return r;
	}
	put_policy(in, p);
	return 0;
}

/* What they were for is not known: there are none until a feed comes with a policy to be read. */
static void forget_secrets(struct inject *in)
{
	secrets_finish(&in->secrets);
	in->secrets.locked = "the pod's policy cannot be read";
	in->unread_ms = in->loop.now_ms;
}

/* Who has mended it may be about to push. */
bool policy_is_back(struct inject *in)
{
	struct err ignored = {0};

	if (!in->unread_ms || in->loop.now_ms - in->unread_ms < MEND_MS)
		return false;
	in->unread_ms = in->loop.now_ms;
	return reread(in, &ignored) == 0;
}

static void on_changed(void *arg, uint32_t events)
{
	struct inject *in = arg;
	struct err e = {0};

	(void)events;
	follow_drain(&in->changed);
	if (reread(in, &e) < 0) {
		forget_secrets(in);
		tell_refused(in, e.msg);
	}
	in->stale = leaves_stale(&in->leaves);
}

int policy_begin(struct inject *in, struct err *e)
{
	OWN_FREE char *path = xfmt("%s/policy", in->pod.path);

	in->policy_fd = policy_open(&in->pod, e);
	if (in->policy_fd < 0)
		return in->policy_fd;
	in->changed = (struct watch){.fd = -1, .fn = on_changed, .arg = in};
	if (follow_begin(&in->changed, &in->loop, &in->pod, NETID_INJECT, path, FOLLOW_FILES, e) <
	    0)
		return -e->code;
	return reread(in, e);
}

/* --- secrets --- */

/* s is in's afterwards. */
static int take(struct inject *in, struct secrets *s, struct err *e)
{
	int r;

	secrets_finish(&in->secrets);
	in->secrets = *s;
	*s = (struct secrets){0};
	in->unread_ms = 0;
	r = reread(in, e);
	if (r < 0)
		forget_secrets(in);
	return r;
}

static int read_feed(struct secrets *s, int fd)
{
	int r;

	do
		r = secrets_read(s, fd);
	while (r == -EAGAIN);
	return r;
}

static int run_feed(const struct inject *in, struct secrets *s, struct err *e)
{
	char *argv[] = {"pod-vault", "feed", (char *)(uintptr_t)in->pod.name, NULL};
	int ends[2], pid, r;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_set(e, errno, "make a pipe");
	pid = spawn_start(argv, &(struct spawn_io){-1, ends[1], -1}, e);
	close(ends[1]);
	r = pid < 0 ? pid : read_feed(s, ends[0]);
	close(ends[0]);
	if (pid < 0)
		return pid;
	if (spawn_reap(pid) != 0 || r < 0)
		return err_set(e, ERR_PLAIN, "pod-vault feed did not end well");
	return 0;
}

int feed_first(struct inject *in, struct err *e)
{
	struct err why = {0};
	struct secrets s;

	if (secrets_open(&s) < 0)
		return err_set(e, ENOMEM, "lock memory for secrets");
	if (run_feed(in, &s, &why) < 0) {
		secrets_finish(&s);
		if (secrets_open(&s) < 0)
			return err_set(e, ENOMEM, "lock memory for secrets");
		snprintf(s.text, SECRETS_WHY, "%.*s", SECRETS_WHY - 1, why.msg);
		s.locked = s.text;
	}
	return take(in, &s, e);
}

/* One that brings secrets. */
struct feed {
	struct inject *in;
	struct watch watch;
	struct secrets s;
};

static unsigned feeds;

static void feed_close(struct feed *f)
{
	loop_remove(&f->in->loop, &f->watch);
	secrets_finish(&f->s);
	free(f);
	feeds--;
}

static void on_feed(void *arg, uint32_t events)
{
	struct feed *f = arg;
	struct err e = {0};
	int r = secrets_read(&f->s, f->watch.fd);
	bool said;

	(void)events;
	if (r == -EAGAIN)
		return;
	if (r == 0 && take(f->in, &f->s, &e) == 0)
		said = write(f->watch.fd, "ok\n", 3) == 3;
	else
		said = write(f->watch.fd, "refused\n", 8) == 8;
	(void)said; /* who has gone does not want to know */
	feed_close(f);
}

bool feed_waits(void)
{
	return feeds > 0;
}

static bool is_root(int fd)
{
	struct ucred who;
	socklen_t len = sizeof(who);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) == 0 && who.uid == 0;
}

void feed_accept(void *arg, uint32_t events)
{
	struct inject *in = arg;
	int fd = accept4(in->feed.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	struct feed *f;

	(void)events;
	if (fd < 0)
		return;
	f = xcalloc(1, sizeof(*f));
	f->in = in;
	f->watch = (struct watch){.fd = fd, .fn = on_feed, .arg = f};
	if (feeds >= FEEDS || !is_root(fd) || secrets_open(&f->s) < 0 ||
	    loop_add(&in->loop, &f->watch, EPOLLIN) < 0) {
		close(fd);
		secrets_finish(&f->s);
		free(f);
		return;
	}
	feeds++;
}
