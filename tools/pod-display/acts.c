/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-display/acts.h"

#include <stdlib.h>
#include <time.h>

#include "envpod/exit.h"
#include "libcommon/jsonw.h"

static const struct deed *const deeds[WISH_KINDS] = {
	[WISH_SIZE] = &deed_tell,     [WISH_POINTER] = &deed_tell,      [WISH_SHOT] = &deed_shot,
	[WISH_RECORD] = &deed_record, [WISH_WAIT_CHANGE] = &deed_watch, [WISH_MOVE] = &deed_hand,
	[WISH_CLICK] = &deed_hand,    [WISH_DRAG] = &deed_hand,         [WISH_SCROLL] = &deed_hand,
	[WISH_TYPE] = &deed_hand,     [WISH_KEY] = &deed_hand,
};

/* --- rectangles --- */

bool rect_on(struct rect *r, const struct screen *s)
{
	return rect_clip(r, &(struct rect){0, 0, s->width, s->height});
}

bool rect_meets(const struct rect *a, const struct rect *b)
{
	return a->x < b->x + b->w && b->x < a->x + a->w && a->y < b->y + b->h && b->y < a->y + a->h;
}

static int least(int a, int b)
{
	return a < b ? a : b;
}

static int most(int a, int b)
{
	return a > b ? a : b;
}

struct rect rect_join(const struct rect *a, const struct rect *b)
{
	int x = least(a->x, b->x), y = least(a->y, b->y);

	return (struct rect){x, y, most(a->x + a->w, b->x + b->w) - x,
			     most(a->y + a->h, b->y + b->h) - y};
}

/* --- answers --- */

void answer_open(struct act *a)
{
	jw_open(&a->out, '{');
	jw_kbool(&a->out, "ok", true);
}

void answer_close(struct act *a)
{
	jw_close(&a->out, '}');
	buf_char(&a->out, '\n');
}

void act_done(struct act *a)
{
	a->finished = true;
	a->due = DUE_NEVER;
	for (struct act *b = a->next; b; b = b->next)
		if (b->is_behind)
			b->due = 0;
}

const char *act_error(int status)
{
	static const struct {
		int status;
		const char *word;
	} words[] = {
		{POD_EXIT_USAGE, "usage"},
		{POD_EXIT_BUSY, "busy"},
		{POD_EXIT_UNSUPPORTED, "unsupported"},
		{POD_EXIT_REFUSED, "refused"},
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (words[i].status == status)
			return words[i].word;
	return "failed";
}

void act_fail(struct act *a, const struct err *e)
{
	int status = err_exit(e);

	jw_open(&a->out, '{');
	jw_kbool(&a->out, "ok", false);
	jw_kstr(&a->out, "error", act_error(status));
	jw_knum(&a->out, "status", status);
	jw_kstr(&a->out, "message", e->msg);
	answer_close(a);
	act_done(a);
}

/* --- one act --- */

/* Who may do it changes while it is under way: a lease is taken in the middle of a drag. */
static int allowed(const struct act *a, struct err *e)
{
	const struct acts *all = a->acts;

	if (!all->screen)
		return err_status(e, POD_EXIT_BUSY, ERR_PLAIN,
				  "there is no screen at the moment: try again");
	if (all->leased && wish_acts(a->wish.kind))
		return err_status(e, POD_EXIT_BUSY, ERR_PLAIN,
				  "a viewer has keyboard and pointer to itself: try again later");
	if (all->blanked && wish_looks(a->wish.kind))
		return err_status(e, POD_EXIT_BUSY, ERR_PLAIN,
				  "the screen is blanked by a person: try again later");
	return 0;
}

static void append(struct acts *all, struct act *a)
{
	struct act **at = &all->first;

	while (*at)
		at = &(*at)->next;
	*at = a;
}

struct act *act_new(struct acts *all, const char *line, size_t len, uint64_t now)
{
	struct act *a = xcalloc(1, sizeof(*a));
	struct err e = {0};

	a->acts = all;
	a->due = now;
	append(all, a);
	if (wish_parse(&a->wish, line, len, &e) < 0 || allowed(a, &e) < 0) {
		act_fail(a, &e);
		return a;
	}
	a->deed = deeds[a->wish.kind];
	if (a->deed->begin(a, now, &e) < 0)
		act_fail(a, &e);
	return a;
}

void act_free(struct act *a)
{
	struct act **at;

	if (!a)
		return;
	act_done(a);
	for (at = &a->acts->first; *at != a;)
		at = &(*at)->next;
	*at = a->next;
	if (a->deed && a->deed->end)
		a->deed->end(a);
	wish_finish(&a->wish);
	buf_finish(&a->out);
	free(a);
}

void act_sent(struct act *a, size_t n)
{
	a->sent += n;
	if (a->sent < a->out.len)
		return;
	buf_clear(&a->out);
	a->sent = 0;
}

/* --- all of them --- */

bool act_waits(struct act *a)
{
	a->is_behind = false;
	for (const struct act *b = a->acts->first; b != a; b = b->next)
		a->is_behind |= b->deed == a->deed && !b->finished;
	if (a->is_behind)
		a->due = DUE_NEVER;
	return a->is_behind;
}

int acts_fresh(struct acts *all, struct err *e)
{
	return all->fresh(all->arg, e);
}

bool acts_watch(const struct acts *all)
{
	for (const struct act *a = all->first; a; a = a->next)
		if (!a->finished && a->deed->damage)
			return true;
	return false;
}

unsigned acts_count(const struct acts *all, const struct deed *deed)
{
	unsigned n = 0;

	for (const struct act *a = all->first; a; a = a->next)
		n += a->deed == deed && !a->finished;
	return n;
}

uint64_t acts_run(struct acts *all, uint64_t now)
{
	uint64_t next = DUE_NEVER;

	for (struct act *a = all->first; a; a = a->next) {
		struct err e = {0};

		if (!a->finished && allowed(a, &e) < 0) {
			/* What it held is let go of now, not when its connection ends. */
			if (a->deed->end)
				a->deed->end(a);
			act_fail(a, &e);
		}
		if (!a->finished && a->due <= now)
			a->deed->step(a, now);
		if (!a->finished && a->due < next)
			next = a->due;
	}
	return next;
}

void acts_damage(struct acts *all, const struct rect *rects, size_t n, uint64_t now)
{
	for (struct act *a = all->first; a; a = a->next)
		for (size_t i = 0; i < n && !a->finished && a->deed->damage; i++)
			a->deed->damage(a, &rects[i], now);
}

void acts_screen(struct acts *all, struct screen *screen)
{
	all->screen = screen;
}

/* --- credit: a bucket of a second's share, which fills as time goes by --- */

uint64_t acts_clock_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000u + (uint64_t)t.tv_nsec / 1000u;
}

uint64_t acts_credit(struct acts *all, uint64_t now)
{
	int64_t full = ACTS_SHARE * 1000;

	if (!all->credited || now > all->credited + 1000)
		all->credit_us = full;
	else
		all->credit_us += (int64_t)(now - all->credited) * ACTS_SHARE;
	all->credited = now;
	if (all->credit_us > full)
		all->credit_us = full;
	return all->credit_us > 0 ? 0 : (uint64_t)(-all->credit_us / ACTS_SHARE) + 1;
}

void acts_charge(struct acts *all, uint64_t since_us)
{
	all->credit_us -= (int64_t)(acts_clock_us() - since_us);
}
