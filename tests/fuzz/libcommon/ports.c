/* SPDX-License-Identifier: Apache-2.0 */
/* policy/ports.json: a fault has its place; what is read is what its own text says again. */
#include <stdlib.h>
#include <string.h>

#include "libcommon/ports.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct ports *all)
{
	char text[PORT_TEXT];
	struct port again;

	if (all->n > PORTS_MAX)
		abort();
	for (size_t i = 0; i < all->n; i++)
		if (port_parse(&again, all->v[i].scope, port_text(&all->v[i], text)) < 0 ||
		    !port_equal(&again, &all->v[i]))
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ports_change c;
	struct ports all = {.n = 0};
	struct err e = {0};

	if (ports_parse(&c, (const char *)data, size, &e) < 0) {
		if (!e.msg[0] || e.status != 78)
			abort();
		return 0;
	}
	check(&c.add);
	check(&c.drop);
	ports_apply(&all, &c);
	check(&all);
	return 0;
}
