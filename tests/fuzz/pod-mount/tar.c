/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of a change set from anybody: entries that can be used, or an error that says why. */
#include "libcommon/tar.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tools/pod-mount/unpack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct source {
	const uint8_t *data;
	size_t left;
};

static ssize_t get(void *from, void *to, size_t n, struct err *e)
{
	struct source *s = from;

	(void)e;
	n = n < s->left ? n : s->left;
	memcpy(to, s->data, n);
	s->data += n;
	s->left -= n;
	return (ssize_t)n;
}

static void read_all(struct tar_reader *r, const struct tar_entry *t, struct err *e)
{
	OWN_CHANGE_SET struct change_set set = {0};
	struct carried k = {.what = 2};
	const char *base = tar_str(t, "ENVPOD.base");
	char text[513];
	ssize_t n = tar_read(r, text, sizeof(text) - 1, e);

	if (!tar_str(t, "path"))
		abort();
	text[n > 0 ? n : 0] = '\0';
	change_set_parse_head(&set, text);
	if (base && strlen(base) < sizeof(k.base)) {
		memcpy(k.base, base, strlen(base) + 1);
		carried_base_stands(&k, text);
	}
}

/* What any tar may have written, as envpod cp reads it. */
static void read_foreign(const uint8_t *data, size_t size)
{
	OWN_TAR_ENTRY struct tar_entry t = {0};
	struct source s = {data, size};
	struct tar_reader r = {.read = get, .from = &s, .foreign = true};
	struct err e = {0};
	char text[512];
	int x;

	while ((x = tar_next(&r, &t, &e)) > 0) {
		if (!tar_str(&t, "path") || t.size > INT64_MAX)
			abort();
		if ((t.type == '1' || t.type == '2') && !tar_str(&t, "linkpath"))
			abort();
		tar_read(&r, text, sizeof(text), &e);
	}
	if (x < 0 && !e.msg[0])
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	OWN_TAR_ENTRY struct tar_entry t = {0};
	struct source s = {data, size};
	struct tar_reader r = {.read = get, .from = &s};
	struct err e = {0};
	int x;

	read_foreign(data, size);
	while ((x = tar_next(&r, &t, &e)) > 0)
		read_all(&r, &t, &e);
	if (x < 0 && !e.msg[0])
		abort();
	return 0;
}
