/* SPDX-License-Identifier: Apache-2.0 */
#include "libcommon/title.h"

#include <string.h>
#include <sys/prctl.h>

static char *area;
static size_t size;

void title_keep(int argc, char **argv)
{
	const char *last;

	/* The argv of a tool inside another program is not where the kernel looks. */
	if (area || argc < 1)
		return;
	last = argv[argc - 1];
	area = argv[0];
	size = (size_t)(last + strlen(last) - area);
}

void title_set(const char *name)
{
	size_t n = strlen(name);

	memset(area, 0, size);
	memcpy(area, name, n < size ? n : size);
	prctl(PR_SET_NAME, name);
}
