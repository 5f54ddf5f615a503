/* SPDX-License-Identifier: Apache-2.0 */
#include "libcommon/when.h"
#include "tests/lib/tap.h"

static void good(const char *s, int64_t want)
{
	int64_t us = -1;

	ok(when_parse(s, &us) == 0, "'%s' is a time", s);
	is_int(us, want, "'%s'", s);
}

static void bad(const char *s)
{
	int64_t us;

	ok(when_parse(s, &us) < 0, "'%s' is none", s);
}

static void test_parse(void)
{
	static const char *const wrong[] = {
		"",
		"now",
		"2026",
		"2026-1-02",
		"2026-13-01",
		"2026-00-01",
		"2026-02-29",
		"2026-01-32",
		"2026-01-02T",
		"2026-01-02T03:04",
		"2026-01-02T03:04:05",
		"2026-01-02T24:00:00Z",
		"2026-01-02T03:60:00Z",
		"2026-01-02T03:04:61Z",
		"2026-01-02T03:04:05.Z",
		"2026-01-02T03:04:05+2",
		"2026-01-02T03:04:05+0200",
		"2026-01-02T03:04:05Z ",
		"2026-01-02T03:04:05ZZ",
		" 2026-01-02",
		"2026-01-0x",
		"+026-01-02",
	};

	good("1970-01-01T00:00:00Z", 0);
	good("1970-01-01", 0);
	good("2026-01-02T03:04:05.678901Z", 1767323045678901);
	good("2026-01-02t03:04:05.6z", 1767323045600000);
	good("2026-01-02 03:04:05.6789019999Z", 1767323045678901);
	good("2026-01-02T05:04:05+02:00", 1767323045000000);
	good("2026-01-01T22:34:05-04:30", 1767323045000000);
	good("2024-02-29", 1709164800000000);
	good("1969-12-31T23:59:59Z", -1000000);
	good("2016-12-31T23:59:60Z", 1483228800000000);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		bad(wrong[i]);
}

static void test_ago(void)
{
	const int64_t now = 1767323045000000;
	int64_t us;

	ok(when_ago("5m", now, &us) == 0 && us == now - 300000000, "5m ago");
	ok(when_ago("1d2h", now, &us) == 0 && us == now - 93600000000, "1d2h ago");
	ok(when_ago("2026-01-01", now, &us) == 0 && us == 1767225600000000, "a date is a date");
	ok(when_ago("2026", now, &us) < 0, "a bare number is neither");
	ok(when_ago("", now, &us) < 0, "nor is nothing");
	ok(when_ago("5 m", now, &us) < 0, "nor is '5 m'");
	ok(when_ago("999999999999d", now, &us) < 0, "before time began");
}

int main(void)
{
	test_parse();
	test_ago();
	return done_testing();
}
