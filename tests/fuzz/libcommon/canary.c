/* SPDX-License-Identifier: Apache-2.0 */
/* Dummies in foreign text: first a policy, up to a line "end", then what is looked through. */
#include "libcommon/canary.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "libcommon/buf.h"
#include "libcommon/own.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define DUMMY "sk-0123456789abcdefghijklmnopqrstuvwxyz"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char policy[] =
		"envpod-plan 1 0 0 0\ncanary alert\ndummy KEY " DUMMY "\nend\n";
	const char *end = memmem(data, size, "\nend\n", 5);
	size_t head = end ? (size_t)(end - (const char *)data) + 5 : 0;
	struct err e = {0};
	struct canaries *own = canaries_parse(policy, sizeof(policy) - 1, &e);
	struct canaries *c = canaries_parse((const char *)data, head, &e);
	OWN_BUF struct buf text = BUF_INIT;

	canaries_find(c, (const char *)data + head, size - head);
	/* Whatever stands before and behind it, a whole one is found. */
	buf_add(&text, data, size);
	buf_str(&text, DUMMY);
	buf_add(&text, data, size);
	if (!canaries_find(own, text.data, text.len))
		abort();
	canaries_free(c);
	canaries_free(own);
	return 0;
}
