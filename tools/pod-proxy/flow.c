/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-proxy/flow.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "libcommon/buf.h"

#define TURN       (256 * 1024) /* bytes of one flow before it is somebody else's turn */
#define SPLICE     65536        /* a pipe's size */
#define MANY       (128 * 1024) /* bytes after which a pipe is worth its two descriptors */
#define HELD_FIRST 4096
#define WALK_MAX   32768 /* bytes that may wait for a verdict */

int pump_init(struct pump *p)
{
	p->scratch = xcalloc(1, FLOW_SCRATCH);
	p->spare = xcalloc(FLOW_SPARES, sizeof(*p->spare));
	p->n_spare = 0;
	p->tokens = UINT64_MAX;
	return 0;
}

static void close_pipe(int ends[2])
{
	close(ends[0]);
	close(ends[1]);
}

void pump_finish(struct pump *p)
{
	while (p->n_spare)
		close_pipe(p->spare[--p->n_spare]);
	free(p->spare);
	free(p->scratch);
}

static bool take_pipe(struct flow *f, struct pump *p)
{
	if (f->pipe[0])
		return true;
	if (p->n_spare) {
		memcpy(f->pipe, p->spare[--p->n_spare], sizeof(f->pipe));
		return true;
	}
	if (pipe2(f->pipe, O_CLOEXEC | O_NONBLOCK) == 0)
		return true;
	f->pipe[0] = 0; /* by copy, then */
	return false;
}

/* Only an empty one: the next connection must not find this one's bytes in it. */
static void drop_pipe(struct flow *f, struct pump *p)
{
	if (!f->pipe[0])
		return;
	if (f->in_pipe == 0 && p->n_spare < FLOW_SPARES)
		memcpy(p->spare[p->n_spare++], f->pipe, sizeof(f->pipe));
	else
		close_pipe(f->pipe);
	f->pipe[0] = 0;
}

void flow_finish(struct flow *f, struct pump *p)
{
	drop_pipe(f, p);
	free(f->held.data);
	f->held = (struct held){0};
}

/* Bytes written; 0 when the socket takes no more now; -errno. */
static ssize_t put(struct side *to, const char *data, size_t len)
{
	ssize_t n = send(to->watch.fd, data, len, MSG_NOSIGNAL | MSG_DONTWAIT);

	if (n >= 0)
		return n;
	if (errno != EAGAIN)
		return -errno;
	to->writable = false;
	return 0;
}

static ssize_t get(struct side *from, char *data, size_t len)
{
	ssize_t n = recv(from->watch.fd, data, len, MSG_DONTWAIT);

	if (n >= 0)
		return n;
	if (errno != EAGAIN)
		return -errno;
	from->readable = false;
	return -EAGAIN;
}

static void held_add(struct held *h, const char *data, size_t len)
{
	if (h->size - h->len < len) {
		size_t size = h->size ? h->size : HELD_FIRST;

		while (size - h->len < len)
			size *= 2;
		h->data = xrealloc(h->data, size);
		h->size = size;
	}
	memcpy(h->data + h->len, data, len);
	h->len += len;
}

/* An idle connection holds no memory. */
static void held_shrink(struct held *h)
{
	if (h->from < h->len)
		return;
	free(h->data);
	*h = (struct held){0};
}

int flow_read_held(struct flow *f, size_t max)
{
	struct held *h = &f->held;
	char data[16384];
	ssize_t n;

	if (h->from) { /* what was written makes room */
		memmove(h->data, h->data + h->from, h->len - h->from);
		h->len -= h->from;
		h->ok -= h->from;
		h->from = 0;
	}
	if (h->len >= max)
		return -EMSGSIZE;
	n = get(f->from, data, max - h->len < sizeof(data) ? max - h->len : sizeof(data));
	if (n > 0)
		held_add(h, data, (size_t)n);
	return (int)n;
}

/* 1: all that may go is gone; 0: the socket is full; -errno. */
static int flush_held(struct flow *f)
{
	struct held *h = &f->held;

	while (h->from < h->ok) {
		ssize_t n = f->to->writable ? put(f->to, h->data + h->from, h->ok - h->from) : 0;

		if (n <= 0)
			return (int)n;
		h->from += (size_t)n;
	}
	held_shrink(h);
	return 1;
}

static int flush_pipe(struct flow *f)
{
	while (f->in_pipe) {
		ssize_t n = f->to->writable ? splice(f->pipe[0], NULL, f->to->watch.fd, NULL,
						     f->in_pipe, SPLICE_F_MOVE | SPLICE_F_NONBLOCK)
					    : 0;

		if (n < 0 && errno == EAGAIN) {
			f->to->writable = false;
			return 0;
		}
		if (n <= 0)
			return n < 0 ? -errno : 0;
		f->in_pipe -= (size_t)n;
	}
	return 1;
}

static size_t at_most(const struct pump *p, size_t n)
{
	return p->tokens < n ? (size_t)p->tokens : n;
}

static ssize_t move_spliced(struct flow *f, struct pump *p)
{
	/* The pipe is empty: EAGAIN can only mean that there is nothing to read. */
	ssize_t n = splice(f->from->watch.fd, NULL, f->pipe[1], NULL, at_most(p, SPLICE),
			   SPLICE_F_MOVE | SPLICE_F_NONBLOCK);

	if (n < 0) {
		n = -errno;
		if (n == -EAGAIN)
			f->from->readable = false;
		return n;
	}
	f->in_pipe = (size_t)n;
	return n;
}

static ssize_t move_copied(struct flow *f, struct pump *p)
{
	ssize_t n = get(f->from, p->scratch, at_most(p, FLOW_SCRATCH)), sent;

	if (n <= 0)
		return n;
	sent = f->to->writable ? put(f->to, p->scratch, (size_t)n) : 0;
	if (sent < 0)
		return sent;
	if (sent < n) {
		held_add(&f->held, p->scratch + sent, (size_t)(n - sent));
		f->held.ok = f->held.len;
	}
	return n;
}

static int follow(struct flow *f)
{
	struct held *h = &f->held;
	struct head head;
	int r;

	while ((r = requests_follow(f->requests, h->data, h->len, &h->ok, &head)) == 1) {
		r = f->judge(f->arg, &head);
		if (r < 0)
			return r;
		requests_pass(f->requests, &head, &h->ok);
		if (r > 0) {
			f->paused = true;
			return 0;
		}
	}
	return r;
}

int flow_resume(struct flow *f, bool raw)
{
	f->paused = false;
	if (!raw)
		return follow(f);
	f->requests = NULL;
	f->held.ok = f->held.len;
	return 0;
}

static ssize_t move_followed(struct flow *f)
{
	int n = flow_read_held(f, HEAD_MAX), r;

	if (n <= 0)
		return n;
	r = follow(f);
	return r < 0 ? r : n;
}

int flow_walk(struct flow *f, bool eof)
{
	int r = f->walk(f->arg, &f->held, eof);

	if (r > 0) {
		f->walk = NULL;
		f->held.ok = f->held.len;
	}
	return r;
}

static ssize_t move_walked(struct flow *f)
{
	int n = flow_read_held(f, WALK_MAX), r = n < 0 ? n : flow_walk(f, n == 0);

	return r < 0 ? r : n;
}

static ssize_t move(struct flow *f, struct pump *p)
{
	if (f->walk)
		return move_walked(f);
	if (f->requests)
		return move_followed(f);
	if (f->total >= MANY && take_pipe(f, p))
		return move_spliced(f, p);
	return move_copied(f, p);
}

/* Everything that came has gone: say so once. */
static enum flow_state end(struct flow *f, struct pump *p)
{
	if (!f->told)
		shutdown(f->to->watch.fd, SHUT_WR);
	f->told = true;
	drop_pipe(f, p);
	return FLOW_WAITS;
}

enum flow_state flow_run(struct flow *f, struct pump *p)
{
	size_t moved = 0;

	for (;;) {
		int r = flush_held(f);
		ssize_t n;

		if (r == 1)
			r = flush_pipe(f);
		if (r < 1)
			return r < 0 ? FLOW_DEAD : FLOW_WAITS;
		if (f->eof)
			return end(f, p);
		if (!f->from->readable || f->paused)
			return FLOW_WAITS;
		if (moved >= TURN || p->tokens == 0)
			return FLOW_MORE;
		n = move(f, p);
		if (n < 0)
			return n == -EAGAIN ? FLOW_WAITS : FLOW_DEAD;
		f->eof = n == 0;
		f->total += (uint64_t)n;
		moved += (size_t)n;
		if (p->tokens != UINT64_MAX)
			p->tokens -= p->tokens < (uint64_t)n ? p->tokens : (uint64_t)n;
	}
}
