/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any name: what esc(), cover names and JSON make of it is safe to print, and a cover's path comes
 * back as it was.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "libcommon/buf.h"
#include "libcommon/jsonw.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/pod.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_printable(const char *s)
{
	if (!utf8_ok(s))
		abort();
	for (; *s; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			abort();
}

static void check_cover(const char *path)
{
	OWN_FREE char *name = pod_cover_name(path);
	OWN_FREE char *back = pod_cover_path(name);
	OWN_FREE char *any = pod_cover_path(path); /* names come from disk, too */

	if (strchr(name, '/') || strcmp(back, path) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	OWN_FREE char *s = xcalloc(1, size + 1);
	OWN_FREE char *clean = NULL;
	OWN_BUF struct buf json = BUF_INIT;

	memcpy(s, data, size);
	if (size <= 500) /* beyond that esc() cuts, also within a character */
		check_printable(esc(s));
	jw_string(&json, s);
	check_printable(json.data);
	clean = path_clean("/base", s);
	if (clean[0] != '/' || strstr(clean, "//") || strstr(clean, "/../"))
		abort();
	check_cover(clean);
	return 0;
}
