/* SPDX-License-Identifier: Apache-2.0 */
/* Four at a time give what libsodium gives one at a time, whatever their lengths. */
#include "tools/pod-audit/lanes.h"

#include <stdlib.h>
#include <string.h>

#include "tests/lib/tap.h"
#include "tools/pod-audit/keystream.h"

#define LONGEST 1400

static char text[LONGEST];

static bool agree(struct lane *v, size_t n)
{
	char want[RECORD_HEX];

	lanes_chain(v, n);
	for (size_t i = 0; i < n; i++) {
		record_chain(v[i].prev, v[i].text, v[i].len, want);
		if (strcmp(want, v[i].made) != 0)
			return false;
	}
	return true;
}

static void set(struct lane *l, size_t len, unsigned seed)
{
	for (int i = 0; i < 64; i++)
		l->prev[i] = "0123456789abcdef"[(seed + (unsigned)i * 7) & 15];
	l->prev[64] = '\0';
	l->text = text + seed % 16;
	l->len = len;
}

/* The keys of four epochs at a time are those that a writer goes through one by one. */
static bool same_keys(const unsigned char *root, uint64_t from, uint64_t to)
{
	static struct keystream k;
	struct logseal s;
	bool all = true;

	keystream_init(&k, root);
	logseal_begin(&s, root, 0);
	logseal_seek(&s, from);
	for (uint64_t n = from; n <= to; n++) {
		all &= memcmp(keystream_key(&k, n), s.line, LOGSEAL_KEY) == 0;
		logseal_seek(&s, n + 1);
	}
	all &= memcmp(keystream_key(&k, from), keystream_key(&k, to), LOGSEAL_KEY) != 0;
	keystream_finish(&k);
	return all;
}

int main(void)
{
	unsigned char root[LOGSEAL_KEY] = "any key";
	struct lane v[LANES];
	bool all = true;

	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (char)(i * 131 + i / 7);
	for (size_t len = 0; len < LONGEST - 16; len++) {
		for (unsigned i = 0; i < LANES; i++)
			set(&v[i], len, (unsigned)len + i);
		all &= agree(v, LANES);
	}
	ok(all, "four of one length, any length");
	srand(7);
	for (int round = 0; round < 4000; round++) {
		for (unsigned i = 0; i < LANES; i++)
			set(&v[i], (size_t)rand() % (LONGEST - 16), (unsigned)rand());
		all &= agree(v, 1 + (size_t)rand() % LANES);
	}
	ok(all, "one to four of different lengths");
	ok(same_keys(root, 1, 3000), "the keys of lines, from the first on");
	ok(same_keys(root, 1000000, 1003000), "the keys of lines far into a log");
	return done_testing();
}
