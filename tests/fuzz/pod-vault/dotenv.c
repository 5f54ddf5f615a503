/* SPDX-License-Identifier: Apache-2.0 */
/* A .env file, and the text of a bundle: secrets within their bounds, or a fault with its place. */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "tools/pod-vault/bundle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct puts *p)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct put *put = &p->v[i];

		if (!is_key_name(put->key) || put->value.len == 0 ||
		    put->value.len > SEAL_VALUE_MAX ||
		    memchr(put->value.data, '\0', put->value.len) ||
		    put->value.data[put->value.len])
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	OWN_PUTS struct puts lines = {0}, bundle = {0}, again = {0};
	OWN_SECRET struct secret text = {0};
	struct err e = {0};

	if (sodium_init() < 0)
		abort();
	if (dotenv_parse(&lines, (const char *)data, size, "f", &e) == 0) {
		check(&lines);
		if (bundle_format(&lines, &text, &e) == 0 &&
		    (bundle_parse(&again, text.data, text.len, &e) < 0 || again.n != lines.n))
			abort();
	} else if (!e.msg[0])
		abort();
	if (bundle_parse(&bundle, (const char *)data, size, &e) == 0)
		check(&bundle);
	return 0;
}
