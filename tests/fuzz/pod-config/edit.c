/* SPDX-License-Identifier: Apache-2.0 */
/* Setting a key in the text of a stranger: done, it stands there once and for all; refused, the
 * text is what it was. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "libcommon/buf.h"
#include "tools/pod-config/edit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void try(const uint8_t *data, size_t len, const char *key, const char *value)
{
	struct problems p = {.file = "fuzz"}, again = {.file = "fuzz"};
	OWN_BUF struct buf text = BUF_INIT, twice = BUF_INIT;
	bool done;

	buf_add(&text, data, len);
	done = edit_key(&text, key_at(key), value, &p);
	if (!done && (text.len != len || (len && memcmp(text.data, data, len) != 0)))
		abort();
	if (done) {
		buf_add(&twice, text.data, text.len);
		if (!edit_key(&twice, key_at(key), value, &again) || twice.len != text.len ||
		    memcmp(twice.data, text.data, text.len) != 0)
			abort();
	}
	problems_finish(&p);
	problems_finish(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (len > 65536)
		return 0;
	try(data, len, "processor.memory", "4GB");
	try(data, len, "processor.cpu_affinity", "0-1,3");
	try(data, len, "snapshots.max_keep", NULL);
	return 0;
}
