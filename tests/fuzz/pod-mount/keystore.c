/* SPDX-License-Identifier: Apache-2.0 */
/* Java's stores, which a pod may have written: whatever is read is written so that it reads again.
 */
#include "tools/pod-mount/keystore.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "libcommon/own.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	OWN(keystore_finish) struct keystore k = {.count = 0}, again = {.count = 0};
	OWN_BUF struct buf out = BUF_INIT, der = BUF_INIT, text = BUF_INIT;
	const char *at;

	keystore_open(&k, (const char *)data, size);
	keystore_add(&k, "envpod", data, size < 64 ? size : 64);
	keystore_close(&k, &out);
	if (!keystore_open(&again, out.data, out.len) || again.count != k.count)
		abort();
	buf_add(&text, data, size);
	at = text.len ? text.data : "";
	for (int n = 0; pem_next(&at, &der); n++)
		if (at > text.data + size || n > 1000000)
			abort();
	return 0;
}
