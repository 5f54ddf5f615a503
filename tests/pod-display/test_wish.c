/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-display/wish.h"

#include "envpod/exit.h"
#include "tests/lib/tap.h"

static struct wish w;
static struct err e;

static bool takes(const char *line)
{
	e = (struct err){0};
	wish_finish(&w);
	return wish_parse(&w, line, strlen(line), &e) == 0;
}

/* Refused, for a reason that has these words, with the status of wrong usage. */
static void refuses(const char *line, const char *why)
{
	ok(!takes(line) && strstr(e.msg, why) && e.status == POD_EXIT_USAGE, "%s: %s", line, why);
	if (!strstr(e.msg, why))
		diag("%s", e.msg);
}

static void taken(void)
{
	ok(takes("{\"do\":\"click\"}"), "a click where the pointer is");
	ok(!wish_has(&w, FIELD_X) && w.n[FIELD_BUTTON] == 1 && w.n[FIELD_COUNT] == 1,
	   "of the left button, once");
	ok(takes("{\"x\":5,\"y\":6,\"do\":\"click\",\"button\":\"right\",\"count\":2,\"modifiers\":"
		 "\"ctrl+shift\"}"),
	   "members in any order");
	ok(w.n[FIELD_X] == 5 && w.n[FIELD_Y] == 6 && w.n[FIELD_BUTTON] == 4 && w.modifiers.n == 2,
	   "all of them");
	ok(takes("{\"do\":\"drag\",\"path\":[[1,2],[3,4],[5,6]]}") && w.points == 3 &&
		   w.path[2].x == 5 && w.path[2].y == 6,
	   "a path");
	ok(takes("{\"do\":\"shot\",\"region\":[1,2,3,4],\"format\":\"jpeg\"}") && w.region.w == 3 &&
		   w.n[FIELD_FORMAT] == PICTURE_JPEG,
	   "a region");
	ok(takes("{\"do\":\"type\",\"text\":\"h\\u00e9 \\ud83d\\ude42\\n\"}") &&
		   strcmp(w.text.data, "hé 🙂\n") == 0,
	   "any text");
	ok(takes("{\"do\":\"type\",\"text\":\"\"}"), "or none");
	ok(takes("{\"do\":\"key\",\"keys\":[\"ctrl+c\",\"F5\"]}") && w.chords == 2, "keys");
	ok(takes("{\"do\":\"wait-change\",\"ignore\":[[0,0,5,5],[9,9,1,1]],\"timeout\":0}") &&
		   w.ignored == 2 && w.n[FIELD_TIMEOUT] == 0 && w.n[FIELD_MIN_PIXELS] == 1,
	   "what to wait for");
}

static void refused(void)
{
	refuses("", "no JSON object");
	refuses("[]", "no JSON object");
	refuses("{\"do\":\"click\"", "");
	refuses("{\"do\":\"click\"} {}", "behind the end");
	refuses("{}", "no such request");
	refuses("{\"do\":\"reboot\"}", "no such request");
	refuses("{\"do\":\"click\",\"x\":1}", "together");
	refuses("{\"do\":\"click\",\"x\":1,\"x\":2,\"y\":1}", "twice");
	refuses("{\"do\":\"click\",\"text\":\"a\"}", "no member");
	refuses("{\"do\":\"click\",\"nosuch\":1}", "no member");
	refuses("{\"do\":\"click\",\"x\":-1,\"y\":1}", "bounds");
	refuses("{\"do\":\"click\",\"count\":101}", "bounds");
	refuses("{\"do\":\"click\",\"count\":1.5}", "");
	refuses("{\"do\":\"click\",\"button\":\"fourth\"}", "none of those");
	refuses("{\"do\":\"click\",\"modifiers\":\"nosuch\"}", "no such key");
	refuses("{\"do\":\"move\"}", "missing");
	refuses("{\"do\":\"drag\",\"path\":[[1,2]]}", "two points");
	refuses("{\"do\":\"drag\",\"path\":[[1,2],[3]]}", "too short");
	refuses("{\"do\":\"drag\",\"path\":[[1,2],[3,4,5]]}", "too long");
	refuses("{\"do\":\"shot\",\"region\":[1,2,0,4]}", "empty");
	refuses("{\"do\":\"type\",\"text\":7}", "");
	refuses("{\"do\":\"type\",\"text\":\"\\u0001\"}", "no key types");
	refuses("{\"do\":\"type\",\"text\":\"\xc0\x80\"}", "");
	refuses("{\"do\":\"key\",\"keys\":[]}", "no key");
}

/* More of anything than there may be. */
static void bounded(const char *head, const char *one, int n, const char *tail, const char *why)
{
	OWN_BUF struct buf b = BUF_INIT;

	buf_str(&b, head);
	for (int i = 0; i < n; i++)
		buf_str(&b, one);
	buf_str(&b, tail);
	e = (struct err){0};
	wish_finish(&w);
	ok(wish_parse(&w, b.data, b.len, &e) < 0 && strstr(e.msg, why), "%d times %s: %s", n, one,
	   why);
}

int main(void)
{
	taken();
	refused();
	bounded("{\"do\":\"type\",\"text\":\"", "x", WISH_TEXT_MAX + 1, "\"}", "too long");
	bounded("{\"do\":\"type\",\"text\":\"", "x", WISH_LINE_MAX, "\"}", "too long");
	bounded("{\"do\":\"drag\",\"path\":[[1,1]", ",[1,1]", WISH_POINTS, "]}", "too many");
	bounded("{\"do\":\"key\",\"keys\":[\"a\"", ",\"a\"", WISH_CHORDS, "]}", "too many");
	bounded("{\"do\":\"wait-change\",\"ignore\":[[1,1,1,1]", ",[1,1,1,1]", WISH_RECTS, "]}",
		"too many");
	bounded("{\"do\":\"click\",\"x\":", "[", 100, "}", "");
	wish_finish(&w);
	for (int k = 0; k < WISH_KINDS; k++)
		is_int(wish_kind(wish_word((enum wish_kind)k)), k, "%s",
		       wish_word((enum wish_kind)k));
	return done_testing();
}
