/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-audit/select.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "envpod/exit.h"
#include "libcommon/path.h"
#include "libcommon/say.h"

#define LAST_MAX 1000000 /* more are not kept back; without -n nothing is */

void selection_finish(struct selection *s)
{
	filter_finish(&s->filter);
	for (uint64_t i = 0; s->kept.ring && i < s->n; i++)
		free(s->kept.ring[i]);
	free(s->kept.ring);
}

/* 1 and the event, 0, or -EINVAL counted: see filter_match(). */
static int match(struct selection *s, const struct line *l, jv *event)
{
	int r = filter_match(&s->filter, l, event);

	if (r < 0 && s->bad++ == 0)
		say_warn("%s:%" PRIu64 ": not an event, left out (pod-audit verify says more)",
			 l->segment, l->number);
	return r;
}

void selection_line(struct selection *s, const struct line *l, selection_fn *fn, void *to)
{
	jv event;

	if (match(s, l, &event) > 0)
		fn(to, l, event);
}

static void keep(struct selection *s, const struct line *l)
{
	char **slot = &s->kept.ring[s->kept.count++ % s->n];

	*slot = xrealloc(*slot, l->len + 1);
	memcpy(*slot, l->text, l->len);
	(*slot)[l->len] = '\0';
}

/* Where every event is wanted, those that -n drops are not even parsed. */
static void keep_line(struct selection *s, const struct line *l)
{
	jv event;

	if (filter_is_open(&s->filter) && !l->torn && !l->long_) {
		keep(s, l);
	} else if (match(s, l, &event) > 0) {
		keep(s, l);
		jv_free(event);
	}
}

static void hand_out(struct selection *s, selection_fn *fn, void *to)
{
	const struct kept *k = &s->kept;
	uint64_t from = k->count > s->n ? k->count - s->n : 0;

	for (uint64_t i = from; i < k->count; i++) {
		struct line l = {.text = k->ring[i % s->n], .segment = "kept", .number = i + 1};

		l.len = strlen(l.text);
		selection_line(s, &l, fn, to);
	}
}

int selection_open(struct selection *s, struct source *source, const char *arg, struct err *e)
{
	int r;

	if (s->n > LAST_MAX)
		return err_status(e, POD_EXIT_USAGE, ERR_PLAIN,
				  "-n %" PRIu64 ": at most %d; leave it out for all", s->n,
				  LAST_MAX);
	r = filter_compile(&s->filter, e);
	if (r == 0)
		r = source_open(source, arg, s->archive, e);
	if (r < 0)
		return r;
	s->filter.canonical = source->dir >= 0;
	if (s->n)
		s->kept.ring = xcalloc(s->n, sizeof(*s->kept.ring));
	return 0;
}

int selection_run(struct selection *s, struct source *source, selection_fn *fn, void *to,
		  struct err *e)
{
	struct line *l;
	int r;

	while ((r = source_next(source, &l, e)) > 0)
		if (s->n)
			keep_line(s, l);
		else
			selection_line(s, l, fn, to);
	if (s->n)
		hand_out(s, fn, to);
	return r;
}

int selection_status(const struct selection *s)
{
	if (s->filter.jq_failed) {
		say_error("--where failed on %" PRIu64 " event(s), which were left out; the first "
			  "said: %s",
			  s->filter.jq_failed, esc(s->filter.jq_message));
		return POD_EXIT_CONFIG;
	}
	return s->bad ? POD_EXIT_FAILED : POD_EXIT_OK;
}
