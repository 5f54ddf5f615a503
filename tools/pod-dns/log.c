/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-dns/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "libcommon/buf.h"
#include "libcommon/counters.h"
#include "libcommon/io.h"
#include "libcommon/unit.h"

#define LINE_MAX_BYTES 4096
#define PLAIN_MAX      (64 * 1024)
#define REFUSALS_MAX   (32 * 1024)

/* A line under construction; what does not fit is left out, its end never. */
struct line {
	char text[LINE_MAX_BYTES];
	size_t len;
};
#define LINE_ROOM (LINE_MAX_BYTES - 8)

static const struct {
	uint16_t type;
	const char *text;
} types[] = {
	{1, "A"},      {2, "NS"},     {5, "CNAME"},  {6, "SOA"},    {10, "NULL"},   {12, "PTR"},
	{13, "HINFO"}, {15, "MX"},    {16, "TXT"},   {28, "AAAA"},  {33, "SRV"},    {35, "NAPTR"},
	{43, "DS"},    {44, "SSHFP"}, {46, "RRSIG"}, {47, "NSEC"},  {48, "DNSKEY"}, {52, "TLSA"},
	{64, "SVCB"},  {65, "HTTPS"}, {251, "IXFR"}, {252, "AXFR"}, {255, "ANY"},   {257, "CAA"},
};

const char *type_text(uint16_t type, char out[16])
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (types[i].type == type)
			return types[i].text;
	snprintf(out, 16, "TYPE%u", type);
	return out;
}

int type_parse(const char *text, uint16_t *type)
{
	uint64_t n;

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strcasecmp(types[i].text, text) == 0) {
			*type = types[i].type;
			return 0;
		}
	if (strncasecmp(text, "TYPE", 4) != 0 || unit_u64(text + 4, 65535, &n) < 0)
		return -EINVAL;
	*type = (uint16_t)n;
	return 0;
}

void log_init(struct log *l, int fd, const char *pod)
{
	*l = (struct log){.fd = fd, .second = -1};
	snprintf(l->pod, sizeof(l->pod), "%s", pod);
	l->plain = (struct log_lines){xcalloc(1, PLAIN_MAX), 0, PLAIN_MAX};
	l->refusals = (struct log_lines){xcalloc(1, REFUSALS_MAX), 0, REFUSALS_MAX};
}

void log_finish(struct log *l)
{
	log_flush(l);
	free(l->plain.data);
	free(l->refusals.data);
}

static void add(struct line *o, const char *text, size_t len)
{
	if (len > LINE_ROOM - o->len)
		len = LINE_ROOM - o->len;
	memcpy(o->text + o->len, text, len);
	o->len += len;
}

static void add_str(struct line *o, const char *text)
{
	add(o, text, strlen(text));
}

static void add_number(struct line *o, uint64_t n, unsigned width)
{
	char digits[20];
	unsigned i = sizeof(digits);

	do {
		digits[--i] = (char)('0' + n % 10);
		n /= 10;
	} while (n || sizeof(digits) - i < width);
	add(o, digits + i, sizeof(digits) - i);
}

/* "key":"text".  The text is of our own making: nothing but \ and " needs an escape. */
static void add_text(struct line *o, const char *key, const char *text)
{
	add_str(o, ",\"");
	add_str(o, key);
	add_str(o, "\":\"");
	for (size_t n; *text; text += n) {
		n = strcspn(text, "\\\"\n");
		add(o, text, n);
		if (text[n]) {
			const char pair[2] = {'\\', text[n] == '\n' ? 'n' : text[n]};

			if (o->len + 2 <= LINE_ROOM) /* never half of it */
				add(o, pair, 2);
			n++;
		}
	}
	add_str(o, "\"");
}

static void add_count(struct line *o, const char *key, uint64_t n)
{
	add_str(o, ",\"");
	add_str(o, key);
	add_str(o, "\":");
	add_number(o, n, 1);
}

/* The same members in the same order as event_init() writes them. */
static void begin(struct log *l, struct line *o, const char *event)
{
	struct timespec ts;
	struct tm tm;

	clock_gettime(CLOCK_REALTIME, &ts);
	if (ts.tv_sec != l->second) {
		l->second = ts.tv_sec;
		gmtime_r(&ts.tv_sec, &tm);
		strftime(l->stamp, sizeof(l->stamp), "%Y-%m-%dT%H:%M:%S.", &tm);
	}
	o->len = 0;
	add_str(o, "{\"v\":1,\"ts\":\"");
	add_str(o, l->stamp);
	add_number(o, (uint64_t)ts.tv_nsec / 1000, 6);
	add_str(o, "Z\",\"pod\":\"");
	add_str(o, l->pod);
	add_str(o, "\",\"src\":\"dns\",\"event\":\"");
	add_str(o, event);
	add_str(o, "\"");
}

static void end(struct log *l, struct log_lines *to, struct line *o)
{
	memcpy(o->text + o->len, "}\n", 2);
	o->len += 2;
	if (o->len > to->max - to->len)
		log_flush(l);
	if (o->len > to->max - to->len) {
		l->lost++;
		return;
	}
	memcpy(to->data + to->len, o->text, o->len);
	to->len += o->len;
}

static void add_answers(struct line *o, const struct answer *a)
{
	char text[INET6_ADDRSTRLEN];

	if (a->n_addresses == 0)
		return;
	add_str(o, ",\"answers\":[");
	for (unsigned i = 0; i < a->n_addresses; i++) {
		add_str(o, i ? ",\"" : "\"");
		add_str(o, address_text(&a->addresses[i].address, text));
		add_str(o, "\"");
	}
	add_str(o, "]");
}

void log_query(struct log *l, const struct log_query *q)
{
	static const char *const rcodes[] = {"NOERROR",  "FORMERR", "SERVFAIL",
					     "NXDOMAIN", "NOTIMP",  "REFUSED"};
	char type[16];
	struct line o;

	counters_add(l->counters, COUNT_DNS_QUERIES, 1);
	counters_add(l->counters, COUNT_DNS_DENIED, q->is_refused);
	begin(l, &o, q->is_refused ? "dns_denied" : "dns_query");
	add_text(&o, "type", type_text(q->type, type));
	add_text(&o, "decision", q->decision);
	if (q->rcode < sizeof(rcodes) / sizeof(rcodes[0]))
		add_text(&o, "rcode", rcodes[q->rcode]);
	if (q->is_cached)
		add_str(&o, ",\"cached\":true");
	add_count(&o, "us", q->micros);
	if (q->uid >= 0)
		add_count(&o, "uid", (uint64_t)q->uid);
	if (q->answer)
		add_answers(&o, q->answer);
	if (q->reason)
		add_text(&o, "reason", q->reason);
	/* Long ones last: together they are below what a line holds (see the test). */
	add_text(&o, "name", q->name);
	if (q->rule)
		add_text(&o, "rule", q->rule);
	end(l, q->is_refused ? &l->refusals : &l->plain, &o);
}

void log_event(struct log *l, const char *event, const char *key, const char *text)
{
	struct line o;

	begin(l, &o, event);
	if (key)
		add_text(&o, key, text);
	end(l, &l->refusals, &o);
}

void log_canary(struct log *l, const char *name, const char *key, bool freeze)
{
	struct line o;

	begin(l, &o, "canary");
	add_text(&o, "key", key);
	add_text(&o, "place", "dns");
	add_text(&o, "action", freeze ? "freeze" : "alert");
	add_text(&o, "name", name);
	end(l, &l->refusals, &o);
}

void log_flush(struct log *l)
{
	struct line o;

	while (l->refusals.len)
		if (!write_lines(l->fd, l->refusals.data, &l->refusals.len, LINE_MAX_BYTES))
			return;
	if (l->lost) {
		begin(l, &o, "events_lost");
		add_count(&o, "n", l->lost);
		l->lost = 0;
		end(l, &l->refusals, &o);
	}
	while (l->plain.len)
		if (!write_lines(l->fd, l->plain.data, &l->plain.len, LINE_MAX_BYTES))
			return;
}

bool log_waits(const struct log *l)
{
	return l->plain.len || l->refusals.len;
}
