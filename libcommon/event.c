/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Building an event.  Names in it may come from a pod, and each byte of a hostile one takes six
 * when escaped: every field is cut by its escaped length, so that no name can make an event too
 * long to be recorded.
 */
#include <string.h>

#include "libcommon/jsonw.h"
#include "libcommon/own.h"
#include "libcommon/record.h"
#include "libcommon/unit.h"

#define FIELD_MAX 4096  /* escaped bytes of one string */
#define LIST_MAX  16384 /* of one list */
#define RESERVED  4096  /* of the line: numbers, flags, seq and chain */

void event_init(struct event *ev, const char *pod, const char *src, const char *name)
{
	char ts[UNIT_TIME_LEN];

	*ev = (struct event){0};
	snprintf(ev->pod, sizeof(ev->pod), "%s", pod);
	unit_now(ts);
	jw_open(&ev->json, '{');
	jw_knum(&ev->json, "v", 1);
	jw_kstr(&ev->json, "ts", ts);
	jw_kstr(&ev->json, "pod", pod);
	jw_kstr(&ev->json, "src", src);
	jw_kstr(&ev->json, "event", name);
}

void event_finish(struct event *ev)
{
	buf_finish(&ev->json);
}

static size_t escaped_size(unsigned char c)
{
	if (c < 0x20 || c == 0x7f)
		return 6;
	if (c == '"' || c == '\\')
		return 2;
	return c >= 0x80 ? 3 : 1; /* an invalid byte becomes U+FFFD */
}

/* Appends as much of value as fits into *left escaped bytes; never half a character. */
static char *cut(const char *value, size_t *left)
{
	size_t n = 0;

	for (; value[n] && escaped_size((unsigned char)value[n]) <= *left; n++)
		*left -= escaped_size((unsigned char)value[n]);
	if (!value[n])
		return xstrdup(value);
	while (n > 0 && ((unsigned char)value[n] & 0xc0) == 0x80)
		n--;
	return xfmt("%.*s...", (int)n, value);
}

static size_t room(const struct event *ev, size_t want)
{
	size_t used = ev->json.len + RESERVED;
	size_t left = used < RECORD_LINE_MAX ? RECORD_LINE_MAX - used : 0;

	return left < want ? left : want;
}

void event_str(struct event *ev, const char *key, const char *value)
{
	size_t left = room(ev, FIELD_MAX);
	OWN_FREE char *text = cut(value, &left);

	jw_kstr(&ev->json, key, text);
}

void event_num(struct event *ev, const char *key, int64_t value)
{
	jw_knum(&ev->json, key, value);
}

void event_bool(struct event *ev, const char *key, bool value)
{
	jw_kbool(&ev->json, key, value);
}

void event_strv(struct event *ev, const char *key, char *const *v)
{
	OWN_STRV struct strv kept = {0};
	size_t left = room(ev, LIST_MAX);

	for (; v && *v && left > 8; v++) {
		OWN_FREE char *text = NULL;

		left -= 3; /* quotes and comma */
		text = cut(*v, &left);
		strv_add(&kept, text);
	}
	if (v && *v)
		strv_add(&kept, "...");
	jw_kstrv(&ev->json, key, kept.v);
}
