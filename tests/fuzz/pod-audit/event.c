/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever is handed in as an event: what is taken is one line, chains, and is found whole again.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tools/pod-audit/chain.h"
#include "tools/pod-audit/event.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__lsan_default_suppressions(void);

/* libjq 1.6 loses a value where a separator is missing in what it parses. */
const char *__lsan_default_suppressions(void)
{
	return "leak:libjq";
}

static void check_line(const struct buf *taken)
{
	OWN_BUF struct buf b = BUF_INIT;
	struct line l = {.segment = "-", .number = 1};
	char hex[RECORD_HEX];
	struct chain c;
	struct fault f;

	if (memchr(taken->data, '\n', taken->len) != taken->data + taken->len - 1)
		abort();
	chain_init(&c, "web");
	buf_add(&b, taken->data, taken->len - 2);
	buf_str(&b, ",\"seq\":1}");
	record_chain(c.last.chain, b.data, b.len, hex);
	b.len--;
	buf_fmt(&b, ",\"chain\":\"%s\"}", hex);
	if (b.len >= RECORD_LINE_MAX)
		abort();
	l.text = b.data;
	l.len = b.len;
	if (!chain_next(&c, &l, &f) || c.last.seq != 1)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	OWN_BUF struct buf out = BUF_INIT;
	struct err e = {0};

	if (event_take(&out, "web", (const char *)data, size, &e) == 0)
		check_line(&out);
	else if (out.len || !e.msg[0])
		abort();
	return 0;
}
