/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-display/verbs.h"

#include <string.h>

#include "envpod/exit.h"
#include "libcommon/jsonw.h"
#include "libcommon/request.h"
#include "tools/pod-display/viewer.h"

#define LEASE_MAX 3600 /* seconds */

static int wrong(struct err *e, const char *what)
{
	return err_status(e, POD_EXIT_USAGE, EINVAL, "%s", what);
}

/* Seconds of the lease that are left. */
static int64_t lease_left(const struct desk *d)
{
	uint64_t now = d->loop.now_ms;

	return desk_is_leased(d, now) ? (int64_t)((d->lease_end - now + 999) / 1000) : 0;
}

static void add_lease(const struct desk *d, struct buf *answer)
{
	jw_kstr(answer, "lease", lease_left(d) ? d->lease : "");
	jw_knum(answer, "seconds", lease_left(d));
}

int verb_viewers(struct desk *d, const char *line, struct buf *answer, struct err *e)
{
	(void)line;
	(void)e;
	jw_key(answer, "viewers");
	jw_open(answer, '[');
	for (const struct viewer *v = d->viewers; v; v = v->next) {
		if (v->state == VIEWER_GONE)
			continue;
		jw_open(answer, '{');
		jw_kstr(answer, "id", v->id);
		jw_kstr(answer, "mode", v->is_view ? "view" : "control");
		jw_kbool(answer, "up", v->state == VIEWER_NORMAL);
		jw_close(answer, '}');
	}
	jw_close(answer, ']');
	add_lease(d, answer);
	jw_kbool(answer, "blank", d->is_blank);
	jw_kbool(answer, "clipboard", d->has_clipboard);
	jw_kbool(answer, "screen", d->is_up);
	return 0;
}

int verb_lease(struct desk *d, const char *line, struct buf *answer, struct err *e)
{
	OWN_BUF struct buf id = BUF_INIT;
	int64_t seconds = 0;
	const struct viewer *v;
	int r = member_text(line, "viewer", &id, e);

	if (r >= 0)
		r = member_number(line, "seconds", &seconds, e);
	if (r < 0)
		return r;
	if (seconds < 0 || seconds > LEASE_MAX)
		return wrong(e, "\"seconds\" is from 0, which ends a lease, to 3600");
	if (seconds > 0) {
		v = id.len > 0 ? viewer_find(d, id.data) : NULL;
		if (!v || v->is_view)
			return wrong(e, "\"viewer\" is none who is here and may control");
	}
	if (seconds > 0 || id.len == 0 || strcmp(id.data, d->lease) == 0)
		desk_lease(d, seconds > 0 ? id.data : "", (uint64_t)seconds);
	add_lease(d, answer);
	return 0;
}

/* "on": true or false; -EINVAL where it is not there. */
static int flag(const char *line, bool *on, struct err *e)
{
	int r = member_flag(line, "on", on, e);

	return r == 0 ? wrong(e, "\"on\" is missing: true or false") : r < 0 ? r : 0;
}

int verb_blank(struct desk *d, const char *line, struct buf *answer, struct err *e)
{
	bool on;
	int r = flag(line, &on, e);

	if (r < 0)
		return r;
	d->is_blank = on;
	jw_kbool(answer, "on", on);
	return 0;
}

int verb_clipboard(struct desk *d, const char *line, struct buf *answer, struct err *e)
{
	bool on;
	int r = flag(line, &on, e);

	if (r < 0)
		return r;
	cut_switch(d, on);
	jw_kbool(answer, "on", on);
	return 0;
}

int verb_resize(struct desk *d, const char *line, struct buf *answer, struct err *e)
{
	int64_t width = 0, height = 0;
	int r = member_number(line, "width", &width, e);

	if (r >= 0)
		r = member_number(line, "height", &height, e);
	if (r < 0)
		return r;
	if (width < 0 || width > SCREEN_MAX_WIDTH || height < 0 || height > SCREEN_MAX_HEIGHT)
		return wrong(e, "\"width\" and \"height\" are more than any screen has");
	r = desk_resize(d, (int)width, (int)height, e);
	if (r < 0)
		return r;
	jw_knum(answer, "width", width);
	jw_knum(answer, "height", height);
	return 0;
}

static int need_screen(const struct desk *d, struct err *e)
{
	return d->is_up ? 0
			: err_status(e, POD_EXIT_BUSY, EAGAIN, "there is no screen at the moment");
}

int verb_size(struct desk *d, const char *line, struct buf *answer, struct err *e)
{
	(void)line;
	if (need_screen(d, e) < 0)
		return -EAGAIN;
	jw_knum(answer, "width", d->screen.width);
	jw_knum(answer, "height", d->screen.height);
	return 0;
}

int verb_pointer(struct desk *d, const char *line, struct buf *answer, struct err *e)
{
	(void)line;
	if (need_screen(d, e) < 0 || desk_look(d, e) < 0)
		return -EAGAIN;
	jw_knum(answer, "x", d->screen.pointer_x);
	jw_knum(answer, "y", d->screen.pointer_y);
	return 0;
}
