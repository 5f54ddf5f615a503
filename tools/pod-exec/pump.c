/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-exec/pump.h"

#include <errno.h>
#include <unistd.h>

#include "libcommon/own.h"

void pump_init(struct pump *p)
{
	p->from = p->to = -1;
	p->at = p->len = 0;
}

void pump_finish(struct pump *p)
{
	own_close(&p->from);
	own_close(&p->to);
	pump_init(p);
}

bool pump_open(const struct pump *p)
{
	return p->to >= 0;
}

void pump_poll(const struct pump *p, bool paused, struct pollfd ends[2])
{
	bool full = p->at < p->len;

	ends[0] = (struct pollfd){.fd = full || paused ? -1 : p->from, .events = POLLIN};
	ends[1] = (struct pollfd){.fd = full ? p->to : -1, .events = POLLOUT};
}

/* A terminal whose other side is closed answers EIO: that is its end of file. */
static void take(struct pump *p)
{
	ssize_t n = read(p->from, p->data, sizeof(p->data));

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	p->at = 0;
	p->len = n > 0 ? (size_t)n : 0;
	if (n <= 0)
		pump_finish(p);
}

static void give(struct pump *p)
{
	ssize_t n = write(p->to, p->data + p->at, p->len - p->at);

	if (n >= 0)
		p->at += (size_t)n;
	else if (errno != EAGAIN && errno != EINTR)
		pump_finish(p); /* nobody is there to read it */
}

void pump_move(struct pump *p, const struct pollfd ends[2])
{
	if (ends[1].fd >= 0 && ends[1].revents)
		give(p);
	else if (ends[0].fd >= 0 && ends[0].revents)
		take(p);
}
