/* SPDX-License-Identifier: Apache-2.0 */
/* A packet of a relay that was taken over: what is made of it lies in it. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tools/pod-proxy/handoff.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *packet = (const char *)data;
	struct handoff h;

	if (handoff_parse(packet, size, &h) < 0)
		return 0;
	if (h.data < packet || h.data + h.len != packet + size || h.port == 0 || !*h.name ||
	    strlen(h.name) >= NAME_TEXT || strpbrk(h.name, "/ \r\n\"ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
		abort();
	return 0;
}
