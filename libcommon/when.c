/* SPDX-License-Identifier: Apache-2.0 */
#include "libcommon/when.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

#include "libcommon/unit.h"

#define SECOND 1000000ll

/* Exactly `digits` digits, at most max; moves *s behind them. */
static bool number(const char **s, int digits, int max, int *n)
{
	*n = 0;
	for (int i = 0; i < digits; i++, (*s)++) {
		if (**s < '0' || **s > '9')
			return false;
		*n = *n * 10 + (**s - '0');
	}
	return *n <= max;
}

static bool literal(const char **s, const char *any_of)
{
	if (!**s || !strchr(any_of, **s))
		return false;
	(*s)++;
	return true;
}

static int days_in(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap);
}

static bool parse_date(const char **s, struct tm *tm)
{
	if (!number(s, 4, 9999, &tm->tm_year) || !literal(s, "-") ||
	    !number(s, 2, 12, &tm->tm_mon) || !literal(s, "-") || !number(s, 2, 31, &tm->tm_mday))
		return false;
	if (tm->tm_mon < 1 || tm->tm_mday < 1 || tm->tm_mday > days_in(tm->tm_year, tm->tm_mon))
		return false;
	tm->tm_year -= 1900;
	tm->tm_mon -= 1;
	return true;
}

/* 60 is a leap second; microseconds are kept, finer digits read and dropped. */
static bool parse_time(const char **s, struct tm *tm, int64_t *us)
{
	int64_t unit = SECOND / 10;

	if (!number(s, 2, 23, &tm->tm_hour) || !literal(s, ":") || !number(s, 2, 59, &tm->tm_min) ||
	    !literal(s, ":") || !number(s, 2, 60, &tm->tm_sec))
		return false;
	if (!literal(s, "."))
		return true;
	if (**s < '0' || **s > '9')
		return false;
	for (; **s >= '0' && **s <= '9'; (*s)++, unit /= 10)
		*us += (**s - '0') * unit;
	return true;
}

static bool parse_zone(const char **s, int64_t *offset)
{
	int sign = **s == '-' ? -1 : 1, hours, minutes;

	*offset = 0;
	if (literal(s, "Zz"))
		return true;
	if (!literal(s, "+-") || !number(s, 2, 23, &hours) || !literal(s, ":") ||
	    !number(s, 2, 59, &minutes))
		return false;
	*offset = sign * (hours * 60 + minutes) * 60 * SECOND;
	return true;
}

int when_parse(const char *s, int64_t *us)
{
	struct tm tm = {0};
	int64_t fraction = 0, offset = 0;

	if (!parse_date(&s, &tm))
		return -EINVAL;
	if (*s &&
	    (!literal(&s, "Tt ") || !parse_time(&s, &tm, &fraction) || !parse_zone(&s, &offset)))
		return -EINVAL;
	if (*s)
		return -EINVAL;
	*us = (int64_t)timegm(&tm) * SECOND + fraction - offset;
	return 0;
}

int when_ago(const char *s, int64_t now_us, int64_t *us)
{
	uint64_t seconds;

	if (when_parse(s, us) == 0)
		return 0;
	/* A bare number could be meant as seconds or as a year: ask for the unit. */
	if (strspn(s, "0123456789") == strlen(s) || unit_duration(s, &seconds) < 0 ||
	    seconds > INT64_MAX / SECOND / 2)
		return -EINVAL;
	*us = now_us - (int64_t)seconds * SECOND;
	return 0;
}

int64_t when_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return ts.tv_sec * SECOND + ts.tv_nsec / 1000;
}
