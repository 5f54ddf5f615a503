/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "libcommon/web_session.h"
#include "tests/lib/tap.h"

#define HOUR 3600000ull

static int file(void)
{
	return memfd_create("sessions", MFD_CLOEXEC);
}

static void test_links(void)
{
	struct web_sessions s = WEB_SESSIONS_INIT;
	struct err e = {0};
	char link[WEB_SECRET], secret[WEB_SECRET], other[WEB_SECRET];
	const uint64_t later = 2 * WEB_LINK_MS;
	struct web_session *one;

	ok(web_sessions_map(&s, file(), &e) == 0, "an empty file is made anew");
	web_link_new(&s, WEB_ROLE_VIEW, 1000, link);
	ok(web_secret_is(link), "a link is 32 digits");
	ok(!web_login(&s, link, 1000 + WEB_LINK_MS, secret), "not after five minutes");
	web_link_new(&s, WEB_ROLE_VIEW, 1000, link);
	one = web_login(&s, link, 1000 + WEB_LINK_MS - 1, secret);
	ok(one && one->role == WEB_ROLE_VIEW && one->number == 1, "once, in its role");
	ok(!web_login(&s, link, later, other), "and not again");
	ok(web_session_find(&s, secret, false, later) == one, "its secret finds it");
	ok(!web_session_find(&s, secret, true, later), "but not as a token");
	ok(!web_session_find(&s, link, false, later), "the link's does not");
	for (int i = 0; i < WEB_LINKS; i++)
		web_link_new(&s, WEB_ROLE_FULL, later + (uint64_t)i, i ? other : link);
	ok(web_login(&s, other, later + 100, secret) != NULL, "as many links as there is room for");
	web_link_new(&s, WEB_ROLE_FULL, later + 200, other);
	web_link_new(&s, WEB_ROLE_FULL, later + 200, other);
	ok(!web_login(&s, link, later + 300, secret), "then the oldest goes");
	web_sessions_finish(&s);
}

static void test_idleness(void)
{
	struct web_sessions s = WEB_SESSIONS_INIT;
	struct err e = {0};
	char link[WEB_SECRET], secret[WEB_SECRET], token[WEB_SECRET];

	web_sessions_map(&s, file(), &e);
	web_link_new(&s, WEB_ROLE_FULL, 0, link);
	web_login(&s, link, 0, secret);
	ok(web_session_find(&s, secret, false, 7 * HOUR) != NULL, "seven hours are not too long");
	ok(web_session_find(&s, secret, false, 14 * HOUR) != NULL, "from the last time on");
	ok(!web_session_find(&s, secret, false, 22 * HOUR), "eight are");
	ok(web_token_new(&s, WEB_ROLE_FULL, 0, token) != NULL, "a token");
	ok(web_session_find(&s, token, true, 9000 * HOUR) != NULL, "does not end by itself");
	ok(!web_session_find(&s, token, false, 0), "and is no cookie");
	web_sessions_finish(&s);
}

static void test_many(void)
{
	struct web_sessions s = WEB_SESSIONS_INIT;
	struct err e = {0};
	char link[WEB_SECRET], first[WEB_SECRET], second[WEB_SECRET], last[WEB_SECRET];
	unsigned at = 0, n = 0;

	web_sessions_map(&s, file(), &e);
	for (unsigned i = 0; i <= WEB_SESSIONS; i++) {
		web_link_new(&s, WEB_ROLE_FULL, i, link);
		web_login(&s, link, i, i == 0 ? first : i == 1 ? second : last);
		web_session_find(&s, first, false, i);
	}
	ok(web_session_find(&s, first, false, 1000) != NULL, "one that is used stays");
	ok(!web_session_find(&s, second, false, 1000), "the one that was not makes room");
	while (web_session_next(&s, &at, 1000))
		n++;
	ok(n == WEB_SESSIONS, "all others are there");
	ok(web_session_end(&s, 1) == 1 && !web_session_find(&s, first, false, 1000),
	   "one is ended");
	ok(web_session_of(&s, 3, 1000) != NULL, "another stays");
	ok(web_session_end(&s, 0) == WEB_SESSIONS - 1, "all are ended");
	ok(!web_session_find(&s, last, false, 1000), "and nobody is left");
	web_sessions_finish(&s);
}

static void test_file(void)
{
	struct web_sessions s = WEB_SESSIONS_INIT, t = WEB_SESSIONS_INIT;
	struct err e = {0};
	char link[WEB_SECRET], secret[WEB_SECRET], label[WEB_LABEL], odd[100] = "odd";
	int fd = file(), again = dup(fd);

	web_sessions_map(&s, fd, &e);
	snprintf(label, sizeof(label), "%s", web_sessions_label(&s));
	web_link_new(&s, WEB_ROLE_FULL, 0, link);
	web_login(&s, link, 0, secret);
	web_sessions_set_port(&s, 1, 6081);
	web_sessions_finish(&s);
	ok(web_sessions_map(&t, again, &e) == 0 && strcmp(web_sessions_label(&t), label) == 0,
	   "another that maps the file has its name");
	ok(web_sessions_port(&t, 1) == 6081 && web_session_find(&t, secret, false, 1),
	   "and all else");
	again = dup(t.fd);
	web_sessions_forget(&t);
	web_sessions_finish(&t);
	web_sessions_map(&s, again, &e);
	ok(strcmp(web_sessions_label(&s), label) != 0 && !web_session_find(&s, secret, false, 1),
	   "what was forgotten is made anew");
	web_sessions_finish(&s);
	fd = file();
	ok(write(fd, odd, sizeof(odd)) == sizeof(odd) && web_sessions_map(&s, fd, &e) == 0 &&
		   strlen(web_sessions_label(&s)) == WEB_LABEL - 1,
	   "what is none of ours, too");
	web_sessions_finish(&s);
}

int main(void)
{
	test_links();
	test_idleness();
	test_many();
	test_file();
	return done_testing();
}
