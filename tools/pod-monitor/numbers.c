/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-monitor/numbers.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "libcommon/jsonw.h"
#include "libcommon/unit.h"
#include "libcommon/when.h"

enum kind {
	GAUGE,
	TOTAL,   /* grows, and has a rate beside it */
	PERCENT, /* hundredths */
	SECONDS, /* a total in microseconds */
	CORES,   /* thousandths */
};

static const struct field {
	const char *group, *name;
	enum kind kind;
} fields[SAMPLE_FIELDS] = {
	[CPU_PERCENT] = {"cpu", "percent", PERCENT},
	[CPU_SECONDS] = {"cpu", "seconds", SECONDS},
	[CPU_LIMIT] = {"cpu", "limit", CORES},
	[MEMORY_BYTES] = {"memory", "bytes", GAUGE},
	[MEMORY_LIMIT] = {"memory", "limit", GAUGE},
	[MEMORY_PERCENT] = {"memory", "percent", PERCENT},
	[PIDS_COUNT] = {"pids", "count", GAUGE},
	[PIDS_LIMIT] = {"pids", "limit", GAUGE},
	[PIDS_PERCENT] = {"pids", "percent", PERCENT},
	[IO_READ] = {"io", "read", TOTAL},
	[IO_WRITTEN] = {"io", "written", TOTAL},
	[NET_UP] = {"net", "up", TOTAL},
	[NET_DOWN] = {"net", "down", TOTAL},
	[NET_CONNECTIONS] = {"net", "connections", TOTAL},
	[DNS_QUERIES] = {"dns", "queries", TOTAL},
	[DNS_DENIED] = {"dns", "denied", TOTAL},
	[REQUESTS_COUNT] = {"requests", "count", TOTAL},
	[REQUESTS_DENIED] = {"requests", "denied", TOTAL},
	[REQUESTS_TOKENS] = {"requests", "tokens", TOTAL},
	[DISK_BYTES] = {"disk", "bytes", GAUGE},
	[DISK_LIMIT] = {"disk", "limit", GAUGE},
	[DISK_PERCENT] = {"disk", "percent", PERCENT},
	[DISK_AGE] = {"disk", "age", GAUGE},
	[ACTIONS_SUBMITTED] = {"actions", "submitted", TOTAL},
	[ACTIONS_EXECUTED] = {"actions", "executed", TOTAL},
	[ACTIONS_DENIED] = {"actions", "denied", TOTAL},
	[EVENTS_COUNT] = {"events", "count", TOTAL},
};

static bool is_known(uint64_t v)
{
	return v != SAMPLE_UNKNOWN && v != SAMPLE_NO_MAX;
}

static bool is_total(enum sample_field f)
{
	return fields[f].kind == TOTAL || fields[f].kind == SECONDS;
}

void sample_init(struct sample *s)
{
	*s = (struct sample){.ns = 0};
	for (size_t i = 0; i < SAMPLE_FIELDS; i++) {
		s->v[i] = SAMPLE_UNKNOWN;
		s->rate[i] = -1;
	}
}

static void derive_share(struct sample *s, enum sample_field of, enum sample_field limit,
			 enum sample_field percent)
{
	if (is_known(s->v[of]) && is_known(s->v[limit]) && s->v[limit] > 0)
		s->v[percent] = (uint64_t)((double)s->v[of] / (double)s->v[limit] * 10000);
}

static double processors = 1;

void sample_prepare(void)
{
	processors = (double)sysconf(_SC_NPROCESSORS_ONLN);
}

/* Of its limit; without one, of all the processors there are. */
static void derive_cpu(struct sample *s)
{
	double may = is_known(s->v[CPU_LIMIT]) && s->v[CPU_LIMIT] ? (double)s->v[CPU_LIMIT] / 1000
								  : processors;

	if (s->rate[CPU_SECONDS] >= 0)
		s->v[CPU_PERCENT] = (uint64_t)(s->rate[CPU_SECONDS] / 1e6 / may * 10000);
}

static void derive_rate(struct sample *s, const struct sample *before, enum sample_field f)
{
	double seconds = (double)(s->ns - before->ns) / 1e9;
	uint64_t then = before->v[f], now = s->v[f];

	if (is_known(now) && is_known(then) && now >= then)
		s->rate[f] = (double)(now - then) / seconds;
}

void sample_derive(struct sample *s, const struct sample *before)
{
	for (enum sample_field f = 0; before && s->ns > before->ns && f < SAMPLE_FIELDS; f++)
		if (is_total(f))
			derive_rate(s, before, f);
	derive_cpu(s);
	derive_share(s, MEMORY_BYTES, MEMORY_LIMIT, MEMORY_PERCENT);
	derive_share(s, PIDS_COUNT, PIDS_LIMIT, PIDS_PERCENT);
	derive_share(s, DISK_BYTES, DISK_LIMIT, DISK_PERCENT);
}

/* What the text says of a value. */
static double scaled(enum kind kind, double v)
{
	return kind == PERCENT ? v / 100 : kind == SECONDS ? v / 1e6 : kind == CORES ? v / 1000 : v;
}

static void add_value(struct buf *b, const struct sample *s, enum sample_field f)
{
	enum kind kind = fields[f].kind;

	jw_key(b, fields[f].name);
	if (!is_known(s->v[f]))
		buf_str(b, "null");
	else if (kind == GAUGE || kind == TOTAL)
		buf_fmt(b, "%" PRIu64, s->v[f]);
	else
		buf_fmt(b, "%.*f", kind == PERCENT ? 2 : 3, scaled(kind, (double)s->v[f]));
	if (!is_total(f))
		return;
	buf_fmt(b, ",\"%s_rate\":", fields[f].name);
	if (s->rate[f] < 0 || !isfinite(s->rate[f]))
		buf_str(b, "null");
	else
		buf_fmt(b, "%.3f", scaled(kind, s->rate[f]));
}

void sample_text(struct buf *b, const struct sample *s, const char *pod)
{
	char ts[UNIT_TIME_LEN];

	unit_time(s->ns, ts);
	jw_open(b, '{');
	jw_knum(b, "v", 1);
	jw_kstr(b, "ts", ts);
	jw_kstr(b, "pod", pod);
	jw_kbool(b, "running", s->running);
	jw_kbool(b, "frozen", s->frozen);
	for (enum sample_field f = 0; f < SAMPLE_FIELDS; f++) {
		const char *group = fields[f].group;

		if (f == 0 || strcmp(group, fields[f - 1].group) != 0) {
			jw_key(b, group);
			jw_open(b, '{');
		}
		add_value(b, s, f);
		if (f + 1 == SAMPLE_FIELDS || strcmp(group, fields[f + 1].group) != 0)
			jw_close(b, '}');
	}
	jw_close(b, '}');
}

static double member(jv group, const char *name)
{
	jv value = jv_object_get(jv_copy(group), jv_string(name));
	double n = jv_get_kind(value) == JV_KIND_NUMBER ? jv_number_value(value) : -1;

	jv_free(value);
	return n;
}

static void read_value(struct sample *s, enum sample_field f, jv group)
{
	const double one = scaled(fields[f].kind, 1);
	char rate[40];
	double n = member(group, fields[f].name);

	snprintf(rate, sizeof(rate), "%s_rate", fields[f].name);
	if (n >= 0 && n / one < 1e18)
		s->v[f] = (uint64_t)(n / one + 0.5);
	if (is_total(f) && (n = member(group, rate)) >= 0)
		s->rate[f] = n / one;
}

static bool read_flag(jv value, const char *name)
{
	jv flag = jv_object_get(jv_copy(value), jv_string(name));
	bool yes = jv_get_kind(flag) == JV_KIND_TRUE;

	jv_free(flag);
	return yes;
}

static int read_time(struct sample *s, jv value)
{
	jv ts = jv_object_get(jv_copy(value), jv_string("ts"));
	int64_t us;
	int r = jv_get_kind(ts) == JV_KIND_STRING ? when_parse(jv_string_value(ts), &us) : -EINVAL;

	jv_free(ts);
	if (r == 0 && us < 0)
		r = -EINVAL;
	if (r == 0)
		s->ns = (uint64_t)us * 1000;
	return r;
}

int sample_read(struct sample *s, jv value)
{
	int r = -EINVAL;

	sample_init(s);
	if (jv_get_kind(value) == JV_KIND_OBJECT)
		r = read_time(s, value);
	for (enum sample_field f = 0; r == 0 && f < SAMPLE_FIELDS; f++) {
		jv group = jv_object_get(jv_copy(value), jv_string(fields[f].group));

		if (jv_get_kind(group) == JV_KIND_OBJECT)
			read_value(s, f, group);
		jv_free(group);
	}
	if (r == 0) {
		s->running = read_flag(value, "running");
		s->frozen = read_flag(value, "frozen");
	}
	jv_free(value);
	return r;
}

jv sample_value(const struct sample *s, const char *pod)
{
	OWN_BUF struct buf b = BUF_INIT;

	sample_text(&b, s, pod);
	return jv_parse_sized(b.data, (int)b.len);
}
