/* SPDX-License-Identifier: Apache-2.0 */
/* What is taken for an event begins as one, ends as one, and holds no line end. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tools/pod-supervise/line.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define HEAD \
	"{\"v\":1,\"ts\":\"2026-01-02T03:04:05.678901Z\",\"pod\":\"web\",\"src\":\"dns\",\"event\":\"x\""

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t head = sizeof(HEAD) - 1;
	char *line = malloc(size + head);

	if (!line)
		return 0;
	memcpy(line, HEAD, head);
	if (size)
		memcpy(line + head, data, size);
	if (line_is_event(line, size + head, "web", "dns") &&
	    (memchr(line, '\n', size + head) || memchr(line, 0, size + head) ||
	     line[size + head - 1] != '}'))
		abort();
	free(line);
	line_is_event((const char *)data, size, "web", "dns");
	return 0;
}
