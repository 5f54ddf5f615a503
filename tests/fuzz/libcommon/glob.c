/* SPDX-License-Identifier: Apache-2.0 */
/* Patterns against paths, and the table of sensitive paths made of such patterns. */
#include <stdint.h>
#include <string.h>

#include "libcommon/glob.h"
#include "libcommon/marks.h"
#include "libcommon/own.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *half = size ? memchr(data, '\n', size) : NULL;
	OWN_FREE char *pattern = NULL, *text = NULL;
	struct marks *m;

	if (!half || size > 4096)
		return 0;
	pattern = strndup((const char *)data, (size_t)(half - data));
	text = strndup((const char *)half + 1, size - (size_t)(half + 1 - data));
	glob_match(pattern, text);
	m = marks_parse(pattern, strlen(pattern), "/home/u");
	marks_sensitive(m, "/home/u/src", text);
	marks_free(m);
	return 0;
}
