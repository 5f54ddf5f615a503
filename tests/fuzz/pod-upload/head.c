/* SPDX-License-Identifier: Apache-2.0 */
/* The first line of an upload: whatever it is, the name that comes out is one component, and short.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "libcommon/path.h"
#include "tools/pod-upload/head.h"
#include "tools/pod-upload/name.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct buf *name)
{
	OWN_BUF struct buf numbered = BUF_INIT;

	if (name->len == 0 || name->len > NAME_BYTES || strlen(name->data) != name->len)
		abort();
	if (strchr(name->data, '/') || strchr(".- ", name->data[0]) || !utf8_ok(name->data))
		abort();
	for (size_t i = 0; i < name->len; i++)
		if ((unsigned char)name->data[i] < 0x20)
			abort();
	name_numbered(name->data, 9999, &numbered);
	if (numbered.len > 255 || strchr(numbered.data, '/'))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct head h = {.size = 0};
	const char *code = NULL, *why = NULL;

	if (size > HEAD_MAX)
		return 0;
	if (head_parse(&h, (const char *)data, size, &code, &why) == 0)
		check(&h.name);
	else if (!code || !why)
		abort();
	head_finish(&h);
	return 0;
}
