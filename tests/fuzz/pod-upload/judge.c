/* SPDX-License-Identifier: Apache-2.0 */
/* Names, links and sparse maps of an archive that nobody vouches for: "path\0target\0size\0map". */
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "libcommon/buf.h"
#include "tools/pod-upload/judge.h"
#include "tools/pod-upload/sparse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *next(const char **p, const char *end)
{
	const char *s = *p;

	*p += *p < end ? strlen(*p) + 1 : 0;
	return s;
}

/* Where a link leads by the text, from its directory, may never be above the first component. */
static void check_target(const char *path, const char *target)
{
	int depth = -1;

	for (const char *p = path; *p; p++)
		depth += *p == '/';
	for (const char *p = target; *p;
	     p += p[strcspn(p, "/")] ? strcspn(p, "/") + 1 : strcspn(p, "/")) {
		size_t n = strcspn(p, "/");

		depth += n == 2 && p[0] == '.' && p[1] == '.' ? -1 : n > 1 || (n == 1 && *p != '.');
		if (depth < 0)
			abort();
	}
}

static void check_sparse(const char *bytes, const char *map)
{
	OWN_TAR_ENTRY struct tar_entry t = {.type = '0', .size = strlen(bytes)};
	OWN_SPARSE struct sparse s = {0};
	uint64_t end = 0, sum = 0;

	tar_record_str(&t, "GNU.sparse.size", bytes);
	tar_record_str(&t, "GNU.sparse.map", map);
	if (sparse_read(&s, &t) < 0)
		return;
	for (size_t i = 0; i < s.n; i++) {
		if (s.v[i].at < end || s.v[i].at + s.v[i].len > s.size)
			abort();
		end = s.v[i].at + s.v[i].len;
		sum += s.v[i].len;
	}
	if (sum != t.size || s.size > INT64_MAX)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	OWN_BUF struct buf b = BUF_INIT;
	const char *p, *end, *path, *target, *bytes, *map;
	char clean[PATH_MAX];

	buf_add(&b, data, size);
	buf_char(&b, '\0');
	p = b.data;
	end = b.data + size;
	path = next(&p, end);
	target = next(&p, end);
	bytes = next(&p, end);
	map = next(&p, end);
	if (judge_path(path) && judge_target(path, target))
		check_target(path, target);
	if (judge_foreign(path, clean, sizeof(clean)) && clean[0] && !judge_path(clean))
		abort();
	check_sparse(bytes, map);
	return 0;
}
