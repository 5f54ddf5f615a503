/* SPDX-License-Identifier: Apache-2.0 */
/* The end of an audit line: for who writes one, and for who reads one. */
#include <sodium/crypto_generichash_blake2b.h>
#include <sodium/utils.h>
#include <stdlib.h>
#include <string.h>

#include "libcommon/record.h"

void record_chain(const char prev[RECORD_HEX], const char *line, size_t len, char out[RECORD_HEX])
{
	crypto_generichash_blake2b_state st;
	unsigned char sum[32];

	crypto_generichash_blake2b_init(&st, NULL, 0, sizeof(sum));
	crypto_generichash_blake2b_update(&st, (const unsigned char *)prev, 64);
	crypto_generichash_blake2b_update(&st, (const unsigned char *)"\n", 1);
	crypto_generichash_blake2b_update(&st, (const unsigned char *)line, len);
	crypto_generichash_blake2b_final(&st, sum, sizeof(sum));
	sodium_bin2hex(out, RECORD_HEX, sum, sizeof(sum));
}

/* Without a branch a digit: verify comes here for each of a hundred digits of a million lines. */
static bool is_hex(const char *s, size_t n)
{
	static const unsigned char is[256] = {['0' ... '9'] = 1, ['a' ... 'f'] = 1};
	unsigned all = 1;

	for (size_t i = 0; i < n; i++)
		all &= is[(unsigned char)s[i]];
	return all;
}

/* Off the end of the line, before *end: `,"KEY":"HEX"`; the digits, or NULL. */
static const char *take_member(const char *line, const char **end, const char *key, size_t digits)
{
	size_t head = strlen(key), size = head + digits + 1;
	const char *p = *end - size;

	if ((size_t)(*end - line) < size || memcmp(p, key, head) != 0 || (*end)[-1] != '"' ||
	    !is_hex(p + head, digits))
		return NULL;
	*end = p;
	return p + head;
}

/* `,"seq":N` before end. */
static int take_seq(const char *line, const char *end, uint64_t *seq)
{
	static const char mark[] = ",\"seq\":";
	const size_t head = sizeof(mark) - 1;
	const char *p = end;

	while (p > line && p[-1] >= '0' && p[-1] <= '9')
		p--;
	if (p == end || end - p > 18 || (size_t)(p - line) < head ||
	    memcmp(p - head, mark, head) != 0)
		return -EINVAL;
	for (*seq = 0; p < end; p++)
		*seq = *seq * 10 + (uint64_t)(*p - '0');
	return 0;
}

int record_tail(const char *line, size_t len, struct record_tail *t)
{
	const char *end, *seal, *chain;

	t->seal[0] = '\0';
	if (len < RECORD_TAIL || line[len - 1] != '}')
		return -EINVAL;
	end = line + len - 1;
	seal = take_member(line, &end, ",\"seal\":\"", LOGSEAL_HEX - 1);
	if (seal) {
		memcpy(t->seal, seal, LOGSEAL_HEX - 1);
		t->seal[LOGSEAL_HEX - 1] = '\0';
	}
	chain = take_member(line, &end, ",\"chain\":\"", RECORD_HEX - 1);
	if (!chain)
		return -EINVAL;
	memcpy(t->chain, chain, RECORD_HEX - 1);
	t->chain[RECORD_HEX - 1] = '\0';
	t->size = (size_t)(line + len - end);
	return take_seq(line, end, &t->seq);
}

unsigned record_segment_number(const char *name)
{
	if (strlen(name) != 12 || strspn(name, "0123456789") != 6 ||
	    strcmp(name + 6, ".jsonl") != 0)
		return 0;
	return (unsigned)strtoul(name, NULL, 10);
}
