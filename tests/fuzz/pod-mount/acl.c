/* SPDX-License-Identifier: Apache-2.0 */
/* A POSIX ACL and a redirect as a hostile layer may carry them. */
#include <stdlib.h>
#include <string.h>

#include "libcommon/own.h"
#include "tools/pod-mount/ids.h"
#include "tools/pod-mount/whiteout.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct id_map m = {.base = 524288, .uid = 1000, .gid = 1000};
	OWN_FREE uint8_t *copy = malloc(size + 1);

	memcpy(copy, data, size);
	copy[size] = '\0';
	acl_translate(&m, copy, size);
	acl_shift(&m, copy, size);
	memcpy(copy, data, size);
	if (redirect_valid((const char *)copy, size) && strstr((const char *)copy, "/../"))
		abort();
	return 0;
}
