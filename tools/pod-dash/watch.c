/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-dash/watch.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "libcommon/jsonw.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/pod.h"

enum kind { FLEET, STATE, AUDIT, QUEUE, LOG, SNAPSHOTS, CHANGES, KINDS };
static const char *const kind_names[KINDS] = {"fleet", "state",     "audit",  "queue",
					      "log",   "snapshots", "changes"};

#define REPLACED (IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_DELETE)

/* Of each pod: beneath STATE/pods/NAME, or RUN/NAME. */
static const struct {
	const char *dir;
	bool run;
	enum kind kind;
	uint32_t mask;
} watched[] = {
	{"", false, STATE, REPLACED},
	{"", true, STATE, REPLACED},
	{"audit", false, AUDIT, IN_MODIFY | IN_CREATE},
	{"log", false, LOG, IN_MODIFY | IN_CREATE},
	{"snapshots", false, SNAPSHOTS, REPLACED},
	{"undo", false, CHANGES, REPLACED},
	{"queue/new", false, QUEUE, REPLACED},
	{"queue/delayed", false, QUEUE, REPLACED},
	{"queue/staged", false, QUEUE, REPLACED},
	{"queue/running", false, QUEUE, REPLACED},
	{"queue/done", false, QUEUE, REPLACED},
	{"queue/denied", false, QUEUE, REPLACED},
};

static int by_wd(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	return (x->wd > y->wd) - (x->wd < y->wd);
}

static struct place *find(struct files *f, int wd)
{
	struct place key = {.wd = wd};

	return f->n_places ? bsearch(&key, f->places, f->n_places, sizeof(key), by_wd) : NULL;
}

/* What is watched already keeps its number; new ones are higher than all before. */
static void add(struct files *f, const char *path, uint32_t mask, enum kind kind, const char *pod)
{
	int wd = inotify_add_watch(f->w.fd, path, mask | IN_ONLYDIR | IN_DONT_FOLLOW);
	struct place *p;

	if (wd < 0 || find(f, wd))
		return;
	f->places = xrealloc(f->places, (f->n_places + 1) * sizeof(*p));
	p = &f->places[f->n_places++];
	*p = (struct place){.wd = wd, .kind = kind};
	snprintf(p->pod, sizeof(p->pod), "%s", pod);
}

static void add_pod(struct files *f, const char *name)
{
	for (size_t i = 0; i < sizeof(watched) / sizeof(watched[0]); i++) {
		OWN_FREE char *path = watched[i].run ? xfmt("%s/%s", pod_run_dir(), name)
						     : xfmt("%s/pods/%s/%s", pod_state_dir(), name,
							    watched[i].dir);

		add(f, path, watched[i].mask, watched[i].kind, name);
	}
}

static void add_pods(struct files *f)
{
	OWN_FREE char *pods = xfmt("%s/pods", pod_state_dir());
	OWN_DIR DIR *d = opendir(pods);
	struct err ignored = {0};
	const char *name;

	add(f, pods, REPLACED, FLEET, "");
	add(f, pod_run_dir(), IN_CREATE | IN_DELETE, FLEET, "");
	while (d && dir_next(d, &name) > 0)
		if (pod_check_name(name, &ignored) == 0)
			add_pod(f, name);
}

static void note(struct files *f, const char *pod, enum kind kind)
{
	size_t i;

	for (i = 0; i < f->n_news && strcmp(f->news[i].pod, pod) != 0; i++)
		;
	if (i == f->n_news) {
		f->news = xrealloc(f->news, (i + 1) * sizeof(*f->news));
		f->news[i] = (struct news){.kinds = 0};
		snprintf(f->news[i].pod, sizeof(f->news[i].pod), "%s", pod);
		f->n_news++;
	}
	f->news[i].kinds |= 1u << kind;
	if (!f->due)
		f->due = loop_clock() + TELL_MS;
}

/* A directory that has come is watched; with a pod, what comes in it later, too. */
static void happened(struct files *f, const struct inotify_event *ev)
{
	struct place *p = find(f, ev->wd);
	struct err ignored = {0};

	if (!p)
		return;
	if (p->kind == FLEET && (ev->mask & IN_ISDIR) && ev->len &&
	    pod_check_name(ev->name, &ignored) == 0) {
		char name[64];

		snprintf(name, sizeof(name), "%s", ev->name);
		note(f, "", FLEET);
		add_pod(f, name);
	} else if (p->kind != FLEET) {
		char name[64];
		enum kind kind = p->kind;

		snprintf(name, sizeof(name), "%s", p->pod);
		if ((ev->mask & IN_ISDIR) && (ev->mask & (IN_CREATE | IN_MOVED_TO)))
			add_pod(f, name);
		/* a pod is one when the file stands that says so */
		if (ev->len && strcmp(ev->name, "created") == 0)
			note(f, "", FLEET);
		note(f, name, kind);
	}
}

static void changed(void *arg, uint32_t events)
{
	struct files *f = arg;
	_Alignas(struct inotify_event) char data[16384];
	ssize_t n = read(f->w.fd, data, sizeof(data));

	(void)events;
	for (ssize_t at = 0; at < n;) {
		const struct inotify_event *ev = (const void *)(data + at);

		if (ev->mask & IN_Q_OVERFLOW)
			note(f, "", FLEET);
		else if (!(ev->mask & IN_IGNORED))
			happened(f, ev);
		at += (ssize_t)(sizeof(*ev) + ev->len);
	}
}

static void tell_one(const struct files *f, const struct news *n)
{
	OWN_BUF struct buf b = BUF_INIT;

	jw_open(&b, '{');
	if (n->pod[0])
		jw_kstr(&b, "pod", n->pod);
	jw_key(&b, "what");
	jw_open(&b, '[');
	for (int k = 0; k < KINDS; k++)
		if (n->kinds & 1u << k)
			jw_string(&b, kind_names[k]);
	jw_close(&b, ']');
	jw_close(&b, '}');
	runner_tell(f->runner, b.data, b.len);
}

int files_tell(struct files *f)
{
	uint64_t now = loop_clock();

	if (!f->due)
		return -1;
	if (now < f->due)
		return (int)(f->due - now);
	for (size_t i = 0; i < f->n_news; i++)
		tell_one(f, &f->news[i]);
	f->n_news = 0;
	f->due = 0;
	return -1;
}

int files_begin(struct files *f, struct loop *l, const struct runner *r, struct err *e)
{
	*f = (struct files){.loop = l, .runner = r};
	f->w = (struct watch){
		.fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK), .fn = changed, .arg = f};
	if (f->w.fd < 0 || loop_add(l, &f->w, EPOLLIN) < 0)
		return err_set(e, errno, "watch the pods' files");
	add_pods(f);
	return 0;
}

void files_finish(struct files *f)
{
	if (f->w.fd >= 0 && f->loop)
		loop_remove(f->loop, &f->w);
	free(f->places);
	free(f->news);
	f->w.fd = -1;
}
