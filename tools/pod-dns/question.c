/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One question from the pod: judged, looked up, pinned, answered, recorded; in that order.  What is
 * refused gets NXDOMAIN with an extended error and an SOA that lasts a moment, which ends a
 * client's search at once and yet lets a later --allow be seen.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "libcommon/buf.h"
#include "tools/pod-dns/server.h"

#define REFUSAL_TTL   2
#define REMAP_TTL     60
#define DISCOVERY_TTL 10

struct question {
	struct server *s;
	struct origin from;
	struct query q;
	struct name name; /* lower case */
	char text[NAME_TEXT_MAX];
	struct verdict verdict;
	const char *reason; /* why it is refused or marked; NULL: for no reason */
	uint64_t began_us;
	long uid; /* who asks; -1: not known */
	bool is_cached;
};

struct refusal {
	unsigned rcode;
	int ede;
	const char *text;
};

static uint8_t out[MESSAGE_MAX];

static size_t room_of(const struct question *w)
{
	size_t room = w->from.udp < 0 ? MESSAGE_MAX : w->q.size;

	return w->from.udp >= 0 && room > SERVER_UDP_SIZE ? SERVER_UDP_SIZE : room;
}

static unsigned flags_of(const struct question *w, unsigned rcode)
{
	return FLAG_QR | FLAG_RA | (w->q.flags & (FLAG_RD | FLAG_CD)) | (rcode & 15);
}

static void record(const struct question *w, unsigned rcode, const struct answer *a, bool refused)
{
	static const char *const decisions[] = {"allow", "deny", "remap"};
	char rule[RULES_TEXT_MAX];
	const struct log_query line = {
		.name = w->text,
		.type = w->q.type,
		.decision = refused ? "deny" : decisions[w->verdict.decision],
		.rule = verdict_text(w->s->rules, &w->verdict, rule),
		.reason = w->reason,
		.rcode = rcode,
		.answer = a,
		.micros = w->is_cached || refused ? 0 : micros_now() - w->began_us,
		.is_cached = w->is_cached,
		.is_refused = refused,
		.uid = w->uid,
	};

	log_query(w->s->log, &line);
}

/* The SOA of a refusal: nobody's zone, good for a moment. */
static void put_soa(struct packet *p, const struct name *n)
{
	static const uint8_t tail[] = {0, 0, 0, 1, 0, 0, 0, 60, 0, 0, 0, 60, 0, 0, 0, 60};
	size_t skip = n->len > 1 ? 1u + n->wire[0] : 0;
	struct name zone = {.len = (uint8_t)(n->len - skip)};
	uint8_t least[4];

	memcpy(zone.wire, n->wire + skip, zone.len);
	packet_name(p, &zone);
	packet_u16(p, TYPE_SOA);
	packet_u16(p, CLASS_IN);
	packet_u32(p, REFUSAL_TTL);
	packet_u16(p, 22);
	packet_bytes(p, "\0", 2); /* both names: the root */
	packet_bytes(p, tail, sizeof(tail));
	put32(least, REFUSAL_TTL);
	packet_bytes(p, least, sizeof(least));
	packet_count(p, 2, 1);
}

static void refuse(const struct question *w, const struct refusal *r)
{
	struct packet p = {.data = out, .cap = sizeof(out)};

	packet_begin(&p, w->q.id, flags_of(w, r->rcode), &w->q.name, w->q.type, w->q.class);
	if (r->rcode == RCODE_NXDOMAIN || r->rcode == RCODE_NOERROR)
		put_soa(&p, &w->q.name);
	if (w->q.has_edns) {
		packet_edns(&p, SERVER_UDP_SIZE, r->rcode, w->q.wants_dnssec, r->ede, r->text);
		packet_count(&p, 3, 1);
	}
	server_send(w->s, &w->from, p.data, p.len);
}

/* How much of an answer fits: whole records, and of them how many are answers. */
static size_t cut(const struct answer *a, size_t room, unsigned *answers, unsigned *others)
{
	unsigned n = a->n_records;

	while (n > 0 && (n < a->n_records ? a->records[n].start : a->len) > room)
		n--;
	*answers = n < a->n_answers ? n : a->n_answers;
	*others = n - *answers;
	return n < a->n_records ? a->records[n].start : a->len;
}

/* Send what was found, with the client's own spelling, id and sizes. */
static void answer(const struct question *w, const struct answer *a, int ede, const char *text)
{
	size_t room = room_of(w),
	       opt = w->q.has_edns ? 11 + (ede == EDE_NONE ? 0 : 6 + strlen(text)) : 0;
	unsigned answers, others;
	struct packet p = {.data = out, .cap = sizeof(out)};
	bool whole;

	p.len = cut(a, room > opt ? room - opt : 0, &answers, &others);
	memcpy(out, a->data, p.len);
	for (unsigned i = 0; i < answers + others; i++) {
		uint8_t *ttl = out + a->records[i].ttl;
		uint32_t left = get32(ttl);

		put32(ttl, left > a->age ? left - a->age : 0);
	}
	whole = answers == a->n_answers;
	put16(out, w->q.id);
	put16(out + 2, flags_of(w, a->rcode) | (whole ? 0 : FLAG_TC));
	memcpy(out + MESSAGE_HEADER, w->q.name.wire, w->q.name.len);
	packet_count(&p, 1, answers);
	packet_count(&p, 2, others);
	if (w->q.has_edns) {
		packet_edns(&p, SERVER_UDP_SIZE, a->rcode, w->q.wants_dnssec, ede, text);
		packet_count(&p, 3, 1);
	}
	server_send(w->s, &w->from, p.data, p.len);
}

/* Before the answer leaves: the socket may be closed right after it. */
static void find_asker(struct question *w)
{
	if (w->uid < 0 && w->from.udp >= 0)
		w->uid = asker_uid(&w->s->asker, (const struct sockaddr *)&w->from.from,
				   (const struct sockaddr *)w->from.to, w->s->loop->now_ms);
}

static void refuse_by(struct question *w, const struct refusal *r, const char *reason)
{
	w->reason = reason;
	find_asker(w);
	refuse(w, r);
	record(w, r->rcode, NULL, true);
}

/* Pinned first, told second. */
static void settle(struct question *w, const struct answer *a)
{
	const struct pins_answer pin = {.name = w->text,
					.ports = &w->verdict.ports,
					.v = a->addresses,
					.n = a->n_addresses,
					.age = a->age};

	if (a->n_addresses && pins_add(w->s->pins, &pin, names_now()) < 0) {
		refuse_by(w,
			  &(struct refusal){RCODE_SERVFAIL, EDE_OTHER,
					    "the address cannot be opened"},
			  "the wall has no room for the address");
		return;
	}
	if (a->is_filtered)
		w->reason = "it points into a private network";
	if (a->is_filtered && a->n_addresses == 0) {
		answer(w, a, EDE_BLOCKED, "the name points into a private network");
		record(w, a->rcode, a, true);
		return;
	}
	answer(w, a, EDE_NONE, NULL);
	record(w, a->rcode, a, false);
}

static void failed(struct question *w, const char *why)
{
	w->reason = why;
	refuse(w, &(struct refusal){RCODE_SERVFAIL, EDE_NO_REACHABLE, why});
	record(w, RCODE_SERVFAIL, NULL, false);
}

/* An upstream's answer, for a question that has waited. */
static void on_done(void *arg, const struct answer *a, const char *why)
{
	struct question *w = arg;

	/* The rules may have changed meanwhile. */
	rules_judge(w->s->rules, &w->name, &w->verdict);
	if (w->verdict.decision == DECISION_DENY)
		refuse_by(w,
			  &(struct refusal){RCODE_NXDOMAIN, EDE_BLOCKED,
					    "denied by the pod's policy"},
			  "the name was removed while it was looked up");
	else if (a)
		settle(w, a);
	else
		failed(w, why);
	if (a && a->rcode == RCODE_NXDOMAIN)
		guard_missed(w->s->guard, &w->name, w->s->loop->now_ms);
	if (w->from.connection)
		connection_drop(w->from.connection);
	free(w);
}

static void look_up(struct question *w)
{
	struct question *kept;
	struct want want = {.name = w->name, .type = w->q.type, .done = on_done};
	struct answer a;
	const char *over;

	if (answers_get(w->s->resolver->cache, &w->name, w->q.type, w->s->loop->now_ms, &a)) {
		w->is_cached = true;
		settle(w, &a);
		return;
	}
	/* A name given in full by an entry can carry nothing; all others have a budget. */
	over = w->verdict.prefix && !*w->verdict.prefix
		       ? NULL
		       : guard_ask(w->s->guard, &w->name, w->q.type, w->s->loop->now_ms);
	if (over && rules_mode(w->s->rules) != MODE_MONITOR) {
		refuse_by(w, &(struct refusal){RCODE_NXDOMAIN, EDE_BLOCKED, over}, over);
		return;
	}
	w->reason = over;
	find_asker(w);
	kept = xcalloc(1, sizeof(*kept));
	*kept = *w;
	want.arg = kept;
	if (w->verdict.decision == DECISION_REMAP)
		want.instead = &w->verdict.target->name;
	if (resolver_get(w->s->resolver, &want, &a) == RESOLVER_WAIT) {
		if (kept->from.connection)
			connection_hold(kept->from.connection);
		return;
	}
	free(kept);
	failed(w, "too many questions wait for an answer");
}

static void answer_fixed(struct question *w, const struct in6_addr *address, uint32_t ttl)
{
	static struct reply r;
	static uint8_t data[MESSAGE_MAX];
	struct answer a;

	reply_begin(&r, data, &w->name, w->q.type);
	reply_fixed(&r, address, ttl);
	a = answer_of(&r);
	settle(w, &a);
}

/* Another pod.  What nobody announced does not exist, and is never asked for upstream. */
static void discover(struct question *w)
{
	struct discovered found;

	if (!discovery_find(w->s->discovery, w->text, &found)) {
		refuse_by(w,
			  &(struct refusal){RCODE_NXDOMAIN, EDE_PROHIBITED, "no such pod for you"},
			  "no pod of that name is up, or one side does not want it");
		return;
	}
	w->verdict.decision = DECISION_ALLOW;
	w->verdict.ports = found.ports;
	w->reason = "discovery";
	answer_fixed(w, w->q.type == TYPE_AAAA ? &found.v6 : &found.v4, DISCOVERY_TTL);
}

/* Questions that are nobody's data: transfers, ANY (RFC 8482), what is for the next hop only. */
static bool is_meta(struct question *w)
{
	if (w->q.class != CLASS_IN)
		refuse_by(w, &(struct refusal){RCODE_REFUSED, EDE_UNSUPPORTED, "class IN only"},
			  "not of class IN");
	else if (w->q.type == TYPE_ANY)
		refuse_by(w, &(struct refusal){RCODE_NOTIMP, EDE_UNSUPPORTED, "ask for one type"},
			  "ANY is not answered");
	else if ((w->q.type >= TYPE_META && w->q.type < TYPE_ANY) || w->q.type == TYPE_OPT ||
		 w->q.type == 0)
		refuse_by(w, &(struct refusal){RCODE_NOTIMP, EDE_UNSUPPORTED, "not a type of data"},
			  "not a type of data");
	else
		return false;
	return true;
}

/* A dummy may be longer than a label is: the dots between them do not count. */
static void look_for_canary(const struct question *w)
{
	const struct canaries *c = *w->s->canaries;
	const struct name *n = &w->name;
	char text[NAME_WIRE_MAX];
	size_t len = 0;
	const char *key;

	for (size_t at = 0; at < n->len && n->wire[at]; at += 1u + n->wire[at]) {
		memcpy(text + len, n->wire + at + 1, n->wire[at]);
		len += n->wire[at];
	}
	key = canaries_find(c, text, len);

	if (key)
		log_canary(w->s->log, w->text, key, canaries_freeze(c));
}

static void judge(struct question *w)
{
	if (is_meta(w))
		return;
	if (discovery_covers(w->text) &&
	    !(w->verdict.decision == DECISION_DENY && w->verdict.prefix))
		discover(w);
	else if (w->verdict.decision == DECISION_DENY)
		refuse_by(w,
			  &(struct refusal){RCODE_NXDOMAIN,
					    w->verdict.prefix ? EDE_BLOCKED : EDE_PROHIBITED,
					    w->verdict.prefix ? "denied by the pod's policy"
							      : "not on the pod's allow-list"},
			  NULL);
	else if (w->verdict.decision == DECISION_REMAP && !w->verdict.target->is_name)
		answer_fixed(w, &w->verdict.target->address, REMAP_TTL);
	else
		look_up(w);
}

void question_take(struct server *s, const struct origin *from, const uint8_t *msg, size_t len)
{
	static struct question w;
	int r;

	w.s = s;
	w.from = *from;
	w.reason = NULL;
	w.is_cached = false;
	w.uid = -1;
	w.began_us = s->now_us;
	r = query_parse(&w.q, msg, len);
	if (r == -EBADMSG)
		return;
	if (r > 0) {
		refuse(&w, &(struct refusal){(unsigned)r, EDE_NONE, NULL});
		return;
	}
	w.name = w.q.name;
	name_lower(&w.name);
	name_text(&w.name, w.text);
	rules_judge(s->rules, &w.name, &w.verdict);
	look_for_canary(&w);
	judge(&w);
}
