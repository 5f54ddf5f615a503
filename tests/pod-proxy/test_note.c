/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/tap.h"
#include "tools/pod-proxy/note.h"

/* How many are wanted of a thousand at once. */
static int burst(struct note_bucket *b, uint64_t now_ms)
{
	int wanted = 0;

	for (int i = 0; i < 1000; i++)
		wanted += note_wanted(b, now_ms);
	return wanted;
}

int main(void)
{
	struct notes n;
	int many;

	notes_init(&n, -1, "web");
	many = burst(&n.refused, 1000);
	ok(many > 0 && many < 1000, "a flood is cut short");
	is_int((intmax_t)n.refused.lost, 1000 - many, "and counted");
	ok(note_wanted(&n.canary, 1000), "it hides no canary");
	ok(note_wanted(&n.usage, 1000), "nor what a model used");
	ok(note_wanted(&n.passed, 1000), "nor what passed");
	ok(burst(&n.refused, 2000) > 0, "a second later there are more");
	return done_testing();
}
