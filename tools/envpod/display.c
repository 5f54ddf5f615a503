/* SPDX-License-Identifier: Apache-2.0 */
/*
 * envpod display: the pod's desktop in a browser of this machine.  What is missing is started, its
 * services are waited for, and a link that logs in is all that comes out.
 */
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/clock.h"
#include "libcommon/jsonw.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/say.h"
#include "tools/envpod/desktop.h"
#include "tools/envpod/front.h"
#include "tools/envpod/run.h"

#define PATIENCE_MS 60000 /* without any change in how they stand */
#define LIFE_MS     1000  /* between two looks whether the pod still runs */

static bool json, no_wait, print_url, view;

/* --- waiting --- */

struct wait {
	const struct pod *p;
	int changes;
	char said[2 * NEED_NAME_MAX * 8]; /* what we told last */
	int64_t news;                     /* ms: when that was */
};

/* "x11, wm" of those that are not up. */
static size_t awaited(const struct desktop *d, char *names, size_t size)
{
	size_t n = 0, at = 0;

	*names = '\0';
	for (size_t i = 0; i < d->n; i++) {
		if (strcmp(d->v[i].state, "up") == 0)
			continue;
		n++;
		if (at < size)
			at += (size_t)snprintf(names + at, size - at, "%s%s", at ? ", " : "",
					       d->v[i].name);
	}
	return n;
}

static void tell(struct wait *w, const struct desktop *d)
{
	char names[sizeof(w->said) - 64], line[sizeof(w->said)];
	size_t n = awaited(d, names, sizeof(names));

	snprintf(line, sizeof(line), "waiting for %s (%zu of %zu ready)",
		 d->n ? names : "its services", d->n - n, d->n);
	if (strcmp(line, w->said) == 0)
		return;
	snprintf(w->said, sizeof(w->said), "%s", line);
	w->news = clock_ms();
	fprintf(stderr, "envpod: %s: %s\n", w->p->name, line);
}

/* Each time the session writes down how they stand, and now and then. */
static void wait_for_news(const struct wait *w)
{
	struct pollfd more = {.fd = w->changes, .events = POLLIN};
	char ignored[4096];

	poll(&more, 1, LIFE_MS);
	while (read(w->changes, ignored, sizeof(ignored)) > 0)
		;
}

/* 1: it goes on; 0: they are ready. */
static int look(struct wait *w, struct err *e)
{
	OWN_BUF struct buf text = BUF_INIT;
	struct desktop d = {.ready = false};
	char names[256];

	if (desktop_text(w->p, &text) && desktop_parse(&d, text.data, text.len) < 0)
		return err_set(e, ERR_PLAIN, "what is %s/desktop/session.json?", w->p->runpath);
	if (d.ready)
		return 0;
	tell(w, &d);
	if (!pod_may_live(w->p))
		return err_set(e, ERR_PLAIN, "pod %s has ended (envpod logs %s)", w->p->name,
			       w->p->name);
	if (clock_ms() - w->news < PATIENCE_MS)
		return 1;
	awaited(&d, names, sizeof(names));
	return err_set(e, ERR_PLAIN, "pod %s: not ready: %s (see %s/log/desktop.log)", w->p->name,
		       names, w->p->path);
}

static int wait_ready(const struct pod *p, struct err *e)
{
	OWN_FREE char *dir = xfmt("%s/desktop", p->runpath);
	OWN_FD int changes = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	struct wait w = {.p = p, .changes = changes, .news = clock_ms()};
	int r;

	if (changes < 0 || inotify_add_watch(changes, dir, IN_MOVED_TO | IN_ONLYDIR) < 0)
		return err_set(e, errno, "watch %s", dir);
	while ((r = look(&w, e)) > 0)
		wait_for_news(&w);
	return r;
}

/* --- the link --- */

static int print_json(const struct pod *p, const char *link)
{
	OWN_BUF struct buf b = BUF_INIT, session = BUF_INIT;

	jw_open(&b, '{');
	jw_kstr(&b, "pod", p->name);
	jw_kstr(&b, "link", link);
	if (desktop_text(p, &session)) {
		jw_key(&b, "session");
		buf_add(&b, session.data, session.len);
	}
	jw_close(&b, '}');
	puts(b.data);
	return say_end(POD_EXIT_OK);
}

static int print_link(const struct pod *p)
{
	OWN_STRV struct strv line = {0};
	OWN_BUF struct buf link = BUF_INIT;
	int status;

	front_words(&line, "pod-web", "link", NULL);
	if (view)
		strv_add(&line, "--view");
	strv_add(&line, p->name);
	if (front_print)
		return front_run(&line);
	status = front_capture(&line, &link);
	if (status)
		return status;
	link.data[strcspn(link.data, "\n")] = '\0';
	if (json)
		return print_json(p, link.data);
	puts(link.data);
	return say_end(POD_EXIT_OK);
}

/* Whatever of the pod and its desktop does not run yet. */
static int start(const struct pod *p, const struct plan *pl)
{
	OWN_STRV struct strv line = {0};
	struct err ignored = {0};
	int status = front_print ? POD_EXIT_OK : front_check_thawed(p);

	if (status)
		return status;
	if (!front_print && pod_init_pid(p, NULL, &ignored) > 0)
		return desktop_up(p, pl, NULL);
	return session_start(p->name);
}

static int display(const struct pod *p, const struct plan *pl, struct err *e)
{
	int status;

	if (!plan_is(pl, "desktop", "yes"))
		return err_set(e, ERR_PLAIN,
			       "pod %s has no desktop (devices.desktop_env, web_display of its pod "
			       "file)",
			       p->name);
	status = print_url ? POD_EXIT_OK : start(p, pl);
	if (status)
		return status;
	if (!print_url && !no_wait && !front_print && wait_ready(p, e) < 0)
		return -e->code;
	return print_link(p);
}

int cmd_display(int argc, char **argv)
{
	OWN(pod_finish) struct pod p = POD_INIT;
	OWN_PLAN struct plan pl = {0};
	struct err e = {0};
	const struct opt opts[] = {
		{OPT_FLAG, 0, "no-wait", &no_wait, NULL,
		 "print the link before the desktop is ready"},
		{OPT_FLAG, 0, "print-url", &print_url, NULL,
		 "a link to what is served already: start nothing"},
		{OPT_FLAG, 0, "view", &view, NULL, "a link for who may look and touch nothing"},
		{OPT_FLAG, 'j', "json", &json, NULL, "one JSON object"},
		{0},
	};
	const struct opt_usage usage = {
		"envpod display [OPTION]... POD",
		"Show a pod's desktop: start it, wait for it, print a link.", 1, 1, 0};
	int r;

	opt_parse(opts, &usage, argc, argv);
	if (pod_open(&p, argv[0], &e) < 0 || plan_open(&pl, &p, &e) < 0)
		return say_err(&e);
	r = display(&p, &pl, &e);
	return r < 0 ? say_err(&e) : r;
}
