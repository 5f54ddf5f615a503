/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The clipboard: an ordinary owner of CLIPBOARD and PRIMARY for what we are given, and a reader of
 * what others put into CLIPBOARD where somebody wants it.  Text alone, 1 MiB at most.
 */
#include <stdlib.h>
#include <string.h>

#include "libcommon/loop.h"
#include "libcommon/own.h"
#include "tools/pod-display/x11.h"

#define EVERY_MS 100  /* others' clipboards are read no more often */
#define STALE_MS 3000 /* an owner that does not answer is forgotten */

void x11_clip_open(struct x11 *x)
{
	const uint32_t mask = XCB_EVENT_MASK_PROPERTY_CHANGE;

	x->clip.window = xcb_generate_id(x->c);
	xcb_create_window(x->c, 0, x->clip.window, x->root->root, -1, -1, 1, 1, 0,
			  XCB_WINDOW_CLASS_INPUT_ONLY, XCB_COPY_FROM_PARENT, XCB_CW_EVENT_MASK,
			  &mask);
	xcb_xfixes_select_selection_input(x->c, x->clip.window, x->atoms[ATOM_CLIPBOARD],
					  XCB_XFIXES_SELECTION_EVENT_MASK_SET_SELECTION_OWNER);
}

int x11_set_clipboard(struct screen *s, const char *text, size_t len)
{
	struct x11 *x = s->priv;
	static const enum x11_atom both[] = {ATOM_CLIPBOARD, ATOM_PRIMARY};

	if (!x->c)
		return -ENOTCONN;
	if (len > CLIPBOARD_MAX || len / 4 + 16 > xcb_get_maximum_request_length(x->c))
		return -E2BIG;
	if (!utf8_valid(text, len))
		return -EINVAL;
	buf_clear(&x->clip.own);
	buf_add(&x->clip.own, text, len);
	x->clip.is_ours = true;
	for (int i = 0; i < 2; i++)
		xcb_set_selection_owner(x->c, x->clip.window, x->atoms[both[i]], XCB_CURRENT_TIME);
	xcb_flush(x->c);
	return 0;
}

/* False: we have not that form of it. */
static bool put_answer(struct x11 *x, const xcb_selection_request_event_t *q, xcb_atom_t property)
{
	const xcb_atom_t *a = x->atoms;
	const xcb_atom_t targets[] = {a[ATOM_TARGETS], a[ATOM_TIMESTAMP], a[ATOM_UTF8_STRING],
				      a[ATOM_TEXT_UTF8]};

	if (q->target == a[ATOM_TARGETS])
		xcb_change_property(x->c, XCB_PROP_MODE_REPLACE, q->requestor, property,
				    XCB_ATOM_ATOM, 32, 4, targets);
	else if (q->target == a[ATOM_TIMESTAMP])
		xcb_change_property(x->c, XCB_PROP_MODE_REPLACE, q->requestor, property,
				    XCB_ATOM_INTEGER, 32, 1, &x->clip.since);
	else if (q->target == a[ATOM_UTF8_STRING] || q->target == a[ATOM_TEXT_UTF8])
		xcb_change_property(x->c, XCB_PROP_MODE_REPLACE, q->requestor, property, q->target,
				    8, (uint32_t)x->clip.own.len, x->clip.own.data);
	else
		return false;
	return true;
}

static void on_request(struct x11 *x, const xcb_selection_request_event_t *q)
{
	xcb_atom_t property = q->property ? q->property : q->target;
	xcb_selection_notify_event_t n = {
		.response_type = XCB_SELECTION_NOTIFY,
		.time = q->time,
		.requestor = q->requestor,
		.selection = q->selection,
		.target = q->target,
		.property = x->clip.is_ours && put_answer(x, q, property) ? property : XCB_NONE,
	};
	char event[32] = {0};

	memcpy(event, &n, sizeof(n));
	xcb_send_event(x->c, 0, q->requestor, 0, event);
	xcb_flush(x->c);
}

static void on_owner(struct x11 *x, const xcb_xfixes_selection_notify_event_t *n)
{
	if (n->selection != x->atoms[ATOM_CLIPBOARD])
		return;
	if (n->owner == x->clip.window) {
		x->clip.since = n->selection_timestamp;
		return;
	}
	x->clip.is_ours = false;
	x->clip.is_wanted = n->owner != XCB_NONE;
}

static void deliver(struct x11 *x)
{
	struct x11_clip *p = &x->clip;

	p->is_asked = p->is_incr = false;
	if (p->in.len > 0 && p->in.len <= CLIPBOARD_MAX && x->s->on_clipboard &&
	    utf8_valid(p->in.data, p->in.len))
		x->s->on_clipboard(x->s->arg, p->in.data, p->in.len);
	buf_clear(&p->in);
}

/* What lies on our window goes into in; its length, -1: an announcement of pieces. */
static int take_property(struct x11 *x)
{
	OWN_FREE xcb_get_property_reply_t *r = xcb_get_property_reply(
		x->c,
		xcb_get_property(x->c, 1, x->clip.window, x->atoms[ATOM_PROPERTY], XCB_ATOM_ANY, 0,
				 CLIPBOARD_MAX / 4),
		NULL);
	int len = r ? xcb_get_property_value_length(r) : 0;

	if (r && r->type == x->atoms[ATOM_INCR])
		return -1;
	if (r && r->bytes_after > 0) /* too much: none of it */
		xcb_delete_property(x->c, x->clip.window, x->atoms[ATOM_PROPERTY]);
	if (!r || r->format != 8 || r->bytes_after > 0)
		return 0;
	if (x->clip.in.len <= CLIPBOARD_MAX)
		buf_add(&x->clip.in, xcb_get_property_value(r), (size_t)len);
	return len;
}

static void on_converted(struct x11 *x, const xcb_selection_notify_event_t *n)
{
	if (!x->clip.is_asked || n->selection != x->atoms[ATOM_CLIPBOARD])
		return;
	buf_clear(&x->clip.in);
	if (n->property != XCB_NONE && take_property(x) < 0)
		x->clip.is_incr = true;
	else
		deliver(x);
}

static void on_piece(struct x11 *x, const xcb_property_notify_event_t *n)
{
	if (!x->clip.is_incr || n->window != x->clip.window || n->state != XCB_PROPERTY_NEW_VALUE ||
	    n->atom != x->atoms[ATOM_PROPERTY])
		return;
	x->clip.asked = loop_clock();
	if (take_property(x) == 0)
		deliver(x);
}

void x11_clip_event(struct x11 *x, const xcb_generic_event_t *ev)
{
	uint8_t type = ev->response_type & 0x7f;

	if (type == x->fixes_event + XCB_XFIXES_SELECTION_NOTIFY)
		on_owner(x, (const void *)ev);
	else if (type == XCB_SELECTION_REQUEST)
		on_request(x, (const void *)ev);
	else if (type == XCB_SELECTION_NOTIFY)
		on_converted(x, (const void *)ev);
	else if (type == XCB_PROPERTY_NOTIFY)
		on_piece(x, (const void *)ev);
}

int x11_clip_tick(struct x11 *x, uint64_t now)
{
	struct x11_clip *p = &x->clip;

	if (p->is_asked && now >= p->asked + STALE_MS) {
		p->is_asked = p->is_incr = false;
		buf_clear(&p->in);
	}
	if (!x->s->on_clipboard)
		p->is_wanted = false;
	if (!p->is_wanted)
		return p->is_asked ? (int)(p->asked + STALE_MS - now) : -1;
	if (p->is_asked)
		return EVERY_MS;
	if (now < p->asked + EVERY_MS)
		return (int)(p->asked + EVERY_MS - now);
	p->is_wanted = false;
	p->is_asked = true;
	p->asked = now;
	xcb_convert_selection(x->c, x->clip.window, x->atoms[ATOM_CLIPBOARD],
			      x->atoms[ATOM_UTF8_STRING], x->atoms[ATOM_PROPERTY],
			      XCB_CURRENT_TIME);
	return STALE_MS;
}
