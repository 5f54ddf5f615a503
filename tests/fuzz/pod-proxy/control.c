/* SPDX-License-Identifier: Apache-2.0 */
/* A request to a forwarder: understood, or refused; never half of it. */
#include <stdlib.h>
#include <string.h>

#include "tools/pod-proxy/control.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum control_verb verb;
	struct port p = {.pod = 0};
	char text[64];

	size = size < sizeof(text) - 1 ? size : sizeof(text) - 1;
	memcpy(text, data, size);
	text[size] = '\0';
	if (control_parse(text, &verb, &p) == 0 && verb != CONTROL_LIST && !p.pod)
		abort();
	return 0;
}
