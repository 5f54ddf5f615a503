/* SPDX-License-Identifier: Apache-2.0 */
/* A request: what was taken of it is objects again, and every member of these has one kind. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "libcommon/own.h"
#include "libcommon/request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const char *object)
{
	OWN_BUF struct buf text = BUF_INIT, raw = BUF_INIT;
	OWN_STRV struct strv list = {0}, map = {0};
	struct err e = {0};
	int64_t n;
	bool yes;

	if (object[0] != '{')
		abort();
	if (member_text(object, "a", &text, &e) < 0 && !e.msg[0])
		abort();
	member_list(object, "a", &list, &e);
	member_map(object, "a", &map, &e);
	member_flag(object, "a", &yes, &e);
	member_number(object, "a", &n, &e);
	if (member_raw(object, "a", &raw, &e) == 1 && raw.len == 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	OWN_REQUEST struct request q = {0};
	struct err e = {0};

	if (request_parse(&q, (const char *)data, size, &e) < 0) {
		if (!e.msg[0])
			abort();
		return 0;
	}
	check(q.params);
	check(q.config);
	if (q.undo)
		check(q.undo);
	return 0;
}
