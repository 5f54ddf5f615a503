/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-proxy/retry.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

enum { RECORD_CHANGE = 20, RECORD_ALERT = 21, RECORD_HANDSHAKE = 22, RECORD_DATA = 23 };
#define SERVER_HELLO 2
#define RECORD_HEAD  5
#define SMALL        64 /* of an alert, or a change of ciphers */
#define RANDOM_AT    6  /* behind type, length and version */

/* SHA-256 of "HelloRetryRequest", which stands where a ServerHello has its random number. */
static const uint8_t mark[32] = {0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c,
				 0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb,
				 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c};

static size_t record_size(const uint8_t *data)
{
	return (size_t)data[3] << 8 | data[4];
}

/* The beginning of the handshake message, out of records cut anywhere; bytes of it. */
static size_t beginning(const uint8_t *data, size_t len, uint8_t *out, size_t max)
{
	size_t got = 0;

	while (len > RECORD_HEAD && data[0] == RECORD_HANDSHAKE && got < max) {
		size_t n = record_size(data), here = len - RECORD_HEAD < n ? len - RECORD_HEAD : n;

		here = here < max - got ? here : max - got;
		memcpy(out + got, data + RECORD_HEAD, here);
		got += here;
		if (here < n)
			break;
		data += RECORD_HEAD + n;
		len -= RECORD_HEAD + n;
	}
	return got;
}

/* false: surely not. */
static bool may_be_request(const uint8_t *message, size_t n)
{
	if (n > 0 && message[0] != SERVER_HELLO)
		return false;
	return n <= RANDOM_AT || memcmp(message + RANDOM_AT, mark, n - RANDOM_AT) == 0;
}

/* A warning may come before the answer. */
static bool skip_small(const uint8_t *data, size_t len, size_t *ok)
{
	const uint8_t *p = data + *ok;
	size_t left = len - *ok;

	if (left < RECORD_HEAD || (p[0] != RECORD_ALERT && p[0] != RECORD_CHANGE) ||
	    record_size(p) > SMALL || left - RECORD_HEAD < record_size(p))
		return false;
	*ok += RECORD_HEAD + record_size(p);
	return true;
}

static bool is_small(const uint8_t *p, size_t left)
{
	return (p[0] == RECORD_ALERT || p[0] == RECORD_CHANGE) &&
	       (left < RECORD_HEAD || record_size(p) <= SMALL);
}

void retry_server(struct retry *r, const uint8_t *data, size_t len, size_t *ok)
{
	uint8_t message[RANDOM_AT + sizeof(mark)];
	const uint8_t *p;
	size_t left, n;

	while (skip_small(data, len, ok))
		;
	p = data + *ok;
	left = len - *ok;
	if (left == 0 || (is_small(p, left) && left < RETRY_FLIGHT))
		return;
	n = p[0] == RECORD_HANDSHAKE ? beginning(p, left, message, sizeof(message)) : 0;
	if (p[0] == RECORD_HANDSHAKE && may_be_request(message, n) && n < sizeof(message) &&
	    left < RETRY_FLIGHT)
		return; /* not enough of it yet */
	r->state = n == sizeof(message) && may_be_request(message, n) ? RETRY_ASKED : RETRY_OVER;
	*ok = len;
}

/* Early data, an alert, a change of ciphers. */
static bool may_pass(uint8_t type)
{
	return type == RECORD_DATA || type == RECORD_ALERT || type == RECORD_CHANGE;
}

static int second_hello(struct retry *r, const uint8_t *data, size_t len, size_t *ok,
			char other[NAME_TEXT])
{
	size_t size = 0;
	int x = hello_read(data + *ok, len - *ok, other, &size);

	if (x == -EAGAIN)
		return 0;
	if (x == -ENOENT)
		other[0] = '\0';
	if (x == -ENOENT || (x == 0 && strcmp(other, r->name) != 0))
		return -EACCES;
	if (x < 0)
		return x;
	if (r->refuses_ech && hello_has_ech(data + *ok, len - *ok))
		return -EPERM;
	r->state = RETRY_OVER; /* there is no third one */
	*ok = len;
	return 0;
}

int retry_client(struct retry *r, const uint8_t *data, size_t len, size_t *ok,
		 char other[NAME_TEXT])
{
	while (r->state != RETRY_OVER && *ok < len) {
		const uint8_t *p = data + *ok;
		size_t left = len - *ok;

		if (r->passing) {
			size_t n = r->passing < left ? r->passing : left;

			r->passing -= n;
			*ok += n;
			continue;
		}
		if (p[0] == RECORD_HANDSHAKE)
			return r->state == RETRY_ASKED ? second_hello(r, data, len, ok, other) : 0;
		if (!may_pass(p[0]))
			return -EBADMSG;
		if (left < RECORD_HEAD)
			return 0;
		r->passing = RECORD_HEAD + record_size(p);
	}
	if (r->state == RETRY_OVER)
		*ok = len;
	return 0;
}
