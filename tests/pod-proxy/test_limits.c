/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "tests/lib/tap.h"
#include "tools/pod-proxy/limits.h"

static struct meters all;
static struct meter *m;
static unsigned retry;

static const char *begin(const struct site *s, uint64_t ms)
{
	return meter_begin(&all, s, ms, &m, &retry);
}

static void requests(void)
{
	const struct site s = {.domain = (char[]){"a.example"}, .port = 443, .requests = 3};

	for (int i = 0; i < 3; i++) {
		is_str(begin(&s, 1000), NULL, "request %d of three", i + 1);
		meter_end(m);
	}
	is_str(begin(&s, 1000), "requests", "a fourth waits");
	ok(!m && retry == 21, "until one has grown back");
	is_str(begin(&s, 20999), "requests", "not before");
	is_str(begin(&s, 21000), NULL, "a third of a minute later");
	meter_end(m);
	is_str(begin(&s, 21000), "requests", "one alone");
	is_str(begin(&s, 1000000), NULL, "after long");
	meter_end(m);
	for (int i = 0; i < 2; i++) {
		is_str(begin(&s, 1000000), NULL, "no more than a minute's worth");
		meter_end(m);
	}
	is_str(begin(&s, 1000000), "requests", "has grown back");
}

static void bytes(void)
{
	const struct site s = {.domain = (char[]){"b.example"}, .port = 443, .bytes = 600};

	is_str(begin(&s, 0), NULL, "bytes: the first");
	is_int(meter_charge(m, &s, 0, 500), 0, "as long as they last");
	is_int(meter_charge(m, &s, 0, 200), 11, "too many wait");
	is_int(meter_charge(m, &s, 0, 100), 0, "and were not counted");
	is_int(meter_charge(m, &s, 0, 1), 1, "a minute's worth has gone");
	is_str(begin(&s, 0), "bytes", "the next one waits");
	is_int(retry, 1, "for one to grow back");
	is_int(meter_charge(m = all.list, &s, 30000, 300), 0, "half of them in half a minute");
	is_int(meter_charge(m, &s, 30000, 601), 61, "what is more than all never fits");
	is_int(meter_charge(m, &s, 1000000000, 601), 1, "however long it waits");
	is_int(meter_charge(m, &s, 1000000000, UINT64_MAX), 3600, "an hour is said at most");
	is_int(meter_charge(m, &s, 1000000000, UINT64_MAX / 60000 / 2), 3600, "or that");
	meter_end(m);
}

static void concurrent(void)
{
	const struct site s = {.domain = (char[]){"c.example"}, .port = 443, .concurrent = 2};
	const struct site other = {.domain = s.domain, .port = 80, .concurrent = 1};
	const struct site none = {.domain = s.domain, .port = 81};
	struct meter *first;

	is_str(begin(&s, 0), NULL, "one at a time");
	first = m;
	is_str(begin(&s, 0), NULL, "two");
	is_str(begin(&s, 0), "concurrent", "not three");
	is_str(begin(&other, 0), NULL, "another port is another host");
	meter_end(first);
	is_str(begin(&s, 0), NULL, "when one is over, there may be another");
	is_str(begin(&none, 0), NULL, "no limit");
	ok(!m, "is not counted");
	meter_end(m);
}

static void sweeping(void)
{
	struct sites none = {0};
	size_t n = 0;

	meters_sweep(&all, &none, 10000000);
	for (m = all.list; m; m = m->next)
		n++;
	is_int((intmax_t)n, 2, "what is under way is not forgotten");
	meters_finish(&all);
}

int main(void)
{
	requests();
	bytes();
	concurrent();
	sweeping();
	return done_testing();
}
