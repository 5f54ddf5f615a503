/* SPDX-License-Identifier: Apache-2.0 */
#include "libcommon/tar.h"

#include <unistd.h>

#include "libcommon/own.h"
#include "tests/lib/tap.h"
#include "tools/pod-mount/zfile.h"

struct source {
	struct buf *b;
	size_t at;
};

static ssize_t get(void *from, void *data, size_t n, struct err *e)
{
	struct source *s = from;

	(void)e;
	n = n < s->b->len - s->at ? n : s->b->len - s->at;
	memcpy(data, s->b->data + s->at, n);
	s->at += n;
	return (ssize_t)n;
}

static void write_two(struct buf *out)
{
	OWN_TAR_ENTRY struct tar_entry a = {
		.type = '0', .mode = 04755, .uid = 5000000, .size = 700};
	OWN_TAR_ENTRY struct tar_entry b = {.type = '2', .mode = 0777};
	char data[700];

	memset(data, 'x', sizeof(data));
	a.mtime = (struct timespec){1795343305, 42};
	tar_record_str(&a, "path", "tree/a\nb");
	tar_record(&a, "SCHILY.xattr.user.x", "\0=\n", 3);
	tar_put(out, &a);
	buf_add(out, data, sizeof(data));
	tar_pad(out, sizeof(data));
	tar_record_str(&b, "path", "tree/link");
	tar_record_str(&b, "linkpath", "to there");
	tar_put(out, &b);
	tar_end(out);
}

static void round_trip(struct buf *text)
{
	OWN_TAR_ENTRY struct tar_entry t = {0};
	struct source s = {text, 0};
	struct tar_reader r = {.read = get, .from = &s};
	struct err e = {0};
	char data[800];

	is_int(tar_next(&r, &t, &e), 1, "a first entry");
	ok(t.type == '0' && t.mode == 04755 && t.uid == 5000000 && t.size == 700 &&
		   t.mtime.tv_sec == 1795343305 && t.mtime.tv_nsec == 42,
	   "with all that it had");
	is_str(tar_str(&t, "path"), "tree/a\nb", "its odd name");
	ok(tar_find(&t, "SCHILY.xattr.user.x")->len == 3 && !tar_str(&t, "SCHILY.xattr.user.x"),
	   "bytes that are no string");
	is_int(tar_read(&r, data, 10, &e), 10, "some of its content");
	is_int(tar_next(&r, &t, &e), 1, "the next one, the rest passed over");
	is_str(tar_str(&t, "linkpath"), "to there", "a link's target");
	is_int(tar_read(&r, data, 10, &e), 0, "which has no content");
	is_int(tar_next(&r, &t, &e), 0, "the end");
}

/* Any byte of a header changed, the file cut anywhere: an error, or the same entries. */
static void damaged(const struct buf *text)
{
	unsigned passed = 0, silent = 0;

	for (size_t i = 0; i < text->len; i += 7) {
		OWN_TAR_ENTRY struct tar_entry t = {0};
		OWN_BUF struct buf copy = BUF_INIT;
		struct source s = {&copy, 0};
		struct tar_reader r = {.read = get, .from = &s};
		struct err e = {0};
		int x;

		buf_add(&copy, text->data, i);
		while ((x = tar_next(&r, &t, &e)) > 0)
			;
		passed += x == 0 && i + 1024 < text->len;
		silent += x < 0 && !e.msg[0];
	}
	is_int(passed, 0, "cut anywhere it is not whole");
	is_int(silent, 0, "and that is said");
}

static void compressed(const struct buf *text)
{
	FILE *f = tmpfile();
	OWN_ZFILE struct zfile out = {.fd = -1}, in = {.fd = -1}, small = {.fd = -1};
	OWN_FREE char *back = malloc(text->len + 1);
	struct err e = {0};

	ok(zfile_write(&out, fileno(f), &e) == 0 &&
		   zfile_add(&out, text->data, text->len, &e) == 0 && zfile_end(&out, &e) == 0,
	   "compressed");
	lseek(fileno(f), 0, SEEK_SET);
	zfile_read(&in, fileno(f), 1 << 20, &e);
	is_int(zfile_get(&in, back, text->len + 1, &e), (ssize_t)text->len, "and back");
	ok(memcmp(back, text->data, text->len) == 0, "the same");
	lseek(fileno(f), 0, SEEK_SET);
	zfile_read(&small, fileno(f), text->len - 1, &e);
	ok(zfile_get(&small, back, text->len, &e) < 0 && e.status == 3,
	   "more than is allowed: refused");
	fclose(f);
}

int main(void)
{
	OWN_BUF struct buf text = BUF_INIT;

	write_two(&text);
	ok(text.len % 512 == 0, "whole blocks");
	round_trip(&text);
	damaged(&text);
	compressed(&text);
	return done_testing();
}
