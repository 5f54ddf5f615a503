/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libvncserver as an encoder and nothing else.  It opens no port, and neither reads nor writes any
 * socket: its four functions that would are ours (a program's own come before a library's), so that
 * it is fed whole messages, and what it says waits in a queue of the viewer's own.  Its own would
 * wait for one viewer, for seconds, and all others with it.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <rfb/rfb.h>
#include <rfb/rfbregion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "libcommon/say.h"
#include "tools/pod-display/viewer.h"

#define FRAME_MS 16    /* between two updates of one viewer */
#define LOOK_MS  4     /* between two looks whether it has taken all of the last one */
#define SLOW_MS  1000  /* after which it is looked at less often */
#define STUCK_MS 30000 /* and after which it is let go */

#define EXPORT __attribute__((visibility("default")))

static unsigned greetings; /* that the library wrote; it must do that by our function */

EXPORT int rfbWriteExact(rfbClientPtr cl, const char *buf, int len)
{
	struct viewer *v = cl->clientData;

	if (!v) { /* its greeting: the viewer has had ours */
		greetings++;
		return 1;
	}
	return viewer_send(v, buf, (size_t)len) < 0 ? -1 : 1;
}

EXPORT int rfbReadExactTimeout(rfbClientPtr cl, char *buf, int len, int timeout)
{
	struct viewer *v = cl->clientData;

	(void)timeout;
	if (!v || len < 0 || v->n_feed < (size_t)len)
		return 0; /* as at the end of a connection */
	memcpy(buf, v->feed, (size_t)len);
	v->feed += len;
	v->n_feed -= (size_t)len;
	return 1;
}

EXPORT int rfbReadExact(rfbClientPtr cl, char *buf, int len)
{
	return rfbReadExactTimeout(cl, buf, len, 0);
}

/* Whether a WebSocket begins: never, and there is no waiting for one. */
EXPORT int rfbPeekExactTimeout(rfbClientPtr cl, char *buf, int len, int timeout)
{
	(void)cl;
	(void)buf;
	(void)len;
	(void)timeout;
	errno = ETIMEDOUT;
	return -1;
}

static void set_format(rfbScreenInfoPtr r)
{
	r->serverFormat.depth = 24;
	r->serverFormat.redShift = 16;
	r->serverFormat.greenShift = 8;
	r->serverFormat.blueShift = 0;
}

int encode_init(struct desk *d, struct err *e)
{
	rfbScreenInfoPtr r;

	rfbLogEnable(0);
	r = rfbGetScreen(NULL, NULL, SCREEN_MIN, SCREEN_MIN, 8, 3, 4);
	if (!r)
		return err_set(e, ENOMEM, "make an encoder");
	r->port = r->ipv6port = 0;
	r->autoPort = FALSE;
	r->httpDir = NULL;
	r->desktopName = "pod";
	r->alwaysShared = TRUE;
	r->permitFileTransfer = FALSE;
	r->deferUpdateTime = 0;
	r->maxClientWait = 5000;
	r->cursor = NULL;
	r->frameBuffer = (char *)d->screen.pixels;
	set_format(r);
	d->rfb = r;
	return 0;
}

static void free_shape(struct rfbCursor *c)
{
	free(c->richSource);
	free(c->mask);
	*c = (struct rfbCursor){0};
}

void encode_finish(struct desk *d)
{
	if (!d->rfb)
		return;
	d->rfb->cursor = NULL;
	rfbScreenCleanup(d->rfb);
	d->rfb = NULL;
	free_shape(&d->shapes[0]);
	free_shape(&d->shapes[1]);
}

/* The descriptor that it gets is good for closing it. */
int encode_add(struct viewer *v)
{
	unsigned before = greetings;
	int fd = fcntl(v->w.fd, F_DUPFD_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	v->cl = rfbNewClient(v->desk->rfb, fd);
	if (!v->cl)
		return -ENOMEM;
	if (greetings == before) {
		say_error("libvncserver writes to viewers by itself: it was built in another way");
		v->desk->loop.stop = 1;
		return -ENOTSUP;
	}
	v->cl->clientData = v;
	v->cl->state = RFB_NORMAL;
	v->cl->protocolMajorVersion = 3;
	v->cl->protocolMinorVersion = 8;
	v->cl->viewOnly = TRUE; /* what viewers do is done by input.c */
	return 0;
}

void encode_remove(struct viewer *v)
{
	if (!v->cl)
		return;
	v->cl->clientData = NULL;
	rfbClientConnectionGone(v->cl);
	v->cl = NULL;
}

int encode_feed(struct viewer *v, const uint8_t *data, size_t len)
{
	v->feed = data;
	v->n_feed = len;
	rfbProcessClientMessage(v->cl);
	return v->cl->sock == RFB_INVALID_SOCKET || v->n_feed > 0 ? -EPROTO : 0;
}

/* A viewer that cannot be told of another size would be sent pixels beyond its own. */
void encode_size(struct desk *d)
{
	const struct screen *s = &d->screen;

	rfbNewFramebuffer(d->rfb, (char *)s->pixels, s->width, s->height, 8, 3, 4);
	set_format(d->rfb);
	for (struct viewer *v = d->viewers; v; v = v->next) {
		if (!v->cl)
			continue;
		d->rfb->setTranslateFunction(v->cl);
		if (!v->cl->useNewFBSize)
			viewer_end(v);
	}
}

void encode_size_asked(struct viewer *v, bool is_granted)
{
	v->cl->requestedDesktopSizeChange = rfbExtDesktopSize_ClientRequestedChange;
	v->cl->lastDesktopSizeChangeError =
		is_granted ? rfbExtDesktopSize_Success : rfbExtDesktopSize_InvalidScreenLayout;
	if (!is_granted)
		v->cl->newFBSizePending = TRUE;
	for (struct viewer *o = v->desk->viewers; is_granted && o; o = o->next)
		if (o != v && o->cl)
			o->cl->requestedDesktopSizeChange =
				rfbExtDesktopSize_OtherClientRequestedChange;
}

void encode_pixels(struct desk *d)
{
	for (unsigned i = 0; i < d->screen.n_damage; i++) {
		const struct rect *r = &d->screen.damage[i];

		rfbMarkRectAsModified(d->rfb, r->x, r->y, r->x + r->w, r->y + r->h);
	}
}

/* Where it is opaque; RFB's cursors have no shades. */
static void copy_shape(struct rfbCursor *to, const struct cursor *from)
{
	size_t n = (size_t)from->width * (size_t)from->height, line = ((size_t)from->width + 7) / 8;
	uint32_t *pixels = xcalloc(n ? n : 1, sizeof(*pixels));
	unsigned char *mask = xcalloc(n ? line * (size_t)from->height : 1, 1);

	for (size_t i = 0; i < n; i++) {
		uint32_t p = from->argb[i], alpha = p >> 24;
		size_t x = i % (size_t)from->width, y = i / (size_t)from->width;

		if (alpha < 128)
			continue;
		mask[y * line + x / 8] |= (unsigned char)(0x80 >> (x & 7));
		for (int shift = 0; shift < 24; shift += 8) {
			uint32_t c = (p >> shift & 0xff) * 255 / alpha;

			pixels[i] |= (c > 255 ? 255 : c) << shift;
		}
	}
	*to = (struct rfbCursor){.width = (unsigned short)from->width,
				 .height = (unsigned short)from->height,
				 .xhot = (unsigned short)from->hot_x,
				 .yhot = (unsigned short)from->hot_y,
				 .richSource = (unsigned char *)pixels,
				 .mask = mask};
}

void encode_cursor(struct desk *d)
{
	struct rfbCursor *next = d->rfb->cursor == &d->shapes[0] ? &d->shapes[1] : &d->shapes[0];

	if (d->screen.cursor.serial == d->cursor)
		return;
	d->cursor = d->screen.cursor.serial;
	free_shape(next);
	copy_shape(next, &d->screen.cursor);
	rfbSetCursor(d->rfb, next);
}

void encode_pointer(struct desk *d)
{
	int x = d->screen.pointer_x, y = d->screen.pointer_y;

	if (d->rfb->cursorX == x && d->rfb->cursorY == y)
		return;
	d->rfb->cursorX = x;
	d->rfb->cursorY = y;
	for (struct viewer *v = d->viewers; v; v = v->next)
		if (v->cl && (v->x != x || v->y != y))
			v->cl->cursorWasMoved = TRUE;
}

/* Has it taken all that it was sent? */
static bool is_drained(struct viewer *v, uint64_t now)
{
	int waiting = 0;

	if (v->sent == v->out.len && ioctl(v->w.fd, SIOCOUTQ, &waiting) < 0)
		waiting = 0;
	if (v->sent == v->out.len && waiting == 0) {
		v->waiting = 0;
		return true;
	}
	if (v->waiting == 0 || waiting < v->waiting)
		v->moved = now;
	v->waiting = waiting ? waiting : 1;
	if (now > v->moved + STUCK_MS)
		viewer_end(v);
	return false;
}

/* Milliseconds until this one is due; -1: when something happens. */
static int update_one(struct viewer *v, uint64_t now)
{
	if (v->state != VIEWER_NORMAL)
		return -1;
	if (!FB_UPDATE_PENDING(v->cl) || sraRgnEmpty(v->cl->requestedRegion))
		return -1;
	if (now < v->updated + FRAME_MS)
		return (int)(v->updated + FRAME_MS - now);
	if (!is_drained(v, now))
		return now > v->moved + SLOW_MS ? 100 : LOOK_MS;
	v->updated = now;
	rfbUpdateClient(v->cl);
	if (v->cl->sock == RFB_INVALID_SOCKET)
		viewer_end(v);
	return -1;
}

int encode_update(struct desk *d, uint64_t now)
{
	int least = -1;

	for (struct viewer *v = d->viewers; v; v = v->next) {
		int due = update_one(v, now);

		if (due >= 0 && (least < 0 || due < least))
			least = due;
	}
	return least;
}
