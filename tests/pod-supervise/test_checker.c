/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-supervise/checker.h"

#include <unistd.h>

#include "libcommon/own.h"
#include "tests/lib/tap.h"
#include "tools/pod-supervise/again.h"
#include "tools/pod-supervise/check.h"

#define MINUTE 60000

/* How long after the last restart the next one may be. */
static int64_t pause_of(const struct restarts *r)
{
	return restarts_next(r) - r->last;
}

static void test_restarts(void)
{
	static const int64_t want[] = {10000, 20000, 40000, 80000, 160000, 320000, 600000, 600000};
	struct restarts r = {0};
	int64_t now = 1000;

	is_int(restarts_next(&r), 0, "the first restart may be at once");
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		restarts_add(&r, now);
		is_int(pause_of(&r), want[i], "pause after restart %zu", i + 1);
		now = restarts_next(&r);
	}
	restarts_add(&r, now + 31 * MINUTE);
	is_int(pause_of(&r), 10000, "after a long time of health it is the first again");
	is_int(r.n, 9, "all are counted");
	for (int i = 0; i < 1000; i++)
		restarts_add(&r, now);
	is_int(pause_of(&r), 600000, "nothing overflows");
}

static void is_read(const char *value, int want, const char *what)
{
	OWN_PLAN struct plan pl = {0};
	struct checks c = {.n = 0};
	struct err e = {0};

	strv_add(&pl.keys, "health");
	strv_add(&pl.values, value);
	ok((checks_read(&c, &pl, &e) == 0) == want, "%s", what);
	checks_finish(&c);
}

static void test_checks(void)
{
	OWN_PLAN struct plan pl = {0};
	struct checks c = {.n = 0};
	struct err e = {0};

	strv_add(&pl.keys, "health");
	strv_add(&pl.values, "port=80 name=web\\040ui command=test\\040-e\\040/x interval=1 "
			     "timeout=2 retries=3 action=freeze grace=0");
	is_int(checks_read(&c, &pl, &e), 0, "a line of a plan");
	is_str(c.v[0].name, "web ui", "name");
	is_str(c.v[0].command, "test -e /x", "command");
	ok(!c.v[0].endpoint && c.v[0].action == ACTION_FREEZE && !checks_restart(&c), "the rest");
	is_str(check_action(&c.v[0]), "freeze", "action by name");
	checks_finish(&c);
	is_read("endpoint=/ interval=1 timeout=1 retries=1", 1, "the least");
	is_read("endpoint=/ command=a interval=1 timeout=1 retries=1", 0, "both");
	is_read("interval=1 timeout=1 retries=1", 0, "neither");
	is_read("endpoint=/ interval=0 timeout=1 retries=1", 0, "no time between");
	is_read("endpoint=/ interval=1 timeout=1 retries=1 action=what", 0, "another action");
	is_read("endpoint=/ interval=1 timeout=1 retries=1 port=65536", 0, "no port");
	is_read("endpoint=/ interval", 0, "no value");
	is_read("endpoint=/ interval=1 timeout=1 retries=1 what=1", 0, "an unknown word");
}

static void test_again(void)
{
	char *chain[] = {"enter", "web", "--", "exec", "-e", "A=b", "web", "--", "sh", "--", NULL};
	char *bare[] = {"sh", "--", "x", NULL}, *open[] = {"a", "--", "b", "--", NULL};
	struct again a = {.nfds = 0};
	struct err e = {0};
	int fds[] = {100, 101};

	is_str(again_command(chain), "sh", "the command behind the chain");
	ok(!again_command(bare) && !again_command(open), "or none");
	unsetenv("ENVPOD_SECRETS_FD");
	again_keep(&a, chain, fds, 2);
	is_str(a.chain.v[5], "A=b", "the chain is kept");
	is_int(again_prepare(&a, "web", &e), 0, "prepared without secrets");
	ok(write(100, "x", 1) == 1 && write(101, "x", 1) == 1,
	   "what is written to descriptors long closed goes nowhere");
	again_finish(&a);
}

int main(void)
{
	test_restarts();
	test_checks();
	test_again();
	return done_testing();
}
