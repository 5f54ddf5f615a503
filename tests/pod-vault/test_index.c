/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of the index that end before their words do: nothing past the last word is looked at. */
#include <sodium.h>
#include <string.h>

#include "tests/lib/tap.h"
#include "tools/pod-vault/index.h"

static const char *const shorts[] = {"scope",  "scope pod", "scope shared", "serial",
				     "secret", "secret A",  "pod",          ""};

/*
 * What lay on the stack before: words as long as "shared" ("scope" compares with), at an address
 * that nobody may read.
 */
static __attribute__((noinline)) void stain(void)
{
	volatile size_t stack[2048];

	for (size_t i = 0; i < sizeof(stack) / sizeof(*stack); i++)
		stack[i] = strlen("shared");
}

static void check_short(const char *line)
{
	struct index x = {0};
	struct err e = {0};
	char text[64];
	int n = snprintf(text, sizeof(text), "envpod-vault-index 1\n%s\nend\n", line);

	stain();
	ok(index_parse(&x, text, (size_t)n, &e) < 0 && e.msg[0], "\"%s\" is refused", line);
	index_finish(&x);
}

int main(void)
{
	if (sodium_init() < 0)
		return 1;
	for (size_t i = 0; i < sizeof(shorts) / sizeof(*shorts); i++)
		check_short(shorts[i]);
	return done_testing();
}
