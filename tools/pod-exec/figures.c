/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Called by the init from a signal handler, too: nothing here allocates or keeps state.
 */
#include "tools/pod-exec/figures.h"

#include <stdio.h>
#include <string.h>

#include "libcommon/unit.h"

/* One line of a file, with its newline if it has one. */
static size_t line_at(const char *in, size_t len)
{
	const char *eol = memchr(in, '\n', len);

	return eol ? (size_t)(eol - in) + 1 : len;
}

static bool begins(const char *line, size_t len, const char *word)
{
	size_t n = strlen(word);

	return len >= n && memcmp(line, word, n) == 0;
}

static size_t add(char *out, size_t size, size_t at, const char *line, size_t len)
{
	if (at + len > size)
		return at;
	memcpy(out + at, line, len);
	return at + len;
}

/* The number at *s, which moves behind it; false when there is none or it is too large. */
static bool take_number(const char **s, const char *end, uint64_t *n)
{
	const char *p = *s;

	for (*n = 0; p < end && *p >= '0' && *p <= '9'; p++) {
		if (*n > UINT64_MAX / 10 - 1)
			return false;
		*n = *n * 10 + (uint64_t)(*p - '0');
	}
	if (p == *s)
		return false;
	*s = p;
	return true;
}

bool cpus_parse(struct cpus *c, const char *list)
{
	const char *end = list + strlen(list);
	uint64_t from, to;

	*c = (struct cpus){0};
	while (list < end) {
		if (!take_number(&list, end, &from))
			return false;
		to = from;
		if (*list == '-' && (list++, !take_number(&list, end, &to)))
			return false;
		if (to < from || to >= FIGURES_CPUS || (*list && *list != ','))
			return false;
		for (; from <= to; from++) {
			c->n += !c->has[from];
			c->has[from] = true;
		}
		if (*list == ',' && *++list == '\0')
			return false;
	}
	return c->n > 0;
}

void cpus_limit(struct cpus *c, const struct cpus *other, unsigned max)
{
	c->n = 0;
	for (unsigned i = 0; i < FIGURES_CPUS; i++) {
		c->has[i] = c->has[i] && other->has[i] && c->n < max;
		c->n += c->has[i];
	}
}

void cpus_print(const struct cpus *c, char *out, size_t size)
{
	size_t at = 0;

	*out = '\0';
	for (unsigned i = 0; i < FIGURES_CPUS && at < size; i++) {
		unsigned first = i;

		if (!c->has[i])
			continue;
		while (i + 1 < FIGURES_CPUS && c->has[i + 1])
			i++;
		at += (size_t)snprintf(out + at, size - at, i > first ? "%s%u-%u" : "%s%u",
				       at ? "," : "", first, i);
	}
}

unsigned cpus_of_quota(uint64_t quota_us, uint64_t period_us)
{
	if (quota_us == 0 || period_us == 0 || quota_us / period_us >= FIGURES_CPUS)
		return UINT32_MAX;
	return (unsigned)((quota_us + period_us - 1) / period_us);
}

/* Which processor a block of cpuinfo is about; -1 for what is about none. */
static int block_cpu(const char *in, size_t len)
{
	while (len > 0) {
		size_t n = line_at(in, len);
		const char *colon = memchr(in, ':', n), *end = in + n;
		uint64_t cpu;

		if (begins(in, n, "processor") && colon) {
			for (colon++; colon < end && *colon == ' '; colon++)
				;
			return take_number(&colon, end, &cpu) && cpu < FIGURES_CPUS ? (int)cpu : -1;
		}
		in += n;
		len -= n;
	}
	return -1;
}

size_t figures_cpuinfo(char *out, size_t size, const char *in, size_t len, const struct cpus *c)
{
	size_t at = 0;

	while (len > 0) {
		size_t block = 0, n = 1;
		int cpu;

		/* a block ends with its empty line */
		while (block < len && n > 0) {
			n = line_at(in + block, len - block);
			block += n;
			if (n == 1)
				break;
		}
		cpu = block_cpu(in, block);
		if (cpu < 0 || c->has[cpu])
			at = add(out, size, at, in, block);
		in += block;
		len -= block;
	}
	return at;
}

#define STAT_FIELDS 10

static void sum_up(uint64_t sum[STAT_FIELDS], const char *line, size_t len)
{
	const char *end = line + len;

	for (int i = 0; i < STAT_FIELDS; i++) {
		uint64_t n;

		for (; line < end && *line == ' '; line++)
			;
		if (!take_number(&line, end, &n))
			return;
		sum[i] += n;
	}
}

/* The processor of a "cpuN " line, and where its numbers begin; -1 for other lines. */
static int stat_cpu(const char *line, size_t len, const char **numbers)
{
	const char *p = line + 3, *end = line + len;
	uint64_t cpu;

	if (!begins(line, len, "cpu") || !take_number(&p, end, &cpu) || cpu >= FIGURES_CPUS)
		return -1;
	*numbers = p;
	return (int)cpu;
}

static size_t sum_line(char *out, size_t size, const char *in, size_t len, const struct cpus *c)
{
	uint64_t sum[STAT_FIELDS] = {0};
	char line[STAT_FIELDS * 21 + 8];
	size_t n = 4;

	for (size_t k; len > 0; in += k, len -= k) {
		const char *numbers;
		int cpu;

		k = line_at(in, len);
		cpu = stat_cpu(in, k, &numbers);
		if (cpu >= 0 && c->has[cpu])
			sum_up(sum, numbers, k - (size_t)(numbers - in));
	}
	memcpy(line, "cpu ", n);
	for (int i = 0; i < STAT_FIELDS; i++)
		n += (size_t)snprintf(line + n, sizeof(line) - n, " %llu",
				      (unsigned long long)sum[i]);
	line[n++] = '\n';
	return add(out, size, 0, line, n);
}

size_t figures_stat(char *out, size_t size, const char *in, size_t len, const struct cpus *c)
{
	size_t at = sum_line(out, size, in, len, c), n;
	const char *numbers;

	for (; len > 0; in += n, len -= n) {
		int cpu;

		n = line_at(in, len);
		cpu = stat_cpu(in, n, &numbers);
		if (begins(in, n, "cpu ") || (cpu >= 0 && !c->has[cpu]))
			continue;
		at = add(out, size, at, in, n);
	}
	return at;
}

/* What follows from limit and use; everything else of the host's memory is not the pod's. */
size_t figures_meminfo(char *out, size_t size, const char *in, size_t len, uint64_t limit,
		       uint64_t used)
{
	uint64_t total = limit / 1024, free = used < limit ? (limit - used) / 1024 : 0;
	size_t at = 0, n;

	for (; len > 0; in += n, len -= n) {
		const char *colon;
		uint64_t value = 0;
		char line[96];
		int k;

		n = line_at(in, len);
		colon = memchr(in, ':', n);
		if (!colon || colon - in > 40 || begins(in, n, "Huge") || begins(in, n, "Direct"))
			continue;
		if (begins(in, n, "MemTotal:") || begins(in, n, "CommitLimit:"))
			value = total;
		else if (begins(in, n, "MemFree:") || begins(in, n, "MemAvailable:"))
			value = free;
		else if (begins(in, n, "Active:") || begins(in, n, "Active(anon):") ||
			 begins(in, n, "AnonPages:") || begins(in, n, "Committed_AS:"))
			value = total - free;
		k = snprintf(line, sizeof(line), "%.*s:%*llu kB\n", (int)(colon - in), in,
			     23 - (int)(colon - in) > 1 ? 23 - (int)(colon - in) : 1,
			     (unsigned long long)value);
		at = add(out, size, at, line, (size_t)k);
	}
	return at;
}
