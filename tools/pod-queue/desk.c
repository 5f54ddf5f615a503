/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-queue/desk.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/clock.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/say.h"
#include "libcommon/spawn.h"
#include "tools/pod-queue/agent.h"

int desk_open(struct desk *d, const char *pod, struct err *e)
{
	int r = pod_check_caller(e);

	if (r == 0)
		r = pod_open(&d->pod, pod, e);
	if (r == 0)
		r = plan_open(&d->plan, &d->pod, e);
	if (r == 0)
		r = pod_caller(&d->who, e);
	return r < 0 ? r : store_open(&d->store, &d->pod, e);
}

void desk_finish(struct desk *d)
{
	store_finish(&d->store);
	plan_finish(&d->plan);
	pod_finish(&d->pod);
}

int desk_read(struct desk *d, const char *prefix, struct action *a, struct err *e)
{
	char id[ACTION_ID];
	int place = store_match(&d->store, prefix, id, e), r;

	if (place < 0)
		return place;
	r = store_read(&d->store, (enum place)place, id, a, e);
	return r < 0 ? r : place;
}

static int helpers(const struct desk *d, const char *word, struct err *e)
{
	char *argv[] = {"pod-supervise", "helpers",           "--set", "govern",
			(char *)word,    (char *)d->pod.name, NULL};
	int status = spawn_wait(argv, NULL, e);

	if (status > 0)
		return err_status(e, status, ERR_PLAIN, "what governs pod %s could not be started",
				  d->pod.name);
	return status;
}

int desk_wake(const struct desk *d, struct err *e)
{
	int r = helpers(d, "start", e);

	return r < 0 ? r : helpers(d, "wake", e);
}

static bool was_refused(const struct desk *d, const char *id)
{
	OWN_FREE char *file = xfmt("%s.json.refused", id);

	return faccessat(d->store.dir[PLACE_DENIED], file, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static int watch(const struct desk *d, struct err *e)
{
	static const enum place ends[] = {PLACE_DONE, PLACE_DENIED};
	OWN_FD int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

	for (size_t i = 0; i < 2 && fd >= 0; i++) {
		char path[64];

		snprintf(path, sizeof(path), "/proc/self/fd/%d", d->store.dir[ends[i]]);
		if (inotify_add_watch(fd, path, IN_MOVED_TO | IN_CLOSE_WRITE) < 0)
			return err_set(e, errno, "watch %s/queue", d->pod.path);
	}
	return fd < 0 ? err_set(e, errno, "watch %s/queue", d->pod.path) : take_fd(&fd);
}

int desk_await(struct desk *d, struct action *a, int64_t ms, struct err *e)
{
	OWN_FD int changes = watch(d, e);
	int64_t end = clock_ms() + ms;
	char id[ACTION_ID], ignored[4096];

	memcpy(id, a->id, sizeof(id));
	while (changes >= 0) {
		struct pollfd more = {.fd = changes, .events = POLLIN};
		int place = store_find(&d->store, id);

		if (place == PLACE_DONE || place == PLACE_DENIED) {
			action_finish(a);
			return store_read(&d->store, (enum place)place, id, a, e);
		}
		if (was_refused(d, id))
			return err_status(e, POD_EXIT_REFUSED, ERR_PLAIN,
					  "the approval was refused (envpod audit %s says why)",
					  d->pod.name);
		if (clock_ms() >= end)
			return err_status(e, POD_EXIT_BUSY, EAGAIN,
					  "action %s of pod %s has not ended", id, d->pod.name);
		poll(&more, 1, (int)(end - clock_ms() > 0 ? end - clock_ms() : 0));
		while (read(changes, ignored, sizeof(ignored)) > 0)
			;
	}
	return changes;
}

int desk_tell(const struct action *a, bool json)
{
	OWN_BUF struct buf b = BUF_INIT;

	if (json) {
		action_print(a, &b);
	} else {
		buf_fmt(&b, "%s %s: %s", a->name, a->id, a->status);
		if (a->reason) {
			buf_str(&b, ": ");
			buf_esc(&b, a->reason);
		}
		buf_char(&b, '\n');
		if (a->result) {
			buf_esc(&b, a->result);
			buf_char(&b, '\n');
		}
	}
	fputs(b.data, stdout);
	return say_end(agent_status(a->status));
}
