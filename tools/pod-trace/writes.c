/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-trace/writes.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "libcommon/clock.h"
#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/writers.h"
#include "tools/pod-trace/tell.h"

#define LOOKS   10
#define TRIES   1024
#define LOOK_MS 2
#define OPENED  (O_RDONLY | O_NONBLOCK | O_LARGEFILE | O_NOATIME | O_CLOEXEC)

/* A view that was there before us: its root.  Of others nothing is heard until the next one. */
static void mark_live(const struct writes *w, const struct pod *p)
{
	struct err ignored = {0};
	pid_t init = pod_init_pid(p, NULL, &ignored);
	OWN_FREE char *root = xfmt("/proc/%d/root", (int)init);

	if (init > 0)
		fanotify_mark(w->group, FAN_MARK_ADD | FAN_MARK_FILESYSTEM,
			      FAN_MODIFY | FAN_CLOSE_WRITE, AT_FDCWD, root);
}

/* Where pod-mount finds the group: tools/pod-mount/watched.c. */
static int publish(const struct writes *w, const struct pod *p, struct err *e)
{
	OWN_FREE char *line =
		xfmt("%d %llu %d\n", (int)getpid(), pod_start_time(getpid()), w->group);
	int r = write_file_at(p->run, "trace", line, strlen(line), 0600, false);

	return r < 0 ? err_set(e, -r, "write %s/trace", p->runpath) : 0;
}

int writes_open(struct writes *w, const struct pod *p, struct err *e)
{
	*w = (struct writes)WRITES_INIT;
	w->group = fanotify_init(FAN_CLASS_NOTIF | FAN_CLOEXEC | FAN_NONBLOCK, OPENED);
	if (w->group < 0)
		return 0; /* doctor says so */
	w->file = openat(p->dir, WRITERS_FILE, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW,
			 0600);
	if (w->file < 0)
		return err_set(e, errno, "open %s/" WRITERS_FILE, p->path);
	mark_live(w, p);
	return publish(w, p, e);
}

void writes_finish(struct writes *w, const struct pod *p)
{
	if (w->group >= 0 && p->run >= 0)
		unlinkat(p->run, "trace", 0);
	own_close(&w->group);
	own_close(&w->file);
	*w = (struct writes)WRITES_INIT;
}

/* The path as its overlay's mount is attached in the pod. */
static bool path_of(int fd, char *out, size_t size)
{
	char link[32];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, out, size - 1);
	if (n <= 0 || (size_t)n >= size - 1)
		return false;
	out[n] = '\0';
	return true;
}

/* What is read at once, and how to hear of the commands of who wrote. */
struct batch {
	struct tell *tell;
	struct buf lines;
	void (*catch_up)(void *arg);
	void *arg;
	int patience; /* looks that are left */
};

/*
 * A record in the ring that is being filled in by a process which does not run just now hides those
 * behind it, for a moment.
 */
static const struct command *command_now(struct batch *b, uint32_t tgid)
{
	const struct command *c = command_of(&b->tell->commands, tgid);

	for (; !c && b->patience > 0; b->patience--) {
		poll(NULL, 0, LOOK_MS);
		b->catch_up(b->arg);
		c = command_of(&b->tell->commands, tgid);
	}
	return c;
}

static void add_line(struct batch *b, const struct fanotify_event_metadata *m)
{
	const struct command *c = command_now(b, (uint32_t)m->pid);
	const struct command *run = c ? command_root(c) : NULL;
	OWN_FREE char *shown = NULL;
	struct timespec now;
	struct stat st;
	char path[PATH_MAX];

	if (!c || !*c->text || fstat(m->fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_nlink == 0 ||
	    !path_of(m->fd, path, sizeof(path)))
		return;
	clock_gettime(CLOCK_REALTIME, &now);
	shown = mask_text(&b->tell->mask, path, false);
	writers_line(&b->lines, &(struct written){.closed = !(m->mask & FAN_MODIFY),
						  .time_ns = clock_ns(&now),
						  .file = {shown, clock_ns(&st.st_mtim),
							   (uint64_t)st.st_size, st.st_ino},
						  .pid = c->pid,
						  .run = run && *run->text ? run->text : "-",
						  .command = c->text});
}

/* The older half goes.  Who reads meanwhile holds it locked; then it goes later. */
static void bound(const struct writes *w)
{
	OWN_FREE char *data = NULL;
	struct stat st;
	ssize_t n;
	char *nl;

	if (fstat(w->file, &st) < 0 || st.st_size <= (off_t)WRITERS_MAX)
		return;
	data = xcalloc(1, WRITERS_MAX / 2 + 1);
	n = pread(w->file, data, WRITERS_MAX / 2, st.st_size - (off_t)(WRITERS_MAX / 2));
	nl = n > 0 ? memchr(data, '\n', (size_t)n) : NULL;
	if (!nl || ftruncate(w->file, 0) < 0)
		return;
	write_full(w->file, nl + 1, (size_t)(data + n - nl - 1));
}

static bool take_all(struct batch *b, char *data, size_t size)
{
	struct fanotify_event_metadata *m = (void *)data;
	bool whole = true;

	for (ssize_t n = (ssize_t)size; FAN_EVENT_OK(m, n); m = FAN_EVENT_NEXT(m, n)) {
		if (m->mask & FAN_Q_OVERFLOW)
			whole = false;
		if (m->fd < 0)
			continue;
		add_line(b, m);
		close(m->fd);
	}
	return whole;
}

/*
 * The next ones.  One that the kernel could not open for us, a file with a lease say, is gone, and
 * says nothing of those behind it.
 */
static ssize_t read_some(const struct writes *w, struct tell *t, char *data, size_t size)
{
	struct pollfd fd = {.fd = w->group, .events = POLLIN};

	for (int i = 0; i < TRIES && poll(&fd, 1, 0) > 0; i++) {
		ssize_t n = read(w->group, data, size);

		if (n > 0)
			return n;
		t->lines.writes_lost = true;
	}
	return 0;
}

bool writes_take(struct writes *w, struct tell *t, void (*catch_up)(void *arg), void *arg)
{
	char data[16384] __attribute__((aligned(__alignof__(struct fanotify_event_metadata))));
	struct batch b = {.tell = t, .catch_up = catch_up, .arg = arg, .patience = LOOKS};
	ssize_t n;

	if (w->group < 0 || flock(w->file, LOCK_EX | LOCK_NB) < 0)
		return false;
	n = read_some(w, t, data, sizeof(data));
	if (n > 0) {
		catch_up(arg);
		if (!take_all(&b, data, (size_t)n))
			t->lines.writes_lost = true;
	}
	if (b.lines.len && write_full(w->file, b.lines.data, b.lines.len) == 0)
		bound(w);
	buf_finish(&b.lines);
	flock(w->file, LOCK_UN);
	return n > 0;
}
