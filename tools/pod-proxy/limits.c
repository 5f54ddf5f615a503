/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-proxy/limits.h"

#include <stdlib.h>
#include <string.h>

#define WAIT_MAX 3600   /* s */
#define MINUTE   60000u /* ms, and what one request or byte counts */

void meters_finish(struct meters *ms)
{
	struct meter *next;

	for (struct meter *m = ms->list; m; m = next) {
		next = m->next;
		free(m);
	}
	ms->list = NULL;
}

static bool is_of(const struct meter *m, const struct site *s)
{
	return m->port == s->port && m->wide == s->wide && strcmp(m->domain, s->domain) == 0;
}

static bool is_known(const struct sites *s, const struct meter *m)
{
	for (size_t i = 0; i < s->n; i++)
		if (is_of(m, &s->v[i]))
			return true;
	return false;
}

void meters_sweep(struct meters *ms, const struct sites *s, uint64_t now_ms)
{
	for (struct meter **at = &ms->list, *m; (m = *at);) {
		if (m->refs || now_ms - m->since_ms < MINUTE || is_known(s, m)) {
			at = &m->next;
			continue;
		}
		*at = m->next;
		free(m);
	}
}

static struct meter *meter_of(struct meters *ms, const struct site *s, uint64_t now_ms)
{
	struct meter *m = ms->list;

	while (m && !is_of(m, s))
		m = m->next;
	if (m)
		return m;
	m = xcalloc(1, sizeof(*m));
	memcpy(m->domain, s->domain, strlen(s->domain) + 1);
	m->wide = s->wide;
	m->port = s->port;
	m->since_ms = now_ms;
	m->next = ms->list;
	ms->list = m;
	return m;
}

static uint64_t times(uint64_t a, uint64_t b)
{
	uint64_t product;

	return __builtin_mul_overflow(a, b, &product) ? UINT64_MAX : product;
}

static void give_back(uint64_t *used, uint64_t limit, uint64_t ms)
{
	uint64_t back = times(limit, ms);

	*used -= *used < back ? *used : back;
}

static void grow_back(struct meter *m, const struct site *s, uint64_t now_ms)
{
	give_back(&m->requests, s->requests, now_ms - m->since_ms);
	give_back(&m->bytes, s->bytes, now_ms - m->since_ms);
	m->since_ms = now_ms;
}

/* Seconds until `used` and one more are within the limit; 0: they are. */
static unsigned wait_for(uint64_t used, uint64_t limit, uint64_t one)
{
	uint64_t all = times(limit, MINUTE), ms;

	if (!limit || used + one <= all)
		return 0;
	ms = (used + one - all + limit - 1) / limit;
	return ms / 1000 >= WAIT_MAX ? WAIT_MAX : (unsigned)(ms / 1000) + 1;
}

static const char *exceeded(const struct meter *m, const struct site *s, unsigned *retry_s)
{
	*retry_s = wait_for(m->requests, s->requests, MINUTE);
	if (*retry_s)
		return "requests";
	*retry_s = wait_for(m->bytes, s->bytes, 1);
	if (*retry_s)
		return "bytes";
	*retry_s = s->concurrent && m->concurrent >= s->concurrent;
	return *retry_s ? "concurrent" : NULL;
}

const char *meter_begin(struct meters *ms, const struct site *s, uint64_t now_ms, struct meter **m,
			unsigned *retry_s)
{
	const char *why;

	*m = NULL;
	*retry_s = 0;
	if (!s->requests && !s->bytes && !s->concurrent)
		return NULL;
	*m = meter_of(ms, s, now_ms);
	grow_back(*m, s, now_ms);
	why = exceeded(*m, s, retry_s);
	if (why) {
		*m = NULL;
		return why;
	}
	(*m)->requests += s->requests ? MINUTE : 0;
	(*m)->concurrent++;
	(*m)->refs++;
	return NULL;
}

unsigned meter_charge(struct meter *m, const struct site *s, uint64_t now_ms, uint64_t bytes)
{
	uint64_t more = times(bytes, MINUTE);
	unsigned wait;

	if (!m || !s->bytes)
		return 0;
	grow_back(m, s, now_ms);
	wait = more > UINT64_MAX / 2 ? WAIT_MAX : wait_for(m->bytes, s->bytes, more);
	if (!wait)
		m->bytes += more;
	return wait;
}

void meter_end(struct meter *m)
{
	if (!m)
		return;
	m->concurrent--;
	m->refs--;
}
