/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Woken by the first record, it lets others come for a moment and takes them together; and it
 * sleeps four times as long as it worked.  So a storm of processes costs a fifth of a processor at
 * most: what comes faster finds the ring full, and is counted there.
 */
#include "tools/pod-trace/listen.h"

#include <bpf/libbpf.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/clock.h"
#include "libcommon/io.h"
#include "libcommon/lockdown.h"
#include "libcommon/loop.h"
#include "libcommon/own.h"
#include "libcommon/say.h"
#include "tools/pod-trace/tell.h"

#define GATHER_MS 20
#define AT_ONCE   1024 /* records of one turn */
#define CATCH_UP  16

struct listener {
	struct tell tell;
	struct ring_buffer *ring;
	struct writes *writes;
	int left; /* of this turn */
	int signals, alive;
};

static int take(void *arg, void *data, size_t size)
{
	struct listener *l = arg;

	tell_record(&l->tell, data, size);
	return --l->left > 0 ? 0 : -EAGAIN; /* that one is taken all the same */
}

/* True: there may be more. */
static bool take_some(struct listener *l)
{
	l->left = AT_ONCE;
	ring_buffer__consume(l->ring);
	return l->left <= 0;
}

static bool is_told_to_stop(const struct listener *l, int ms)
{
	struct pollfd fds[] = {{.fd = l->signals, .events = POLLIN},
			       {.fd = l->alive, .events = POLLIN}};

	return poll(fds, 2, ms) > 0;
}

/* All that was told of commands up to now, so that of what was written later each one is known. */
static void catch_up(void *arg)
{
	struct listener *l = arg;

	for (int i = 0; i < CATCH_UP && take_some(l); i++)
		;
}

static void turn(struct listener *l, const struct attach *a)
{
	struct pollfd fds[] = {{.fd = l->signals, .events = POLLIN},
			       {.fd = l->alive, .events = POLLIN},
			       {.fd = a->ring, .events = POLLIN},
			       {.fd = l->writes->group, .events = POLLIN}};
	int64_t began;
	bool more = true;

	if (poll(fds, 4, lines_wait(&l->tell.lines) ? GATHER_MS : -1) < 0)
		return;
	if (is_told_to_stop(l, GATHER_MS))
		return;
	while (more) {
		began = clock_ms();
		more = take_some(l);
		more |= writes_take(l->writes, &l->tell, catch_up, l);
		lines_flush(&l->tell.lines, *a->lost, false);
		if (is_told_to_stop(l, (int)(4 * (clock_ms() - began))))
			return;
	}
}

/* Nobody waits for us longer than for what is in the ring by now. */
static void finish(struct listener *l, const struct attach *a)
{
	for (int i = 0; i < CATCH_UP && writes_take(l->writes, &l->tell, catch_up, l); i++)
		;
	catch_up(l);
	lines_end(&l->tell.lines, *a->lost);
	ring_buffer__free(l->ring);
	lines_finish(&l->tell.lines);
	commands_finish(&l->tell.commands);
	mask_finish(&l->tell.mask);
}

static int open_all(struct listener *l, const struct listen *how, struct err *e)
{
	int r = mask_load(&l->tell.mask, how->pod->name, how->plan, e);

	if (r < 0)
		return r;
	lines_init(&l->tell.lines, how->events, how->pod->name);
	l->tell.lines.kernel_lost = *how->attach->lost;
	commands_init(&l->tell.commands);
	l->tell.base = (uid_t)plan_u64(how->plan, "base", 524288);
	l->tell.identity = (uid_t)plan_u64(how->plan, "identity.uid", 0);
	l->ring = ring_buffer__new(how->attach->ring, take, l, NULL);
	if (!l->ring)
		return err_set(e, errno, "map the ring of the programs");
	l->signals = loop_signals(e);
	return l->signals < 0 ? l->signals : 0;
}

static int give_up_power(const struct listen *how, struct err *e)
{
	const struct lockdown l = {
		.promises = PROMISE_FILE | PROMISE_LOCK | PROMISE_OWN_FDS,
		.uid = how->uid,
		.gid = how->uid,
	};

	return lockdown(&l, e);
}

int listen_run(const struct listen *how)
{
	struct listener l = {.signals = -1, .alive = how->alive, .writes = how->writes};
	struct err e = {0};

	if (open_all(&l, how, &e) < 0 || give_up_power(how, &e) < 0)
		return say_err(&e);
	/* The lock is the open file's, and so still that of a listener that was killed. */
	if (l.writes && l.writes->file >= 0)
		flock(l.writes->file, LOCK_UN);
	if (how->ready >= 0 && write_full(how->ready, "\n", 1) == 0)
		close(how->ready);
	while (!is_told_to_stop(&l, 0))
		turn(&l, how->attach);
	finish(&l, how->attach);
	return POD_EXIT_OK;
}
