/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A connection of HTTP/2 as a hostile program may speak it, all the way to the exchange, which
 * refuses (there is no host): whatever comes, nothing is left over, and no window is given twice.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tools/pod-proxy/h2.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct inject in;

static void begin(struct session *s, const uint8_t *data, size_t size)
{
	static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0";
	char *text = xcalloc(1, sizeof(preface) + size);

	if (!in.policy) {
		in.policy = xcalloc(1, sizeof(*in.policy));
		in.policy->refs = 1;
		in.notes.fd = -1;
	}
	in.loop.now_ms += 60000;
	*s = (struct session){.in = &in, .name = "a.example", .port = 443, .tls = true};
	s->wire.watch.fd = -1;
	s->state = SESSION_OPEN;
	s->codec = &codec_h2;
	memcpy(text, preface, sizeof(preface) - 1);
	if (size)
		memcpy(text + sizeof(preface) - 1, data, size);
	wire_unread(&s->wire, text, sizeof(preface) - 1 + size);
	free(text);
}

/* What is written goes by. */
static bool turn(struct session *s)
{
	struct exchange *next;
	int r = s->codec->run(s);

	for (struct exchange *x = s->exchanges; x && r >= 0; x = next) {
		next = x->next;
		if (x->awake)
			r |= exchange_run(x);
	}
	if (s->wire.len - s->wire.at)
		r |= 1;
	s->wire.at = s->wire.len = 0;
	return r > 0 && s->state == SESSION_OPEN;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct session s;
	struct h2 *h2;
	unsigned turns = 0;

	if (size > 65536)
		return 0;
	begin(&s, data, size);
	if (s.codec->open(&s) < 0)
		abort();
	h2 = s.codec_state;
	while (turn(&s) && ++turns < 1000)
		;
	if (turns == 1000 || h2->out > H2_OUT_ALL + H2_STREAMS * (size_t)H2_OUT_LEAST)
		abort();
	while (s.exchanges)
		exchange_cancel(s.exchanges);
	if (s.n_exchanges)
		abort();
	s.codec->close(&s);
	in.queue = NULL;
	free(s.wire.out);
	free(s.wire.early);
	return 0;
}
