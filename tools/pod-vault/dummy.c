/* SPDX-License-Identifier: Apache-2.0 */
/* Dummies: what the agent gets in place of a secret has the shape that its tools expect. */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libcommon/own.h"
#include "libcommon/spawn.h"
#include "libcommon/unit.h"
#include "tools/pod-vault/policy.h"

#define SHAPES    "vault/dummies"
#define LINE_SIZE 256
#define ANY       "{A40}"

/* "{A36}": so many letters and digits; H: hex digits, D: digits, U: capitals and digits. */
static const char *letters_of(char kind)
{
	static const char *const sets[] = {
		"AABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
		"H0123456789abcdef", "D0123456789", "UABCDEFGHIJKLMNOPQRSTUVWXYZ234567"};

	for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++)
		if (sets[i][0] == kind)
			return sets[i] + 1;
	return NULL;
}

/* What follows the braces at shape, with their letters added to b; NULL when they are none. */
static const char *fill(struct buf *b, const char *shape)
{
	const char *letters = letters_of(shape[1]), *end = strchr(shape, '}');
	char number[8] = "";
	uint64_t n;

	if (!letters || !end || end - shape < 3 || end - shape > 6)
		return NULL;
	memcpy(number, shape + 2, (size_t)(end - shape) - 2);
	if (unit_u64(number, 200, &n) < 0)
		return NULL;
	while (n--)
		buf_char(b, letters[randombytes_uniform((uint32_t)strlen(letters))]);
	return end + 1;
}

static char *of_shape(const char *shape)
{
	OWN_BUF struct buf b = BUF_INIT;

	while (*shape && b.len < 200) {
		const char *rest = *shape == '{' ? fill(&b, shape) : NULL;

		if (!rest)
			buf_char(&b, *shape);
		shape = rest ? rest : shape + 1;
	}
	return b.len >= BOUND_MIN ? buf_take(&b) : NULL;
}

/* "x.y" that name, "*.x.y" what lies below it. */
static bool fits(const char *pattern, const char *domain)
{
	size_t n = strlen(domain), m = strlen(pattern);

	if (domain[0] == '*')
		domain += 2, n -= 2;
	if (pattern[0] != '*')
		return strcmp(pattern, domain) == 0;
	return m == 1 || (n >= m - 2 && strcmp(domain + n - (m - 2), pattern + 2) == 0);
}

char *dummy_make(const char *domain)
{
	OWN_FREE char *path = data_path(SHAPES);
	OWN_FILE FILE *f = path ? fopen(path, "re") : NULL;
	char line[LINE_SIZE];
	char *made = NULL;

	while (!made && f && fgets(line, sizeof(line), f)) {
		char *blank = strpbrk(line, " \t"), *shape;

		line[strcspn(line, "\n")] = '\0';
		if (line[0] == '#' || !blank)
			continue;
		*blank = '\0';
		shape = blank + 1 + strspn(blank + 1, " \t");
		if (fits(line, domain))
			made = of_shape(shape);
	}
	return made ? made : of_shape(ANY);
}
