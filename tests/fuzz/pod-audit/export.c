/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever stands in a log: what is exported of it is one line of JSON, or one record of CSV. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tools/pod-audit/format.h"
#include "tools/pod-audit/member.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__lsan_default_suppressions(void);

/* libjq 1.6 loses a value where a separator is missing in what it parses. */
const char *__lsan_default_suppressions(void)
{
	return "leak:libjq";
}

static void check_ocsf(const struct exported *x)
{
	OWN_BUF struct buf out = BUF_INIT;
	jv object;

	ocsf_line(&out, x);
	if (memchr(out.data, '\n', out.len) != out.data + out.len - 1)
		abort();
	object = jv_parse_sized(out.data, (int)out.len);
	if (jv_get_kind(object) != JV_KIND_OBJECT)
		abort();
	jv_free(object);
}

/* Ten fields, each in quotes; what is within has its quotes doubled. */
static void check_csv(const struct exported *x)
{
	OWN_BUF struct buf out = BUF_INIT;
	size_t fields = 1, quotes = 0;

	csv_line(&out, x);
	for (size_t i = 0; i < out.len; i++) {
		quotes += out.data[i] == '"';
		fields += quotes % 2 == 0 && out.data[i] == ',';
	}
	if (fields != 10 || quotes % 2 || memcmp(out.data + out.len - 3, "\"\r\n", 3) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	jv event = jv_parse_sized((const char *)data, (int)size);
	struct exported x = {.line = (const char *)data, .len = size, .event = event};

	if (jv_get_kind(event) == JV_KIND_OBJECT) {
		x.src = member_str(event, "src");
		x.name = member_str(event, "event");
		x.src = x.src ? x.src : "";
		x.name = x.name ? x.name : "";
		x.row = table_find(x.src, x.name);
		check_ocsf(&x);
		check_csv(&x);
	}
	jv_free(event);
	return 0;
}
