/* SPDX-License-Identifier: Apache-2.0 */
#include "libcommon/screening.h"

#include <errno.h>
#include <string.h>

#include "libcommon/unit.h"

#define LINE_WORDS 4

bool screening_is_word(const char *s)
{
	const size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-");

	return n > 0 && n < SCREEN_WORD && !s[n];
}

/* Its length was looked at. */
static void put(char *to, const char *word)
{
	memcpy(to, word, strlen(word) + 1);
}

bool screening_is_list(const char *s)
{
	char word[SCREEN_WORD];

	if (strlen(s) > SCREEN_LIST)
		return false;
	if (strcmp(s, "*") == 0)
		return true;
	for (;;) {
		const size_t n = strcspn(s, ",");

		if (n >= sizeof(word))
			return false;
		memcpy(word, s, n);
		word[n] = '\0';
		if (!screening_is_word(word))
			return false;
		if (!s[n])
			return true;
		s += n + 1;
	}
}

/* A line of at most SCREEN_QUESTION bytes, cut at its blanks: how many words, or an error. */
struct line {
	char text[SCREEN_QUESTION * 2];
	char *words[LINE_WORDS];
	int n;
};

static int cut_line(const char *data, size_t len, struct line *l)
{
	const size_t limit = len < sizeof(l->text) ? len : sizeof(l->text) - 1;
	const char *end = memchr(data, '\n', limit);
	char *at = l->text;
	size_t n;

	if (!end)
		return len >= sizeof(l->text) ? -EBADMSG : -EAGAIN;
	n = (size_t)(end - data);
	if (memchr(data, '\0', n))
		return -EBADMSG;
	memcpy(l->text, data, n);
	l->text[n] = '\0';
	for (l->n = 0; at; l->n++) {
		if (l->n == LINE_WORDS)
			return -EBADMSG;
		l->words[l->n] = strsep(&at, " ");
	}
	return (int)n + 1;
}

void screening_ask(struct buf *b, const struct screen_question *q)
{
	buf_fmt(b, "screen %zu %s\n", q->length, q->categories);
}

int screening_read_question(const char *data, size_t len, struct screen_question *q)
{
	struct line l;
	uint64_t length;
	const int r = cut_line(data, len, &l);

	if (r < 0)
		return r;
	if (l.n != 3 || strcmp(l.words[0], "screen") != 0 ||
	    unit_u64(l.words[1], SCREEN_BODY, &length) < 0 || !screening_is_list(l.words[2]))
		return -EBADMSG;
	*q = (struct screen_question){.length = (size_t)length};
	put(q->categories, l.words[2]);
	return r;
}

void screening_answer(struct buf *b, const struct screen_answer *a)
{
	buf_fmt(b, "screened %s %s %llu\n", a->api, a->understood ? "understood" : "broken",
		(unsigned long long)a->more);
	for (size_t i = 0; i < a->n; i++)
		buf_fmt(b, "hit %s %s %s\n", a->hits[i].category, a->hits[i].severity,
			a->hits[i].rule);
	buf_str(b, "end\n");
}

static int take_hit(const struct line *l, struct screen_answer *a)
{
	struct screen_hit *h = &a->hits[a->n];

	if (a->n == SCREEN_HITS || l->n != 4 || strcmp(l->words[0], "hit") != 0)
		return -EBADMSG;
	for (int i = 1; i < 4; i++)
		if (!screening_is_word(l->words[i]))
			return -EBADMSG;
	put(h->category, l->words[1]);
	put(h->severity, l->words[2]);
	put(h->rule, l->words[3]);
	a->n++;
	return 0;
}

static int take_first(const struct line *l, struct screen_answer *a)
{
	if (l->n != 4 || strcmp(l->words[0], "screened") != 0 || !screening_is_word(l->words[1]) ||
	    unit_u64(l->words[3], INT64_MAX, &a->more) < 0)
		return -EBADMSG;
	a->understood = strcmp(l->words[2], "understood") == 0;
	if (!a->understood && strcmp(l->words[2], "broken") != 0)
		return -EBADMSG;
	put(a->api, l->words[1]);
	return 0;
}

int screening_read_answer(const char *data, size_t len, struct screen_answer *a)
{
	struct line l;
	int r = cut_line(data, len, &l);

	*a = (struct screen_answer){.n = 0};
	if (r < 0 || take_first(&l, a) < 0)
		return r < 0 ? r : -EBADMSG;
	for (;;) {
		data += r;
		len -= (size_t)r;
		r = cut_line(data, len, &l);
		if (r < 0)
			return r;
		if (l.n == 1 && strcmp(l.words[0], "end") == 0)
			return len == (size_t)r ? 0 : -EBADMSG;
		if (take_hit(&l, a) < 0)
			return -EBADMSG;
	}
}
