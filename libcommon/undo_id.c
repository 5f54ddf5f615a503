/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/undo.h"

bool undo_is_id(const char *s)
{
	size_t n = strlen(s);

	return n > 0 && n < UNDO_ID && s[strspn(s, "0123456789TZ-")] == '\0';
}

/* The number behind the last one of this second: those of records that were dropped stay unused. */
static int next_number(int undo, const char *second, unsigned *number)
{
	int fd = openat(undo, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), more;
	OWN_DIR DIR *d = fd < 0 ? NULL : fdopendir(fd);
	size_t n = strlen(second);
	const char *name;
	unsigned long last = 0;

	if (!d)
		return -errno;
	while ((more = dir_next(d, &name)) > 0) {
		unsigned long i;

		if (strncmp(name, second, n) != 0 || name[n] != '-')
			continue;
		i = strtoul(name + n + 1, NULL, 10);
		last = i > last ? i : last;
	}
	*number = (unsigned)last + 1;
	return more;
}

int undo_id_next(int undo, char id[UNDO_ID])
{
	time_t now = time(NULL);
	struct tm tm;
	char second[24];
	unsigned i = 1;
	int r;

	gmtime_r(&now, &tm);
	strftime(second, sizeof(second), "%Y%m%dT%H%M%SZ", &tm);
	r = next_number(undo, second, &i);
	snprintf(id, UNDO_ID, "%s-%u", second, i);
	return r;
}

void undo_id_time(const char *id, char out[24])
{
	unsigned y, mo, d, h, mi, s;

	if (sscanf(id, "%4u%2u%2uT%2u%2u%2uZ", &y, &mo, &d, &h, &mi, &s) == 6)
		snprintf(out, 24, "%04u-%02u-%02uT%02u:%02u:%02uZ", y % 10000, mo % 100, d % 100,
			 h % 100, mi % 100, s % 100);
	else
		*out = '\0';
}

uint64_t undo_id_seconds(const char *id)
{
	struct tm tm = {0};

	if (sscanf(id, "%4d%2d%2dT%2d%2d%2dZ", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &tm.tm_hour,
		   &tm.tm_min, &tm.tm_sec) != 6)
		return 0;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	return (uint64_t)timegm(&tm);
}

int undo_id_order(const char *a, const char *b)
{
	const char *x = strrchr(a, '-'), *y = strrchr(b, '-');
	size_t n = x ? (size_t)(x - a) : strlen(a);
	int r;

	if (!x || !y || n != (size_t)(y - b))
		return strcmp(a, b);
	r = memcmp(a, b, n);
	if (r == 0)
		r = (strlen(x) > strlen(y)) - (strlen(x) < strlen(y)); /* "-9" before "-10" */
	return r ? r : strcmp(x, y);
}
