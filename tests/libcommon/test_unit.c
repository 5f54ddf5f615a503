/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "libcommon/unit.h"
#include "tests/lib/tap.h"

struct sample {
	const char *text;
	int r;
	uint64_t value;
};

static void run(const char *what, int (*parse)(const char *, uint64_t *), const struct sample *s)
{
	for (; s->text; s++) {
		uint64_t n = 0;

		is_int(parse(s->text, &n), s->r, "%s '%s'", what, s->text);
		if (s->r == 0)
			ok(n == s->value, "%s '%s' is %llu, got %llu", what, s->text,
			   (unsigned long long)s->value, (unsigned long long)n);
	}
}

static const struct sample sizes[] = {
	{"0", 0, 0},
	{"4096", 0, 4096},
	{"4096B", 0, 4096},
	{"1k", 0, 1024},
	{"512MB", 0, 512ull << 20},
	{"512 mb", 0, 512ull << 20},
	{"1.5GiB", 0, 3ull << 29},
	{"8TiB", 0, 8ull << 40},
	{"8000000T", 0, 8000000ull << 40},
	{"9000000T", -ERANGE, 0},
	{"", -EINVAL, 0},
	{"MB", -EINVAL, 0},
	{"-1", -EINVAL, 0},
	{"+1", -EINVAL, 0},
	{" 1", -EINVAL, 0},
	{".5G", -EINVAL, 0},
	{"1.2.3G", -EINVAL, 0},
	{"0x10", -EINVAL, 0},
	{"1e9", -EINVAL, 0},
	{"inf", -EINVAL, 0},
	{"nan", -EINVAL, 0},
	{"1GBs", -EINVAL, 0},
	{"1 G B", -EINVAL, 0},
	{"99999999999999999999999999999999999", -EINVAL, 0},
	{0},
};

static const struct sample durations[] = {
	{"0", 0, 0},
	{"90", 0, 90},
	{"90s", 0, 90},
	{"1h30m", 0, 5400},
	{"2d", 0, 172800},
	{"1d2h3m4s", 0, 93784},
	{"30m1h", -EINVAL, 0}, /* the order is fixed, so that "1m2m" is a mistake */
	{"1m2m", -EINVAL, 0},
	{"1h30", -EINVAL, 0},
	{"1.5h", -EINVAL, 0},
	{"", -EINVAL, 0},
	{"h", -EINVAL, 0},
	{"-1s", -EINVAL, 0},
	{"1w", -EINVAL, 0},
	{"10000000000000", -ERANGE, 0},
	{"777777777777777777777777777771", -ERANGE, 0}, /* once undefined: found by fuzzing */
	{0},
};

static int up_to_100(const char *s, uint64_t *n)
{
	return unit_u64(s, 100, n);
}

static int any(const char *s, uint64_t *n)
{
	return unit_u64(s, UINT64_MAX, n);
}

static const struct sample small[] = {
	{"0", 0, 0},        {"100", 0, 100},    {"101", -ERANGE, 0}, {"", -EINVAL, 0},
	{"-1", -EINVAL, 0}, {"1 ", -EINVAL, 0}, {"0x1", -EINVAL, 0}, {0},
};

static const struct sample large[] = {
	{"18446744073709551615", 0, UINT64_MAX},
	{"18446744073709551616", -ERANGE, 0},
	{0},
};

static void printed(void)
{
	static const struct {
		uint64_t n;
		const char *text;
	} cases[] = {
		{0, "0B"},          {1023, "1023B"},      {1024, "1.0K"},
		{12902, "12.6K"},   {5ull << 30, "5.0G"}, {UINT64_MAX, "16.0E"},
		{1048575, "1024K"},
	};
	char out[16], now[UNIT_TIME_LEN];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		is_str(unit_human(cases[i].n, out), cases[i].text, "human %s", cases[i].text);
	unit_now(now);
	is_int((int)strlen(now), 27, "a time has microseconds: %s", now);
	ok(now[10] == 'T' && now[19] == '.' && now[26] == 'Z', "and is RFC 3339 in UTC");
}

int main(void)
{
	run("size", unit_size, sizes);
	run("duration", unit_duration, durations);
	run("number up to 100", up_to_100, small);
	run("number", any, large);
	printed();
	return done_testing();
}
