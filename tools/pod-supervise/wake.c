/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pod-supervise helpers wake: services that rest are started again, because there may be something
 * to do for them now.  The keeper is asked by SIGHUP, and says in services.state how often it was.
 */
#include <poll.h>
#include <signal.h>
#include <sys/inotify.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/clock.h"
#include "libcommon/own.h"
#include "libcommon/say.h"
#include "libcommon/wall.h"
#include "tools/pod-supervise/commands.h"
#include "tools/pod-supervise/service.h"

#define PATIENCE_MS 10000

static int look(struct services *s, const struct pod *p, struct err *e)
{
	services_finish(s);
	*s = (struct services){.n = 0};
	if (services_read(s, p, e) < 0)
		return -e->code;
	services_look(s, p);
	return 0;
}

/* One that waits has tried, and failed. */
static const struct service *failed(const struct services *s)
{
	for (int i = 0; i < s->n; i++)
		if (s->v[i].may_rest && s->v[i].state == SERVICE_WAITING)
			return &s->v[i];
	return NULL;
}

static bool settled(const struct services *s)
{
	for (int i = 0; i < s->n; i++)
		if (s->v[i].may_rest && s->v[i].state == SERVICE_STARTING)
			return false;
	return true;
}

/* The keeper replaces services.state whenever something has changed. */
static int await(struct services *s, const struct pod *p, int changes, struct err *e)
{
	unsigned before = s->wakes;
	int64_t end = clock_ms() + PATIENCE_MS;
	struct pollfd more = {.fd = changes, .events = POLLIN};
	char ignored[4096];

	for (;;) {
		int r = look(s, p, e);

		if (r < 0)
			return r;
		if (s->wakes != before && failed(s))
			return err_set(e, ERR_PLAIN, "%s did not come up (see %s/log/%s.log)",
				       failed(s)->name, p->path, failed(s)->name);
		if (s->wakes != before && settled(s))
			return 0;
		if (clock_ms() >= end || poll(&more, 1, (int)(end - clock_ms())) <= 0)
			return err_set(e, ERR_PLAIN, "wake the helpers of pod %s: no answer",
				       p->name);
		while (read(changes, ignored, sizeof(ignored)) > 0)
			;
	}
}

static int wake(struct services *s, const char *name, enum set set, struct err *e)
{
	OWN(pod_finish) struct pod p = POD_INIT;
	OWN_FD int keeper = -1, changes = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

	if (pod_open(&p, name, e) < 0 || set_enter(&p, set, true, e) < 0)
		return -e->code;
	if (wall_keeper(&p, &keeper) <= 0)
		return err_set(e, ERR_PLAIN, "pod %s has no helpers (%s %s)", name, set_maker(set),
			       name);
	if (changes < 0 || inotify_add_watch(changes, p.runpath, IN_MOVED_TO) < 0)
		return err_set(e, errno, "watch %s", p.runpath);
	if (look(s, &p, e) < 0)
		return -e->code;
	if (syscall(SYS_pidfd_send_signal, keeper, SIGHUP, NULL, 0) < 0)
		return err_set(e, errno, "wake the helpers of pod %s", name);
	return await(s, &p, changes, e);
}

int cmd_wake(const char *pod, enum set set)
{
	OWN(services_finish) struct services s = {.n = 0};
	struct err e = {0};

	return wake(&s, pod, set, &e) < 0 ? say_err(&e) : POD_EXIT_OK;
}
