/* SPDX-License-Identifier: Apache-2.0 */
/* What programs see of events, and what that costs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libcommon/own.h"
#include "tests/lib/tap.h"
#include "tools/pod-monitor/events.h"

#define HEAD "{\"v\":1,\"ts\":\"2026-01-01T00:00:00.000000Z\",\"pod\":\"web\",\"src\":\"queue\""

static struct events v; /* too large for a stack */

/* An event "name", with n times what as a member. */
static void keep(const char *name, const char *what, size_t n)
{
	OWN_BUF struct buf b = BUF_INIT;

	buf_fmt(&b, HEAD ",\"event\":\"%s\",\"action\":\"a\",\"type\":\"t\",\"list\":[", name);
	for (size_t i = 0; i < n; i++)
		buf_str(&b, what);
	buf_str(&b, "0]}");
	events_keep(&v, b.data, b.len);
}

static bool has(jv list, int i, const char *key, const char *want)
{
	jv event = jv_array_get(jv_copy(list), i), value = jv_object_get(event, jv_string(key));
	bool same = want ? jv_get_kind(value) == JV_KIND_STRING &&
				    strcmp(jv_string_value(value), want) == 0
			 : jv_get_kind(value) == JV_KIND_TRUE;

	jv_free(value);
	return same;
}

static void test_whole(void)
{
	jv list;

	keep("one", "1,", 3);
	keep("two", "[],", 1000);
	ok(!v.cut, "ordinary events are whole");
	list = events_take(&v);
	ok(jv_array_length(jv_copy(list)) == 2 && has(list, 0, "event", "one") &&
		   has(list, 1, "event", "two") && !has(list, 1, "cut", NULL),
	   "in their order");
	jv_free(list);
	ok(v.n == 0 && v.weight == 0, "none are left");
}

static void test_large(void)
{
	OWN_BUF struct buf deep = BUF_INIT;
	jv list;

	keep("wide", "{},", 5000);
	for (int i = 0; i < 40; i++)
		buf_str(&deep, i < 20 ? "[[" : "]]");
	keep("deep", "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", 1);
	buf_str(&deep, ",");
	keep("nested", deep.data, 1);
	ok(v.cut, "it is said");
	list = events_take(&v);
	ok(jv_array_length(jv_copy(list)) == 3, "no event is lost");
	for (int i = 0; i < 3; i++)
		ok(has(list, i, "cut", NULL) && has(list, i, "src", "queue") &&
			   has(list, i, "action", "a") && has(list, i, "type", "t") &&
			   has(list, i, "pod", "web") &&
			   has(list, i, "ts", "2026-01-01T00:00:00.000000Z"),
		   "a head of %d", i);
	ok(has(list, 0, "event", "wide") && has(list, 1, "event", "deep") &&
		   has(list, 2, "event", "nested"),
	   "by their names");
	jv_free(list);
	ok(!v.cut, "and said once");
}

static size_t resident(void)
{
	OWN_FILE FILE *f = fopen("/proc/self/statm", "re");
	unsigned long size, pages = 0;

	if (!f || fscanf(f, "%lu %lu", &size, &pages) != 2)
		return 0;
	return pages * 4096;
}

static void test_flood(void)
{
	size_t before = resident(), most;
	jv list;
	int whole = 0;

	for (int i = 0; i < 3000; i++)
		keep(i == 2000 ? "needle" : "hay", i % 2 ? "[]," : "{},", 900);
	ok(v.n == EVENTS_MAX && v.weight <= EVENTS_WEIGHT, "a thousand, and bounded");
	list = events_take(&v);
	most = resident();
	ok(jv_array_length(jv_copy(list)) == EVENTS_MAX && has(list, 0, "event", "needle"),
	   "of the newest thousand none is lost");
	for (int i = 0; i < EVENTS_MAX; i++)
		whole += !has(list, i, "cut", NULL);
	ok(whole > 10 && whole < 100 && !has(list, 999, "cut", NULL) && has(list, 1, "cut", NULL),
	   "the newest are whole: %d", whole);
#ifndef __SANITIZE_ADDRESS__ /* which keeps freed memory */
	ok(most < before + EVENTS_WEIGHT + (8u << 20), "as many bytes as was said: %zu KiB",
	   (most - before) >> 10);
#endif
	(void)before, (void)most;
	jv_free(list);
	events_finish(&v);
}

static void test_strings(void)
{
	const char text[] = "{\"a\":\"[[[[{{{{,,,,\\\"[[[\"}";

	ok(event_weight(text, strlen(text)) < 1000, "what stands in a string costs a byte each");
	ok(event_weight("]]]]}}[", 7) < 1000, "brackets that close nothing are no depth");
}

int main(void)
{
	test_whole();
	test_large();
	test_flood();
	test_strings();
	events_finish(&v);
	return done_testing();
}
