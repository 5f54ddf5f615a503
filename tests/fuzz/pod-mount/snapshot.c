/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes: a snapshot whose words are all well-formed, or a clean error. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "libcommon/own.h"
#include "tools/pod-mount/snapshots.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	OWN(snapshot_finish) struct snapshot s = {0};
	struct err e = {0};

	if (snapshot_parse(&s, (const char *)data, size, &e) < 0) {
		if (e.code == 0 || e.msg[0] == '\0')
			abort();
		return 0;
	}
	if (s.stack.n > LAYERS_MAX || strchr(s.name, '/') || strchr(s.name, '\n'))
		abort();
	for (size_t i = 0; i < s.stack.n; i++)
		if (strspn(s.stack.v[i].id, LAYER_ID_CHARS) != strlen(s.stack.v[i].id))
			abort();
	return 0;
}
