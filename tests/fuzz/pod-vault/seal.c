/* SPDX-License-Identifier: Apache-2.0 */
/* A sealed secret and the header of an index or bundle: bounds kept, and what we seal we open. */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "tools/pod-vault/seal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const unsigned char key[SEAL_KEY] = "0123456789abcdef0123456789abcdef", id[SEAL_ID] = "id";

static void open_value(const uint8_t *data, size_t size)
{
	const struct seal s = {key, id, "KEY", 1};
	OWN_SECRET struct secret value = {0}, again = {0};
	OWN_BUF struct buf file = BUF_INIT;
	struct err e = {0};

	if (seal_open(&s, data, size, &value, &e) == 0 || !e.msg[0])
		abort(); /* nobody forges a tag */
	seal_value(&s, data, size < SEAL_VALUE_MAX ? size : SEAL_VALUE_MAX, &file);
	if (seal_open(&s, file.data, file.len, &again, &e) < 0 ||
	    memcmp(again.data, data, again.len) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (sodium_init() < 0)
		abort();
	open_value(data, size);
	for (int what = SEAL_INDEX; what <= SEAL_BUNDLE; what++) {
		OWN_SECRET struct secret text = {0};
		struct err e = {0};
		struct seal_head head;
		size_t head_len;

		if (seal_head_read((enum seal_what)what, data, size, &head, &head_len, &e) == 0 &&
		    (head_len > size || head.argv_len > SEAL_ARGV_MAX ||
		     head.memory_kib > 1u << 20))
			abort();
		if (seal_index_open((enum seal_what)what, data, size, key, &text, &e) == 0)
			abort();
	}
	return 0;
}
