/* SPDX-License-Identifier: Apache-2.0 */
/* Four at a time give what libsodium gives one at a time, whatever their lengths. */
#include "tools/pod-audit/lanes.h"

#include <stdlib.h>
#include <string.h>

#include "tests/lib/tap.h"

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

int main(void)
{
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
	return done_testing();
}
