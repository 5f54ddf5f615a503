/* SPDX-License-Identifier: Apache-2.0 */
/* What listens in a pod answers a line, and plays packets: nothing leaves its bounds. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "libcommon/path.h"
#include "tools/pod-web/packet.h"
#include "tools/pod-web/podside.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_packets(const char *data, size_t size)
{
	int n;

	while ((n = packet_size(data, size)) > 0) {
		if ((size_t)n > size || n < PACKET_HEAD || n > PACKET_HEAD + PACKET_MAX)
			abort();
		data += n;
		size -= (size_t)n;
	}
	if (n == 0 && size >= PACKET_HEAD + PACKET_MAX)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct podside_answer a;

	if (podside_answer(&a, (const char *)data, size) &&
	    (!memchr(a.error, 0, sizeof(a.error)) || !memchr(a.message, 0, sizeof(a.message)) ||
	     !memchr(a.path, 0, sizeof(a.path))))
		abort();
	check_packets((const char *)data, size);
	return 0;
}
