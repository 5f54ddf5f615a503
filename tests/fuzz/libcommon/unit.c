/* SPDX-License-Identifier: Apache-2.0 */
/* Any text: a number within its range, or -EINVAL or -ERANGE; "inf", "nan", "0x10" are neither. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "libcommon/buf.h"
#include "libcommon/own.h"
#include "libcommon/unit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int r)
{
	if (r != 0 && r != -EINVAL && r != -ERANGE)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	OWN_FREE char *s = xcalloc(1, size + 1);
	uint64_t n = 0;
	char human[16];
	int r;

	memcpy(s, data, size);
	r = unit_size(s, &n);
	check(r);
	if (r == 0 && (n > INT64_MAX || strlen(unit_human(n, human)) > 15))
		abort();
	check(unit_duration(s, &n));
	r = unit_u64(s, 1000, &n);
	check(r);
	if (r == 0 && n > 1000)
		abort();
	return 0;
}
