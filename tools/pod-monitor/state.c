/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-monitor/state.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/own.h"

#define LOCK_FILE "monitor.lock"
#define MAGIC     0x31726f74696e6f6dull /* "monitor1" */

static void begin(struct state *s)
{
	*s = (struct state){.magic = MAGIC, .size = sizeof(*s)};
	for (size_t i = 0; i < SAMPLE_FIELDS; i++)
		s->totals[i] = s->before[i] = SAMPLE_UNKNOWN;
	s->disk_bytes = s->disk_limit = SAMPLE_UNKNOWN;
}

/* Indices are the only part that could lead astray: of a file cut short by a crash, say. */
static bool is_sound(const struct state *s)
{
	return s->magic == MAGIC && s->size == sizeof(*s) && s->n <= WINDOW_MAX &&
	       s->first < WINDOW_MAX && s->running <= RULES_MAX && s->done <= RULES_MAX;
}

static struct state *map(int fd, int flags, struct err *e)
{
	void *at =
		mmap(NULL, sizeof(struct state), PROT_READ | PROT_WRITE, MAP_SHARED | flags, fd, 0);

	if (at != MAP_FAILED)
		return at;
	err_set(e, errno, "map " STATE_FILE);
	return NULL;
}

struct state *state_open(const struct pod *p, struct err *e)
{
	OWN_FD int fd = openat(p->run, STATE_FILE, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	struct state *s;

	if (fd < 0 || ftruncate(fd, sizeof(*s)) < 0) {
		err_set(e, errno, "open %s/" STATE_FILE, p->runpath);
		return NULL;
	}
	s = map(fd, 0, e);
	if (s && !is_sound(s))
		begin(s);
	return s;
}

/* A lock of the process: what it starts must not hold it on. */
int state_hold(const struct pod *p, struct err *e)
{
	OWN_FD int fd = openat(p->run, LOCK_FILE, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	struct flock lock = {.l_type = F_WRLCK};

	if (fd < 0)
		return err_set(e, errno, "open %s/" LOCK_FILE, p->runpath);
	if (fcntl(fd, F_SETLK, &lock) == 0)
		return take_fd(&fd);
	if (errno == EAGAIN || errno == EACCES)
		return err_status(e, POD_EXIT_BUSY, EBUSY, "watch pod %s: somebody does already",
				  p->name);
	return err_set(e, errno, "lock %s/" LOCK_FILE, p->runpath);
}

struct state *state_anonymous(struct err *e)
{
	struct state *s = map(-1, MAP_ANONYMOUS, e);

	if (s)
		begin(s);
	return s;
}

void state_close(struct state *s)
{
	if (s)
		munmap(s, sizeof(*s));
}

void state_adopt(struct state *s, const struct policy *p)
{
	if (s->policy == p->number)
		return;
	memset(s->rules, 0, sizeof(s->rules));
	s->running = s->done = 0;
	s->policy = p->number;
}

const struct sample *state_at(const struct state *s, uint32_t i)
{
	return &s->window[(s->first + i) % WINDOW_MAX];
}

const struct sample *state_last(const struct state *s)
{
	return s->n && s->n <= WINDOW_MAX ? state_at(s, s->n - 1) : NULL;
}

static void drop_first(struct state *s)
{
	s->first = (s->first + 1) % WINDOW_MAX;
	s->n--;
}

/* A clock that was set back leaves samples of the future: they say nothing about the past. */
void state_push(struct state *s, const struct sample *sample)
{
	const uint64_t span = WINDOW_S * 1000000000ull;

	while (s->n && (state_at(s, 0)->ns + span < sample->ns || s->n == WINDOW_MAX))
		drop_first(s);
	while (s->n && state_last(s)->ns > sample->ns)
		s->n--;
	s->window[(s->first + s->n) % WINDOW_MAX] = *sample;
	s->n++;
}
