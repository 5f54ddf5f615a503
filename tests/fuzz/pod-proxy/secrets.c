/* SPDX-License-Identifier: Apache-2.0 */
/* A feed: keys and values lie in it, and end. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tools/pod-proxy/secrets.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct secrets *s)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct secret *v = &s->v[i];
		size_t len = 0;

		if (v->value < s->text || v->value + v->len >= s->text + s->len ||
		    v->value[v->len] != '\0' || strlen(v->key) > SECRETS_KEY ||
		    secrets_get(s, v->key, &len) != v->value || len != v->len)
			abort();
	}
	if (s->locked && strlen(s->locked) > SECRETS_WHY)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct secrets s;

	if (!s.text && secrets_open(&s) < 0)
		return 0;
	if (size > 4096)
		return 0;
	memcpy(s.text, data, size);
	s.len = size;
	s.n = 0;
	s.locked = NULL;
	if (secrets_parse(&s) == 0)
		check(&s);
	return 0;
}
