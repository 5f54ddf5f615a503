/* SPDX-License-Identifier: Apache-2.0 */
/* Policies of Firefox as a pod may have them: with ours they are JSON still, and say the rest. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "libcommon/jsonr.h"
#include "tools/pod-mount/trustlist.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_json(const struct buf *b)
{
	struct json j;

	json_init(&j, b->data, b->len);
	return json_peek(&j) == '{' && json_skip(&j) && json_end(&j);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct trust_file f = {.kind = TRUST_FIREFOX};
	OWN_BUF struct buf old = BUF_INIT, new = BUF_INIT, again = BUF_INIT;
	struct trust t = {.n = 0};

	buf_add(&old, data, size);
	trust_make(&t, &f, &old, &new);
	if (!is_json(&new) || new.len < old.len * is_json(&old))
		abort();
	/* What has it is left alone; what cannot have it stays as it is. */
	if (!trust_has(&t, &f, &new) && (new.len != old.len || memcmp(new.data, data, size) != 0))
		abort();
	trust_make(&t, &f, &new, &again);
	return 0;
}
