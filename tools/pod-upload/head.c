/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-upload/head.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "libcommon/jsonr.h"
#include "tools/pod-upload/name.h"

void head_finish(struct head *h)
{
	buf_finish(&h->name);
}

static bool read_members(struct json *j, struct buf *name, int64_t *size)
{
	char key[32];
	bool named = false;

	if (!json_open(j, '{'))
		return false;
	while (json_member(j, key, sizeof(key))) {
		if (strcmp(key, "name") == 0) {
			buf_clear(name);
			named = json_text(j, name);
		} else if (strcmp(key, "size") == 0) {
			json_integer(j, size);
		} else {
			json_skip(j);
		}
	}
	return json_end(j) && named;
}

int head_parse(struct head *h, const char *line, size_t len, const char **code, const char **why)
{
	OWN_BUF struct buf name = BUF_INIT;
	struct json j;
	int64_t size = -1;

	json_init(&j, line, len);
	*code = "request";
	*why = "want one line, {\"name\":TEXT,\"size\":BYTES}";
	if (!read_members(&j, &name, &size) || size < 0)
		return -EINVAL;
	h->size = (uint64_t)size;
	*code = "name";
	*why = "a name must not be empty";
	return name.len ? name_clean(name.data, name.len, &h->name, why) : -EINVAL;
}
