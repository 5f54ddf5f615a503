/* SPDX-License-Identifier: Apache-2.0 */
/* The pauses between two starts of a service, and what makes it appear. */
#include <stdio.h>

#include "libcommon/clock.h"
#include "tests/lib/tap.h"
#include "tools/pod-supervise/member.h"

static void test_pauses(void)
{
	struct member m = {.begun = -1, .listen = -1, .said = -1};
	static const unsigned want[] = {200, 400, 800, 1600, 3200, 6400, 10000, 10000};

	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		member_enter(&m, MEMBER_UP);
		member_gone(&m, 0);
		is_int((intmax_t)m.delay_ms, want[i], "pause %zu", i + 1);
	}
	is_int(m.restarts, 8, "each is counted");
	ok(m.next >= m.since + 10000, "not before");
	member_enter(&m, MEMBER_UP);
	m.since -= MEMBER_STEADY_MS + 1;
	member_gone(&m, 0);
	is_int((intmax_t)m.delay_ms, 200, "one that was up for a minute begins anew");
	member_enter(&m, MEMBER_STARTING);
	m.since -= MEMBER_STEADY_MS + 1;
	member_gone(&m, 0);
	is_int((intmax_t)m.delay_ms, 400, "one that was never up does not");
}

static void test_places(void)
{
	const struct place none = {0}, one = {true, 1, 2, 3, 4}, same_number = {true, 1, 2, 9, 9},
			   touched = {true, 1, 2, 3, 5};

	ok(place_appeared(&one, &none), "it was not there before");
	ok(!place_appeared(&one, &one), "it was");
	ok(!place_appeared(&none, &one), "it is gone");
	ok(!place_appeared(&none, &none), "it never was");
	ok(place_appeared(&same_number, &one), "another one that got its number");
	ok(place_appeared(&touched, &one), "it was written");
}

int main(void)
{
	test_pauses();
	test_places();
	return done_testing();
}
