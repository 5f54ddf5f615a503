/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes for a packet: nothing is read behind their end. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tools/pod-net/packet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct packet p;
	uint8_t *copy = malloc(size ? size : 1); /* so that the sanitizer sees its end */

	if (!copy)
		return 0;
	if (size)
		memcpy(copy, data, size);
	if (packet_read(&p, copy, size) == 0 && strlen(packet_protocol(&p)) > 5)
		abort();
	free(copy);
	return 0;
}
