/* SPDX-License-Identifier: Apache-2.0 */
/* undo/ID/record: what is taken for one runs a tool of ours or nothing, and holds no path outside.
 */
#include <stdlib.h>
#include <string.h>

#include "libcommon/undo.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	OWN_UNDO_NOTE struct undo_note n = {0};
	struct err e = {0};

	if (undo_parse(&n, (const char *)data, size, &e) < 0) {
		if (!e.msg[0])
			abort();
		return 0;
	}
	if (!n.what.n || !n.by || (n.run.n > 0) == (n.never != NULL))
		abort();
	if (n.run.n && !undo_tool(n.run.v[0]))
		abort();
	if (n.holds && (n.holds[0] == '/' || strncmp(n.holds, "..", 3) == 0 ||
			strncmp(n.holds, "../", 3) == 0 || strstr(n.holds, "/../")))
		abort();
	return 0;
}
