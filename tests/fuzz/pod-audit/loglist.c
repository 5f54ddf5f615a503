/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "libcommon/own.h"
#include "tools/pod-audit/loglist.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	OWN_FREE char *text = xcalloc(1, size ? size : 1);
	struct loglist_line line;

	memcpy(text, data, size);
	if (loglist_parse(&line, text, size) < 0)
		return 0;
	if (line.len + LOGSEAL_HEX != size || !line.pod[0] ||
	    memcmp(text + line.len + 1, line.seal, LOGSEAL_HEX - 1) != 0)
		abort();
	return 0;
}
