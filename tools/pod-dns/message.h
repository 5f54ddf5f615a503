/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The DNS message as it travels (RFC 1035, 6891, 8914): a reader that trusts no byte of it, and a
 * writer.  Sizes are bounded by the 64 KiB of the TCP form; nothing is allocated here.
 */
#ifndef POD_DNS_MESSAGE_H
#define POD_DNS_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tools/pod-dns/name.h"

#define MESSAGE_HEADER 12
#define MESSAGE_MAX    65535

#define CLASS_IN 1

enum rcode {
	RCODE_NOERROR,
	RCODE_FORMERR,
	RCODE_SERVFAIL,
	RCODE_NXDOMAIN,
	RCODE_NOTIMP,
	RCODE_REFUSED,
	RCODE_BADVERS = 16,
};

enum rtype {
	TYPE_A = 1,
	TYPE_NS = 2,
	TYPE_CNAME = 5,
	TYPE_SOA = 6,
	TYPE_NULL = 10,
	TYPE_PTR = 12,
	TYPE_HINFO = 13,
	TYPE_TXT = 16,
	TYPE_AAAA = 28,
	TYPE_OPT = 41,
	TYPE_SVCB = 64,
	TYPE_HTTPS = 65,
	TYPE_META = 128, /* 128 to 255 are questions, not data */
	TYPE_ANY = 255,
};

/* Extended errors we send. */
enum ede {
	EDE_OTHER = 0,
	EDE_NONE = -1,
	EDE_BLOCKED = 15,
	EDE_PROHIBITED = 18,
	EDE_UNSUPPORTED = 21,
	EDE_NO_REACHABLE = 22,
	EDE_NETWORK = 23,
};

enum {
	FLAG_QR = 0x8000,
	FLAG_AA = 0x0400,
	FLAG_TC = 0x0200,
	FLAG_RD = 0x0100,
	FLAG_RA = 0x0080,
	FLAG_CD = 0x0010
};

struct query {
	uint16_t id, flags;
	struct name name; /* as spelled */
	uint16_t type, class;
	size_t end; /* of the question section */
	bool has_edns, wants_dnssec;
	uint16_t size; /* the largest UDP answer it takes: 512 without EDNS */
};

/*
 * What a client sent.  0; an rcode to refuse it with (what of it could be read is filled in); or
 * -EBADMSG for what deserves no answer: too short, or itself an answer.
 */
int query_parse(struct query *q, const uint8_t *msg, size_t len);

struct rr {
	struct name owner;
	uint16_t type, class;
	uint32_t ttl;
	size_t data; /* offset of the rdata */
	uint16_t len;
};

uint16_t get16(const uint8_t *p);
uint32_t get32(const uint8_t *p);
void put16(uint8_t *p, unsigned v);
void put32(uint8_t *p, uint32_t v);

/* Read the record at *at; *at moves behind it.  -EINVAL when it is malformed. */
int rr_read(struct rr *r, const uint8_t *msg, size_t len, size_t *at);

/* Its rdata with all names written out, into out[cap]: the length, or -EINVAL. */
int rr_expand(const struct rr *r, const uint8_t *msg, size_t len, uint8_t *out, size_t cap);

#define PACKET_NAMES 48
struct packet {
	uint8_t *data;
	size_t len, cap;
	bool is_full;                 /* something did not fit; len stands before it */
	uint16_t names[PACKET_NAMES]; /* where labels begin that pointers may point to */
	unsigned n_names;
};

/* Each appends, or sets is_full. */
void packet_bytes(struct packet *p, const void *data, size_t len);
void packet_u16(struct packet *p, unsigned v);
void packet_u32(struct packet *p, uint32_t v);
void packet_name(struct packet *p, const struct name *n); /* compressed */
/* Header with one question; counts of records are zero. */
void packet_begin(struct packet *p, uint16_t id, unsigned flags, const struct name *n,
		  uint16_t type, uint16_t class);
void packet_count(struct packet *p, unsigned section, unsigned count); /* 1 answer … 3 additional */
/* OPT record; an extended error with its text when code is not EDE_NONE. */
void packet_edns(struct packet *p, unsigned size, unsigned rcode, bool dnssec, int ede,
		 const char *text);

#endif
