/* SPDX-License-Identifier: Apache-2.0 */
/* Texts through all views: every hit lies within the text, and the fragment is printable. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tools/pod-screen/screen.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static const char rules[] =
	"rules:\n"
	"- {name: a, category: injection, pattern: 'ignore( \\w+){0,3} (rules|orders)', tests: {hit: x}}\n"
	"- {name: b, category: pii, validate: luhn, pattern: '\\b\\d([ -]?\\d){12,18}\\b', tests: {hit: x}}\n"
	"- {name: c, category: credentials, validate: random, pattern: 'key=[a-z0-9]{16,64}', tests: {hit: x}}\n"
	"- {name: d, category: exfiltration, in: [raw, text, leet, spaced, decoded], pattern: 'a[^b]+b', tests: {hit: x}}\n";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct ruleset set;
	static struct screen screen;
	struct hits hits = {0};
	struct err e = {0};

	if (!set.n && (rules_parse(&set, "rules", rules, sizeof(rules) - 1, &e) < 0 ||
		       screen_init(&screen, &set, &e) < 0))
		abort();
	screen_text(&screen, (const char *)data, len, 0, NULL, &hits);
	for (size_t i = 0; i < hits.n; i++) {
		const struct hit *h = &hits.v[i];

		if (h->end <= h->at || h->end > len || strlen(h->fragment) > FRAGMENT_MAX ||
		    strpbrk(h->fragment, "\n\033"))
			__builtin_trap();
	}
	hits_finish(&hits);
	return 0;
}
