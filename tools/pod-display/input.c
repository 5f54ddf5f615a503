/* SPDX-License-Identifier: Apache-2.0 */
/* What viewers do with keyboard and pointer: whose input counts, and what is let go with them. */
#include "tools/pod-display/viewer.h"

bool input_allowed(const struct viewer *v)
{
	const struct desk *d = v->desk;

	if (v->is_view || !d->is_up)
		return false;
	return !desk_is_leased(d, d->loop.now_ms) || strcmp(d->lease, v->id) == 0;
}

/* The order is the one in which they were pressed. */
static void drop_held(struct viewer *v, unsigned i)
{
	v->n_held--;
	memmove(&v->held[i], &v->held[i + 1], (v->n_held - i) * sizeof(v->held[0]));
}

static void note_key(struct viewer *v, uint32_t keysym, bool down)
{
	unsigned i = 0;

	while (i < v->n_held && v->held[i] != keysym)
		i++;
	if (down && i == v->n_held && i < HELDS)
		v->held[v->n_held++] = keysym;
	else if (!down && i < v->n_held)
		drop_held(v, i);
}

void input_key(struct viewer *v, uint32_t keysym, bool down)
{
	struct screen *s = &v->desk->screen;

	if (!input_allowed(v))
		return;
	note_key(v, keysym, down);
	s->ops->key(s, keysym, down);
}

/* Two hands on one pointer: who presses a button has it. */
static bool is_dragged_by_another(const struct viewer *v)
{
	for (const struct viewer *o = v->desk->viewers; o; o = o->next)
		if (o != v && o->buttons != 0)
			return true;
	return false;
}

void input_pointer(struct viewer *v, int x, int y, unsigned buttons)
{
	struct screen *s = &v->desk->screen;

	if (!input_allowed(v) || is_dragged_by_another(v))
		return;
	v->x = x;
	v->y = y;
	v->buttons = buttons;
	s->ops->pointer(s, x, y, buttons);
	encode_pointer(v->desk);
}

void input_release(struct viewer *v)
{
	struct screen *s = &v->desk->screen;

	while (v->n_held > 0) {
		v->n_held--;
		if (v->desk->is_up)
			s->ops->key(s, v->held[v->n_held], false);
	}
	if (v->buttons != 0 && v->desk->is_up)
		s->ops->pointer(s, s->pointer_x, s->pointer_y, 0);
	v->buttons = 0;
}
