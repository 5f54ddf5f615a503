/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "libcommon/own.h"
#include "libcommon/screening.h"
#include "tests/lib/tap.h"

static void questions(void)
{
	static const struct {
		const char *text;
		int want; /* -errno, or 1: it is read */
		size_t length;
		const char *categories;
	} table[] = {
		{"screen 12 *\nthe body", 1, 12, "*"},
		{"screen 0 injection,pii\n", 1, 0, "injection,pii"},
		{"screen 33554432 *\n", 1, SCREEN_BODY, "*"},
		{"screen 12", -EAGAIN, 0, NULL},
		{"", -EAGAIN, 0, NULL},
		{"screen 33554433 *\n", -EBADMSG, 0, NULL},
		{"screen -1 *\n", -EBADMSG, 0, NULL},
		{"screen 12\n", -EBADMSG, 0, NULL},
		{"screen 12 * x\n", -EBADMSG, 0, NULL},
		{"screen 12 * x y\n", -EBADMSG, 0, NULL},
		{"screens 12 *\n", -EBADMSG, 0, NULL},
		{"screen 12 a,,b\n", -EBADMSG, 0, NULL},
		{"screen 12 A\n", -EBADMSG, 0, NULL},
		{"screen 12 \n", -EBADMSG, 0, NULL},
	};
	OWN_BUF struct buf b = BUF_INIT;
	char long_one[SCREEN_QUESTION * 2 + 2];
	struct screen_question q;

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const int r = screening_read_question(table[i].text, strlen(table[i].text), &q);

		if (table[i].want < 0) {
			is_int(r, table[i].want, "question %zu", i);
			continue;
		}
		is_int(r, (int)strcspn(table[i].text, "\n") + 1, "question %zu", i);
		ok(q.length == table[i].length && strcmp(q.categories, table[i].categories) == 0,
		   "is what it says");
	}
	memset(long_one, 'a', sizeof(long_one));
	is_int(screening_read_question(long_one, sizeof(long_one), &q), -EBADMSG,
	       "a line without an end");
	is_int(screening_read_question("screen 1\0 *\n", 12, &q), -EBADMSG, "a NUL");
	screening_ask(&b, &(struct screen_question){.length = 7, .categories = "pii"});
	is_str(b.data, "screen 7 pii\n", "asking");
}

static int read_answer(const char *text, struct screen_answer *a)
{
	return screening_read_answer(text, strlen(text), a);
}

static void answers(void)
{
	static const char *const bad[] = {
		"screened anthropic yes 0\nend\n",
		"screened anthropic broken\nend\n",
		"screened An broken 0\nend\n",
		"screened a broken -1\nend\n",
		"screened a broken 0\nhit a b\nend\n",
		"screened a broken 0\nhit a b <c>\nend\n",
		"screened a broken 0\nhot a b c\nend\n",
		"screened a broken 0\nend\nend\n",
		"screened a broken 0\nend\nx",
		"hit a b c\nend\n",
		"\n",
	};
	OWN_BUF struct buf b = BUF_INIT;
	struct screen_answer a = {.api = "gemini", .understood = true, .more = 3, .n = 2}, c;

	memcpy(a.hits[0].category, "pii", 4);
	memcpy(a.hits[0].severity, "low", 4);
	memcpy(a.hits[0].rule, "email-address", 14);
	a.hits[1] = a.hits[0];
	screening_answer(&b, &a);
	is_str(b.data,
	       "screened gemini understood 3\nhit pii low email-address\nhit pii low "
	       "email-address\nend\n",
	       "an answer");
	ok(read_answer(b.data, &c) == 0 && memcmp(&a, &c, sizeof(a)) == 0, "is read again");
	for (size_t i = 0; i < b.len; i++)
		if (screening_read_answer(b.data, i, &c) != -EAGAIN)
			break;
		else if (i + 1 == b.len)
			ok(true, "cut anywhere it is not whole");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		is_int(read_answer(bad[i], &c), -EBADMSG, "refused: %s",
		       bad[i][0] == '\n' ? "-" : bad[i]);
	buf_clear(&b);
	buf_str(&b, "screened a broken 0\n");
	for (unsigned i = 0; i <= SCREEN_HITS; i++)
		buf_str(&b, "hit a b c\n");
	buf_str(&b, "end\n");
	is_int(read_answer(b.data, &c), -EBADMSG, "too many hits");
}

int main(void)
{
	questions();
	answers();
	return done_testing();
}
