/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-trace/names.h"

#include <string.h>

/* Where each name begins; the kernel wrote them, but lengths are believed only within the data. */
static unsigned find_names(const struct trace_names *n, unsigned at[TRACE_DEPTH])
{
	unsigned count = 0, i = 0;

	while (count < n->count && count < TRACE_DEPTH && i < sizeof(n->data)) {
		unsigned len = (unsigned char)n->data[i];

		if (len > sizeof(n->data) - i - 1)
			break;
		at[count++] = i;
		i += 1 + len;
	}
	return count;
}

void names_path(struct buf *path, const struct trace_names *n)
{
	unsigned at[TRACE_DEPTH], count = find_names(n, at);

	if (n->cut || count < n->count)
		buf_str(path, "...");
	for (unsigned i = count; i-- > 0;) {
		const char *name = &n->data[at[i]];
		unsigned len = (unsigned char)*name;

		buf_char(path, '/');
		buf_add(path, name + 1, strnlen(name + 1, len));
	}
	if (count == 0 && !n->cut)
		buf_char(path, '/');
}

void names_argv(struct strv *argv, const char *data, size_t len, size_t max)
{
	for (size_t i = 0; i < len && argv->n < max;) {
		size_t n = strnlen(data + i, len - i);

		strv_fmt(argv, "%.*s", (int)n, data + i);
		i += n + 1;
	}
}
