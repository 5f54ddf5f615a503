/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-audit/event.h"

#include <jv.h>
#include <string.h>

#include "libcommon/path.h"
#include "libcommon/record.h"
#include "libcommon/unit.h"
#include "libcommon/when.h"

/* What is added to an event before it is a line: seq, chain, and the keys it may lack. */
#define ADDED 512

/* The keys every line begins with, in this order. */
static const struct head_key {
	const char *name;
	bool required; /* of the caller; the others are filled in */
} head_keys[] = {{"v", false}, {"ts", false}, {"pod", false}, {"src", true}, {"event", true}};

#define HEAD_KEYS (sizeof(head_keys) / sizeof(head_keys[0]))

/* Names of events and sources: a short word, so that filters can look for it as text. */
static bool is_word(const char *s)
{
	size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789_.-");

	return n > 0 && n <= 64 && s[n] == '\0';
}

static int check_string(const char *key, const char *value, const char *pod, struct err *e)
{
	int64_t us;

	if (strcmp(key, "ts") == 0 && when_parse(value, &us) < 0)
		return err_set(e, ERR_PLAIN, "ts '%.40s' is not an RFC 3339 time", esc(value));
	if (strcmp(key, "pod") == 0 && strcmp(value, pod) != 0)
		return err_set(e, ERR_PLAIN, "the event belongs to pod '%.70s', this is pod %s",
			       esc(value), pod);
	if ((strcmp(key, "src") == 0 || strcmp(key, "event") == 0) && !is_word(value))
		return err_set(e, ERR_PLAIN, "%s '%.70s' is not a word of a-z, 0-9, '_', '.', '-'",
			       key, esc(value));
	return 0;
}

/* A string without NUL: what C sees of it is what is written. */
static bool is_string(jv value)
{
	return jv_get_kind(value) == JV_KIND_STRING &&
	       strlen(jv_string_value(value)) == (size_t)jv_string_length_bytes(jv_copy(value));
}

/* value: the caller's, consumed.  The checked or filled-in one goes into *head. */
static int take_head(jv *head, const struct head_key *key, jv value, const char *pod, struct err *e)
{
	char now[UNIT_TIME_LEN];
	int r = 0;

	unit_now(now);
	if (strcmp(key->name, "v") == 0) {
		bool known = !jv_is_valid(value) ||
			     (jv_get_kind(value) == JV_KIND_NUMBER && jv_number_value(value) == 1);

		if (!known)
			r = err_set(e, ERR_PLAIN, "v is not 1, the version this program knows");
		jv_free(value);
		value = jv_number(1);
	} else if (!jv_is_valid(value) && !key->required) {
		jv_free(value);
		value = jv_string(strcmp(key->name, "pod") == 0 ? pod : now);
	} else if (!is_string(value)) {
		r = err_set(e, ERR_PLAIN, "%s is missing or not a string", key->name);
		jv_free(value);
		value = jv_null();
	} else {
		r = check_string(key->name, jv_string_value(value), pod, e);
	}
	*head = jv_object_set(*head, jv_string(key->name), value);
	return r;
}

static jv parse(const char *line, size_t len, struct err *e)
{
	jv v;

	if (len + ADDED > RECORD_LINE_MAX) {
		err_set(e, ERR_PLAIN, "the event is longer than %d bytes", RECORD_LINE_MAX - ADDED);
		return jv_invalid();
	}
	v = jv_parse_sized(line, (int)len);
	if (jv_get_kind(v) == JV_KIND_OBJECT)
		return v;
	jv_free(v);
	err_set(e, ERR_PLAIN, "the line is not one JSON object");
	return jv_invalid();
}

static const char *const ours[] = {"seq", "chain", "seal"};

/* Everything but what is the log's own, the head keys first.  Consumes given. */
static int shape(jv *out, jv given, const char *pod, struct err *e)
{
	int r = 0;

	*out = jv_object();
	for (size_t i = 0; i < HEAD_KEYS && r == 0; i++)
		r = take_head(out, &head_keys[i],
			      jv_object_get(jv_copy(given), jv_string(head_keys[i].name)), pod, e);
	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		given = jv_object_delete(given, jv_string(ours[i]));
	jv_object_foreach(given, key, value)
	{
		if (jv_object_has(jv_copy(*out), jv_copy(key))) {
			jv_free(key);
			jv_free(value);
		} else {
			*out = jv_object_set(*out, key, value);
		}
	}
	jv_free(given);
	return r;
}

int event_take(struct buf *out, const char *pod, const char *line, size_t len, struct err *e)
{
	jv given = parse(line, len, e), made, text;
	size_t size;
	int r;

	if (!jv_is_valid(given))
		return -e->code;
	r = shape(&made, given, pod, e);
	text = jv_dump_string(made, 0);
	size = (size_t)jv_string_length_bytes(jv_copy(text));
	if (r == 0 && size + RECORD_TAIL_MAX + 64 > RECORD_LINE_MAX)
		r = err_set(e, ERR_PLAIN, "the event is too long when written out");
	if (r == 0) {
		buf_add(out, jv_string_value(text), size);
		buf_char(out, '\n');
	}
	jv_free(text);
	return r;
}
