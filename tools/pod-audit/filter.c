/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-audit/filter.h"

#include <jq.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "envpod/exit.h"
#include "libcommon/path.h"
#include "libcommon/when.h"

static int compile_time(const char *option, const char *s, int64_t otherwise, int64_t *us,
			struct err *e)
{
	*us = otherwise;
	if (!s || when_ago(s, when_now(), us) == 0)
		return 0;
	return err_status(
		e, POD_EXIT_USAGE, ERR_PLAIN,
		"%s '%s' is not a time: give 2026-01-02T03:04:05Z, 2026-01-02, or how long "
		"ago as 5m, 2h, 1d",
		option, esc(s));
}

/* libjq says what is wrong in one call per fault; the first is told. */
static void keep_message(void *to, jv message)
{
	struct filter *f = to;
	jv text = jq_format_error(message);

	if (f->jq_message[0] == '\0' && jv_get_kind(text) == JV_KIND_STRING) {
		snprintf(f->jq_message, sizeof(f->jq_message), "%s", jv_string_value(text));
		f->jq_message[strcspn(f->jq_message, "\n")] = '\0';
	}
	jv_free(text);
}

static int compile_where(struct filter *f, struct err *e)
{
	if (!f->where)
		return 0;
	f->jq = jq_init();
	if (!f->jq)
		return err_set(e, ENOMEM, "start libjq");
	jq_set_error_cb(f->jq, keep_message, f);
	if (jq_compile(f->jq, f->where))
		return 0;
	return err_status(e, POD_EXIT_USAGE, ERR_PLAIN, "compile the jq program of --where: %s",
			  esc(f->jq_message));
}

int filter_compile(struct filter *f, struct err *e)
{
	int r;

	for (size_t i = 0; i < f->events.n; i++)
		strv_fmt(&f->needles, "\"event\":\"%s\"", f->events.v[i]);
	r = compile_time("--since", f->since, INT64_MIN, &f->from_us, e);

	if (r == 0)
		r = compile_time("--until", f->until, INT64_MAX, &f->to_us, e);
	return r < 0 ? r : compile_where(f, e);
}

void filter_finish(struct filter *f)
{
	strv_finish(&f->events);
	strv_finish(&f->sources);
	strv_finish(&f->needles);
	if (f->jq)
		jq_teardown(&f->jq);
}

/* Without parsing: can the line be wanted?  Saves two thirds of the time where names are given. */
static bool may_match(const struct filter *f, const struct line *l)
{
	if (!f->canonical || f->needles.n == 0)
		return true;
	for (size_t i = 0; i < f->needles.n; i++)
		if (memmem(l->text, l->len, f->needles.v[i], strlen(f->needles.v[i])))
			return true;
	return false;
}

static bool field_among(jv event, const char *key, const struct strv *wanted)
{
	jv value;
	bool found;

	if (wanted->n == 0)
		return true;
	value = jv_object_get(jv_copy(event), jv_string(key));
	found = jv_get_kind(value) == JV_KIND_STRING && strv_has(wanted, jv_string_value(value));
	jv_free(value);
	return found;
}

static bool in_time(const struct filter *f, jv event)
{
	int64_t us;
	bool inside;
	jv ts;

	if (f->from_us == INT64_MIN && f->to_us == INT64_MAX)
		return true;
	ts = jv_object_get(jv_copy(event), jv_string("ts"));
	inside = jv_get_kind(ts) == JV_KIND_STRING && when_parse(jv_string_value(ts), &us) == 0 &&
		 us >= f->from_us && us < f->to_us;
	jv_free(ts);
	return inside;
}

static void jq_fault(struct filter *f, jv fault)
{
	jv message = jv_invalid_get_msg(fault);

	f->jq_failed++;
	if (f->jq_message[0] == '\0' && jv_get_kind(message) == JV_KIND_STRING)
		snprintf(f->jq_message, sizeof(f->jq_message), "%s", jv_string_value(message));
	jv_free(message);
}

/* The first value the program yields decides; none, false and null say no. */
static bool where(struct filter *f, jv event)
{
	jv_kind kind;
	jv said;

	if (!f->jq)
		return true;
	jq_start(f->jq, jv_copy(event), 0);
	said = jq_next(f->jq);
	kind = jv_get_kind(said);
	if (kind == JV_KIND_INVALID && jv_invalid_has_msg(jv_copy(said)))
		jq_fault(f, said);
	else
		jv_free(said);
	return kind != JV_KIND_INVALID && kind != JV_KIND_FALSE && kind != JV_KIND_NULL;
}

bool filter_is_open(const struct filter *f)
{
	return f->events.n == 0 && f->sources.n == 0 && !f->since && !f->until && !f->where;
}

int filter_match(struct filter *f, const struct line *l, jv *event)
{
	if (l->torn && l->len == 0)
		return 0;
	if (l->long_)
		return -EINVAL;
	if (!may_match(f, l))
		return 0;
	*event = jv_parse_sized(l->text, (int)l->len);
	if (jv_get_kind(*event) != JV_KIND_OBJECT) {
		jv_free(*event);
		return -EINVAL;
	}
	if (field_among(*event, "event", &f->events) && field_among(*event, "src", &f->sources) &&
	    in_time(f, *event) && where(f, *event))
		return 1;
	jv_free(*event);
	return 0;
}
