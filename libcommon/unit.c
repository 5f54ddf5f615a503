/* SPDX-License-Identifier: Apache-2.0 */
#include "libcommon/unit.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

/* Digits and at most one dot: strtod alone would also take "inf", "0x10" and "1e9". */
static int decimal(const char *s, const char **end, double *value)
{
	size_t n = strspn(s, "0123456789.");
	char text[32];

	if (n == 0 || n >= sizeof(text) || !isdigit((unsigned char)s[0]))
		return -EINVAL;
	memcpy(text, s, n);
	text[n] = '\0';
	if (strchr(text, '.') != strrchr(text, '.'))
		return -EINVAL;
	*value = strtod(text, NULL);
	*end = s + n;
	return 0;
}

int unit_size(const char *s, uint64_t *bytes)
{
	static const struct {
		const char *word;
		double factor;
	} units[] = {
		{"", 1.0},
		{"B", 1.0},
		{"K", 1024.0},
		{"KB", 1024.0},
		{"KiB", 1024.0},
		{"M", 1048576.0},
		{"MB", 1048576.0},
		{"MiB", 1048576.0},
		{"G", 1073741824.0},
		{"GB", 1073741824.0},
		{"GiB", 1073741824.0},
		{"T", 1099511627776.0},
		{"TB", 1099511627776.0},
		{"TiB", 1099511627776.0},
	};
	const char *end;
	double value;

	if (decimal(s, &end, &value) < 0)
		return -EINVAL;
	while (*end == ' ')
		end++;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcasecmp(end, units[i].word) != 0)
			continue;
		value *= units[i].factor;
		if (value >= 9e18)
			return -ERANGE;
		*bytes = (uint64_t)value;
		return 0;
	}
	return -EINVAL;
}

int unit_duration(const char *s, uint64_t *seconds)
{
	static const char letters[] = "dhms";
	static const uint64_t factors[] = {86400, 3600, 60, 1};
	uint64_t sum = 0;
	int last = -1;

	if (*s == '\0')
		return -EINVAL;
	while (*s) {
		const char *end, *letter;
		double value;

		if (decimal(s, &end, &value) < 0 || memchr(s, '.', (size_t)(end - s)))
			return -EINVAL;
		if (value >= 1e12)
			return -ERANGE;
		if (*end == '\0' && last < 0) {
			*seconds = (uint64_t)value;
			return 0;
		}
		letter = *end ? strchr(letters, *end) : NULL;
		if (!letter || letter - letters <= last)
			return -EINVAL;
		last = (int)(letter - letters);
		sum += (uint64_t)value * factors[last];
		s = end + 1;
	}
	*seconds = sum;
	return 0;
}

int unit_u64(const char *s, uint64_t max, uint64_t *n)
{
	char *end;

	if (!isdigit((unsigned char)s[0]))
		return -EINVAL;
	errno = 0;
	*n = strtoull(s, &end, 10);
	if (*end)
		return -EINVAL;
	return errno == ERANGE || *n > max ? -ERANGE : 0;
}

void unit_time(uint64_t ns, char out[UNIT_TIME_LEN])
{
	time_t seconds = (time_t)(ns / 1000000000u);
	struct tm tm;

	gmtime_r(&seconds, &tm);
	/* No strftime: it reads /etc/localtime, also for what has no zone in it. */
	snprintf(out, UNIT_TIME_LEN, "%04u-%02u-%02uT%02u:%02u:%02u.%06uZ",
		 (unsigned)(tm.tm_year + 1900) % 10000u, (unsigned)(tm.tm_mon + 1) % 100u,
		 (unsigned)tm.tm_mday % 100u, (unsigned)tm.tm_hour % 100u,
		 (unsigned)tm.tm_min % 100u, (unsigned)tm.tm_sec % 100u,
		 (unsigned)(ns % 1000000000u / 1000));
}

void unit_now(char out[UNIT_TIME_LEN])
{
	struct timespec ts = {0};

	clock_gettime(CLOCK_REALTIME, &ts);
	unit_time((uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec, out);
}

const char *unit_human(uint64_t bytes, char out[16])
{
	static const char letters[] = "BKMGTPE";
	double value = (double)bytes;
	int i = 0;

	while (value >= 1024.0 && i < 6) {
		value /= 1024.0;
		i++;
	}
	snprintf(out, 16, i == 0 || value >= 100 ? "%.0f%c" : "%.1f%c", value, letters[i]);
	return out;
}
