/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-monitor/events.h"

#include "libcommon/jsonw.h"
#include "tools/pod-monitor/line.h"

/* Of libjq 1.6 to 1.7: an object begins with eight places, an array with sixteen; a member is a
 * key and a value, each with a header, in a table that has grown to twice what it holds. */
static const unsigned short costs[256] = {['{'] = 768, ['['] = 320, [','] = 192};

size_t event_weight(const char *text, size_t len)
{
	size_t weight = len, depth = 0;
	bool quoted = false;

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c == '"')
			quoted = !quoted;
		else if (quoted && c == '\\')
			i++;
		if (quoted)
			continue;
		weight += costs[c];
		depth += c == '{' || c == '[';
		depth -= depth && (c == '}' || c == ']');
		if (depth > EVENT_DEPTH)
			return EVENT_WEIGHT + 1;
	}
	return weight;
}

static void add_word(struct buf *b, const char *key, const char *value)
{
	if (*value)
		jw_kstr(b, key, value);
}

static void add_head(struct buf *b, const char *text, size_t len)
{
	char ts[LINE_WORD], pod[LINE_WORD];
	struct line l;

	line_read(&l, text, len);
	line_word(text, len, "\"ts\":\"", ts);
	line_word(text, len, ",\"pod\":\"", pod);
	jw_open(b, '{');
	jw_knum(b, "v", 1);
	add_word(b, "ts", ts);
	add_word(b, "pod", pod);
	add_word(b, "src", l.src);
	add_word(b, "event", l.event);
	add_word(b, "action", l.name);
	add_word(b, "type", l.type);
	jw_kbool(b, "cut", true);
	jw_close(b, '}');
}

static size_t place(const struct events *v, size_t i)
{
	return (v->next + EVENTS_MAX - v->n + i) % EVENTS_MAX;
}

static void forget_oldest(struct events *v)
{
	size_t at = place(v, 0);

	v->weight -= v->kept[at].weight;
	buf_finish(&v->kept[at].text);
	v->n--;
	v->heads -= v->heads > 0;
}

/* Of the oldest that is not a head. */
static void behead(struct events *v)
{
	size_t at = place(v, v->heads++);
	struct buf *old = &v->kept[at].text, head = BUF_INIT;

	add_head(&head, old->data, old->len);
	buf_finish(old);
	*old = head;
	v->weight -= v->kept[at].weight;
	v->kept[at].weight = event_weight(head.data, head.len);
	v->weight += v->kept[at].weight;
	v->cut = true;
}

/* As text: most of a flood is never looked at. */
void events_keep(struct events *v, const char *text, size_t len)
{
	size_t weight = event_weight(text, len), at = v->next;
	OWN_BUF struct buf head = BUF_INIT;

	if (weight > EVENT_WEIGHT) {
		add_head(&head, text, len);
		text = head.data;
		len = head.len;
		weight = event_weight(text, len);
		v->cut = true;
	}
	if (v->n == EVENTS_MAX)
		forget_oldest(v);
	while (v->weight + weight > EVENTS_WEIGHT && v->heads < v->n)
		behead(v);
	buf_add(&v->kept[at].text, text, len);
	v->kept[at].weight = weight;
	v->weight += weight;
	v->next = (at + 1) % EVENTS_MAX;
	v->n++;
}

jv events_take(struct events *v)
{
	jv list = jv_array();

	while (v->n) {
		const struct buf *b = &v->kept[place(v, 0)].text;
		jv event = jv_parse_sized(b->data, (int)b->len);

		if (jv_get_kind(event) == JV_KIND_OBJECT)
			list = jv_array_append(list, event);
		else
			jv_free(event);
		forget_oldest(v);
	}
	v->cut = false;
	return list;
}

void events_finish(struct events *v)
{
	while (v->n)
		forget_oldest(v);
}
