/* SPDX-License-Identifier: Apache-2.0 */
/* Connections whose first line has not come: what they are is said there, and what follows is
 * theirs. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tools/pod-display/viewer.h"

#define GREETS_MAX 48
#define FIRST_MAX  96
#define GREET_MS   5000

struct greet {
	struct greet *next;
	struct desk *desk;
	struct watch w;
	uint64_t since;
	bool is_done;
	struct buf in;
};

static bool is_id(const char *id, size_t len)
{
	if (len == 0 || len > ID_MAX)
		return false;
	for (size_t i = 0; i < len; i++)
		if (!strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
			    id[i]) ||
		    !id[i])
			return false;
	return true;
}

int greet_parse(const char *line, size_t len, char id[ID_MAX + 1], bool *is_view)
{
	static const char word[] = "viewer ";
	const char *space;
	size_t n = sizeof(word) - 1;

	if (len == 7 && memcmp(line, "control", 7) == 0)
		return GREET_CONTROL;
	if (len <= n || memcmp(line, word, n) != 0)
		return -EPROTO;
	line += n;
	len -= n;
	space = memchr(line, ' ', len);
	if (!space || !is_id(line, (size_t)(space - line)))
		return -EPROTO;
	memcpy(id, line, (size_t)(space - line));
	id[space - line] = '\0';
	len -= (size_t)(space - line);
	if (len == 8 && memcmp(space, " control", 8) == 0)
		*is_view = false;
	else if (len == 5 && memcmp(space, " view", 5) == 0)
		*is_view = true;
	else
		return -EPROTO;
	return GREET_VIEWER;
}

/* The descriptor is another's from here on, or closed. */
static void hand_over(struct greet *g, const char *end)
{
	size_t len = (size_t)(end - g->in.data);
	OWN_BUF struct buf rest = BUF_INIT;
	char id[ID_MAX + 1];
	bool is_view = true;
	int kind = greet_parse(g->in.data, len, id, &is_view), fd, r = kind;

	buf_add(&rest, end + 1, g->in.len - len - 1);
	fd = fcntl(g->w.fd, F_DUPFD_CLOEXEC, 0);
	loop_remove_shared(&g->desk->loop, &g->w);
	g->is_done = true;
	if (fd >= 0 && kind == GREET_VIEWER)
		r = viewer_new(g->desk, fd, id, is_view, &rest);
	else if (fd >= 0 && kind == GREET_CONTROL)
		r = control_new(g->desk, fd, &rest);
	if (fd >= 0 && r < 0)
		close(fd);
}

static void on_greet(void *arg, uint32_t events)
{
	struct greet *g = arg;
	char piece[FIRST_MAX];
	const char *end;
	ssize_t n;

	(void)events;
	if (g->is_done)
		return;
	n = recv(g->w.fd, piece, sizeof(piece), 0);
	if (n < 0 && errno == EAGAIN)
		return;
	if (n > 0)
		buf_add(&g->in, piece, (size_t)n);
	end = g->in.len ? memchr(g->in.data, '\n', g->in.len) : NULL;
	if (end)
		hand_over(g, end);
	else if (n <= 0 || g->in.len >= FIRST_MAX)
		g->is_done = true;
}

static void on_listen(void *arg, uint32_t events)
{
	struct desk *d = arg;
	int fd = accept4(d->listen.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct greet *g;

	(void)events;
	if (fd < 0)
		return;
	if (d->n_greets == GREETS_MAX) {
		close(fd);
		return;
	}
	g = xcalloc(1, sizeof(*g));
	*g = (struct greet){.next = d->greets,
			    .desk = d,
			    .w = {.fd = fd, .fn = on_greet, .arg = g},
			    .since = d->loop.now_ms};
	if (loop_add(&d->loop, &g->w, EPOLLIN) < 0) {
		close(fd);
		free(g);
		return;
	}
	d->greets = g;
	d->n_greets++;
}

void greets_reap(struct desk *d)
{
	struct greet **at = &d->greets, *g;

	while ((g = *at)) {
		if (!g->is_done && d->loop.now_ms < g->since + GREET_MS) {
			at = &g->next;
			continue;
		}
		*at = g->next;
		d->n_greets--;
		loop_remove(&d->loop, &g->w);
		buf_finish(&g->in);
		free(g);
	}
}

int greet_open(struct desk *d, int listen, struct err *e)
{
	int r;

	d->listen = (struct watch){.fd = listen, .fn = on_listen, .arg = d};
	r = loop_add(&d->loop, &d->listen, EPOLLIN);
	return r < 0 ? err_set(e, -r, "watch for viewers") : 0;
}
