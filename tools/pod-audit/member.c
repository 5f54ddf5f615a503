/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-audit/member.h"

#include <string.h>

#define WHOLE_MAX 9007199254740992.0 /* 2^53: beyond it a double is no count any more */

static jv get(jv event, const char *key)
{
	return jv_object_get(jv_copy(event), jv_string(key));
}

const char *member_str(jv event, const char *key)
{
	jv value = get(event, key);
	const char *s = jv_get_kind(value) == JV_KIND_STRING ? jv_string_value(value) : NULL;

	jv_free(value); /* the event holds it still */
	return s;
}

bool member_num(jv event, const char *key, int64_t *n)
{
	jv value = get(event, key);
	double d = jv_get_kind(value) == JV_KIND_NUMBER ? jv_number_value(value) : WHOLE_MAX * 2;
	bool fits = d >= -WHOLE_MAX && d <= WHOLE_MAX;

	jv_free(value);
	if (fits)
		*n = (int64_t)d;
	return fits;
}

static void add_word(struct buf *out, const char *s)
{
	bool plain = *s && s[strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				       "0123456789_-+=:,./@%")] == '\0';

	if (out->len)
		buf_char(out, ' ');
	if (plain) {
		buf_str(out, s);
		return;
	}
	buf_char(out, '\'');
	for (; *s; s++)
		if (*s == '\'')
			buf_str(out, "'\\''");
		else
			buf_char(out, *s);
	buf_char(out, '\'');
}

bool member_words(jv event, const char *key, struct buf *out)
{
	jv list = get(event, key);

	if (jv_get_kind(list) != JV_KIND_ARRAY) {
		jv_free(list);
		return false;
	}
	jv_array_foreach(list, i, value)
	{
		if (jv_get_kind(value) == JV_KIND_STRING)
			add_word(out, jv_string_value(value));
		jv_free(value);
	}
	jv_free(list);
	return out->len > 0;
}

void member_split(jv event, const struct table_row *row, jv *ours, jv *pods)
{
	*ours = jv_object();
	*pods = jv_object();
	jv_object_foreach(event, key, value)
	{
		const char *name = jv_string_value(key);
		const struct table_row *f = row ? table_member(row, name) : NULL;

		if (table_is_frame(name)) {
			jv_free(key);
			jv_free(value);
		} else if (f && f->whose == WHOSE_POD) {
			*pods = jv_object_set(*pods, key, value);
		} else {
			*ours = jv_object_set(*ours, key, value);
		}
	}
}
