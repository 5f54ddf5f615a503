/* SPDX-License-Identifier: Apache-2.0 */
/* Writing messages. */
#include <string.h>

#include "tools/pod-dns/message.h"

void packet_bytes(struct packet *p, const void *data, size_t len)
{
	if (p->is_full || len > p->cap - p->len) {
		p->is_full = true;
		return;
	}
	memcpy(p->data + p->len, data, len);
	p->len += len;
}

void packet_u16(struct packet *p, unsigned v)
{
	uint8_t bytes[2];

	put16(bytes, v);
	packet_bytes(p, bytes, sizeof(bytes));
}

void packet_u32(struct packet *p, uint32_t v)
{
	uint8_t bytes[4];

	put32(bytes, v);
	packet_bytes(p, bytes, sizeof(bytes));
}

/* Where these labels stand already, or 0.  Our own output is read, so that all of it is sound. */
static size_t find_name(const struct packet *p, const uint8_t *labels, size_t len)
{
	const struct name want = {.len = (uint8_t)len};

	for (unsigned i = 0; i < p->n_names; i++) {
		size_t at = p->names[i];
		struct name have, n = want;

		memcpy(n.wire, labels, len);
		if (name_read(&have, p->data, p->len, &at) == 0 && name_equal(&have, &n))
			return p->names[i];
	}
	return 0;
}

void packet_name(struct packet *p, const struct name *n)
{
	size_t at = 0;

	while (n->wire[at]) {
		size_t known = find_name(p, n->wire + at, n->len - at);

		if (known) {
			packet_u16(p, 0xc000u | (unsigned)known);
			return;
		}
		if (p->n_names < PACKET_NAMES && p->len < 0x4000 && !p->is_full)
			p->names[p->n_names++] = (uint16_t)p->len;
		packet_bytes(p, n->wire + at, 1u + n->wire[at]);
		at += 1u + n->wire[at];
	}
	packet_bytes(p, "", 1);
}

void packet_begin(struct packet *p, uint16_t id, unsigned flags, const struct name *n,
		  uint16_t type, uint16_t class)
{
	packet_u16(p, id);
	packet_u16(p, flags);
	packet_u16(p, n->len != 0);
	packet_bytes(p, (const uint8_t[6]){0}, 6);
	if (n->len == 0)
		return;
	packet_name(p, n);
	packet_u16(p, type);
	packet_u16(p, class);
}

void packet_count(struct packet *p, unsigned section, unsigned count)
{
	put16(p->data + 4 + 2 * section, count);
}

void packet_edns(struct packet *p, unsigned size, unsigned rcode, bool dnssec, int ede,
		 const char *text)
{
	size_t n = ede == EDE_NONE ? 0 : 2 + strlen(text);

	packet_bytes(p, "", 1);
	packet_u16(p, TYPE_OPT);
	packet_u16(p, size);
	packet_u16(p, (rcode >> 4) << 8);
	packet_u16(p, dnssec ? 0x8000 : 0);
	packet_u16(p, (unsigned)(n ? n + 4 : 0));
	if (n == 0)
		return;
	packet_u16(p, 15); /* the option's number */
	packet_u16(p, (unsigned)n);
	packet_u16(p, (unsigned)ede);
	packet_bytes(p, text, n - 2);
}
