/* SPDX-License-Identifier: Apache-2.0 */
/* What comes from a pod and its session, and from a page: taken, or refused whole. */
#include "tests/lib/tap.h"
#include "tools/pod-web/control.h"
#include "tools/pod-web/packet.h"
#include "tools/pod-web/podside.h"
#include "tools/pod-web/services.h"

static bool answers(struct podside_answer *a, const char *text)
{
	return podside_answer(a, text, strlen(text));
}

static void test_answers(void)
{
	struct podside_answer a;
	char longer[1200];

	ok(answers(&a, "{\"ok\":true,\"path\":\"/tmp/uploads/\\u00fc\",\"size\":7,\"x\":[{}]}") &&
		   a.ok && a.size == 7,
	   "yes, and what nobody asked about");
	is_str(a.path, "/tmp/uploads/\xc3\xbc", "a path");
	ok(answers(&a, "{\"ok\":false,\"error\":\"space\",\"message\":\"none\"}") && !a.ok, "no");
	is_str(a.error, "space", "and why");
	ok(!answers(&a, "{}") && !answers(&a, "{\"ok\":1}") && !answers(&a, "{\"ok\":\"true\"}"),
	   "neither yes nor no");
	ok(!answers(&a, "") && !answers(&a, "[true]") &&
		   !answers(&a, "{\"ok\":true} {\"ok\":true}"),
	   "no object, or two");
	ok(!answers(&a, "{\"ok\":true,\"path\":\"a\\u0000b\"}"), "a NUL in a text");
	snprintf(longer, sizeof(longer), "{\"ok\":true,\"path\":\"%01024d\"}", 1);
	ok(!answers(&a, longer), "a path that is too long");
}

static void test_wishes(void)
{
	OWN_BUF struct buf b = BUF_INIT;
	static const char text[] = "{ \"on\" : false, \"do\" : \"blank\" }";
	struct wish w;

	ok(wish_parse(&w, text, strlen(text)) && w.kind == WISH_BLANK && w.value[0] == 0, "a wish");
	wish_line(&w, &b);
	is_str(b.data, "{\"do\":\"blank\",\"on\":false}\n", "in our words");
}

static void test_services(void)
{
	static const char text[] =
		"{\"v\":1,\"services\":[{\"name\":\"x11\",\"state\":\"up\",\"pid\":1,\"restarts\":3}],"
		"\"ready\":true}",
			  half[] = "{\"services\":[{\"name\":\"x11\"}],\"ready\":tru";
	struct services s = {.n = 0};

	ok(services_parse(&s, text, strlen(text)) && s.n == 1 && s.is_ready, "services");
	ok(services_find(&s, "x11") && services_find(&s, "x11")->restarts == 3, "by name");
	ok(!services_parse(&s, half, strlen(half)) && s.n == 0 && !s.is_ready,
	   "nothing of half a text");
}

static void test_packets(void)
{
	ok(packet_size("", 0) == 0 && packet_size("\0", 1) == 0, "nothing yet");
	ok(packet_size("\0\0\0\0\0\0\0\0\0\0", 10) == 10, "no sound is a packet, too");
	ok(packet_size("\0\1\0\0\0\0\0\0\0\0", 10) == 0, "not whole");
	ok(packet_size("\0\1\0\0\0\0\0\0\0\0ab", 12) == 11, "whole, and what follows is the next");
	ok(packet_size("\x20\x01", 2) == -EPROTO, "too large");
}

int main(void)
{
	test_answers();
	test_wishes();
	test_services();
	test_packets();
	return done_testing();
}
