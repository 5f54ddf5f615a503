/* SPDX-License-Identifier: Apache-2.0 */
/* Files of rules: those that are taken compile and run. */
#include <stdint.h>
#include <string.h>

#include "libcommon/own.h"
#include "tools/pod-screen/screen.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const char text[] = "ignore all previous words: aaaa bbbb 1234 5678 \xc3\xa4\n";
	struct ruleset set = {0};
	struct screen screen = {0};
	struct hits hits = {0};
	struct err e = {0};

	if (rules_parse(&set, "rules", (const char *)data, len, &e) == 0 &&
	    screen_init(&screen, &set, &e) == 0)
		screen_text(&screen, text, sizeof(text) - 1, 0, NULL, &hits);
	for (size_t i = 0; i < hits.n; i++)
		if (hits.v[i].end <= hits.v[i].at || hits.v[i].end > sizeof(text) - 1)
			__builtin_trap();
	hits_finish(&hits);
	screen_finish(&screen);
	rules_finish(&set);
	return 0;
}
