/* SPDX-License-Identifier: Apache-2.0 */
/* The list of paths that --stdin reads, and the choice it makes. */
#include <stdlib.h>

#include "libcommon/own.h"
#include "tools/pod-mount/select.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void add(struct changes *list, const char *dir, const char *name)
{
	struct change *c = changes_add(list);

	c->dir = dir;
	c->name = name;
	c->kind = CHANGE_ADDED;
	c->mode = 0100644;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	OWN_SELECTION struct selection s = {0};
	OWN_CHANGES struct changes list = {0};
	struct err e = {0};

	if (size < 1 ||
	    selection_parse(&s, "/h", data[0] & 1, (const char *)data + 1, size - 1, &e) < 0)
		return 0;
	for (size_t i = 0; i < s.exact.n; i++)
		if (s.exact.v[i][0] != '/')
			abort();
	selection_exclude(&s, "/h", s.exact.v, s.exact.n / 2);
	add(&list, "", "a");
	add(&list, "/h", "a b");
	add(&list, "/h/x", "y.c");
	selection_apply(&s, &list, false, &e);
	return 0;
}
