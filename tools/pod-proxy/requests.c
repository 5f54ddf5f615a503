/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-proxy/requests.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

/* Bytes of a line with its CRLF; 0: not whole yet. */
static int line_size(const char *data, size_t len)
{
	size_t limit = len < CHUNK_LINE ? len : CHUNK_LINE;
	const char *eol = memchr(data, '\n', limit);

	if (!eol)
		return len >= CHUNK_LINE ? -EBADMSG : 0;
	if (eol == data || eol[-1] != '\r' || memchr(data, '\0', (size_t)(eol - data)) ||
	    memchr(data, '\r', (size_t)(eol - data)) != eol - 1)
		return -EBADMSG;
	return (int)(eol - data) + 1;
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 32);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int read_size(struct requests *q, const char *line)
{
	unsigned n = 0;

	for (q->left = 0; digit(line[n]) >= 0; n++) {
		if (n == 15)
			return -EBADMSG;
		q->left = q->left << 4 | (unsigned)digit(line[n]);
	}
	/* An extension, or the end; blanks before it are read in two ways. */
	if (n == 0 || (line[n] != '\r' && line[n] != ';'))
		return -EBADMSG;
	q->state = q->left ? REQ_DATA : REQ_TRAILER;
	q->trailers = 0;
	return 0;
}

static int take_line(struct requests *q, const char *line, size_t size)
{
	if (q->state == REQ_SIZE)
		return read_size(q, line);
	if (q->state == REQ_DATAEND) {
		q->state = REQ_SIZE;
		return size == 2 ? 0 : -EBADMSG;
	}
	if (size == 2) {
		q->state = REQ_HEAD;
		return 0;
	}
	q->trailers += size;
	return q->trailers > HEAD_MAX || isspace((unsigned char)line[0]) ? -EBADMSG : 0;
}

static void take_body(struct requests *q, size_t len, size_t *at)
{
	size_t n = len - *at < q->left ? len - *at : (size_t)q->left;

	*at += n;
	q->left -= n;
	if (q->left == 0)
		q->state = q->state == REQ_LENGTH ? REQ_HEAD : REQ_DATAEND;
}

int requests_follow(struct requests *q, const char *data, size_t len, size_t *at, struct head *h)
{
	while (*at < len) {
		int n;

		if (q->state == REQ_HEAD) {
			n = head_parse(data + *at, len - *at, h);
			return n == 0 ? 1 : n == -EAGAIN ? 0 : n;
		}
		if (q->state == REQ_LENGTH || q->state == REQ_DATA) {
			take_body(q, len, at);
			continue;
		}
		n = line_size(data + *at, len - *at);
		if (n <= 0)
			return n;
		if (take_line(q, data + *at, (size_t)n) < 0)
			return -EBADMSG;
		*at += (size_t)n;
	}
	return 0;
}

void requests_pass(struct requests *q, const struct head *h, size_t *at)
{
	static const enum requests_state next[] = {
		[BODY_NONE] = REQ_HEAD, [BODY_LENGTH] = REQ_LENGTH, [BODY_CHUNKED] = REQ_SIZE};

	q->state = next[h->body];
	q->left = h->length;
	q->heads++;
	*at += h->size;
}
