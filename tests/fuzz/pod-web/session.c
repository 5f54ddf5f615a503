/* SPDX-License-Identifier: Apache-2.0 */
/* session.json: what is no such text says nothing. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tools/pod-web/services.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct services s;
	bool good = services_parse(&s, (const char *)data, size);

	if (s.n > SERVICES_MAX || (!good && (s.n || s.is_ready)))
		abort();
	for (unsigned i = 0; i < s.n; i++)
		if (!s.v[i].name[0] || !memchr(s.v[i].name, 0, sizeof(s.v[i].name)) ||
		    !memchr(s.v[i].state, 0, sizeof(s.v[i].state)) ||
		    services_find(&s, s.v[i].name) > &s.v[i])
			abort();
	return 0;
}
