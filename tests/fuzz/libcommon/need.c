/* SPDX-License-Identifier: Apache-2.0 */
/* A plugin's line, and the file of what was judged: what is understood is written and read the
 * same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "libcommon/need.h"
#include "libcommon/own.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_line(const char *data, size_t size)
{
	OWN_NEED struct need n = {0}, again = {0};
	OWN_BUF struct buf b = BUF_INIT;
	struct err e = {0};

	if (need_parse(&n, data, size, &e) < 0) {
		if (!e.msg[0])
			abort();
		return;
	}
	need_judge(&n, "gpu-x", NULL, &e);
	need_judge(&n, "web-x", NULL, &e);
	need_judge(&n, "display-x", NULL, &e);
	need_format(&n, &b);
	if (b.len >= NEED_LINE_MAX || need_parse(&again, b.data, b.len - 1, &e) < 0 ||
	    n.kind != again.kind)
		abort();
	for (size_t i = 0; i < NEED_VALUES; i++)
		if (!n.values[i] != !again.values[i] ||
		    (n.values[i] && strcmp(n.values[i], again.values[i]) != 0))
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	OWN_FREE char *text = xcalloc(1, size + 1);
	OWN_NEEDS struct needs all = {0};
	struct err e = {0};

	memcpy(text, data, size);
	try_line(text, size);
	needs_parse(&all, text, size);
	for (size_t i = 0; i < all.n_devices; i++)
		if (strncmp(all.devices[i].path, "/dev/", 5) != 0)
			abort();
	for (size_t i = 0; i < all.n_services; i++)
		if (all.n_services > NEED_SERVICES_MAX || strchr(all.services[i].name, '/') ||
		    strchr(all.services[i].listen, '/') || all.services[i].argv.n == 0)
			abort();
	needs_check_services(&all, &e);
	return 0;
}
