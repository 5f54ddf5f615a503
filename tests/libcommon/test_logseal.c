/* SPDX-License-Identifier: Apache-2.0 */
#include "libcommon/logseal.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcommon/buf.h"
#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "tests/lib/tap.h"

static const unsigned char root[LOGSEAL_KEY] = "the root of some log";
static const char chain[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

static bool same(const struct logseal *a, const struct logseal *b)
{
	return a->log == b->log && a->index == b->index &&
	       memcmp(a->line, b->line, LOGSEAL_KEY) == 0 &&
	       memcmp(a->epoch, b->epoch, LOGSEAL_KEY) == 0;
}

static void turning(void)
{
	static const uint64_t to[] = {1, 2, 255, 256, 257, 511, 512, 513, 3000};
	struct logseal walked, jumped;
	char one[LOGSEAL_HEX], two[LOGSEAL_HEX];

	for (size_t i = 0; i < sizeof(to) / sizeof(to[0]); i++) {
		logseal_begin(&walked, root, 7);
		while (walked.index < to[i])
			logseal_line(&walked, chain, one);
		logseal_begin(&jumped, root, 7);
		logseal_seek(&jumped, to[i]);
		ok(same(&walked, &jumped), "line by line or at once: the same at %d", (int)to[i]);
	}
	logseal_seek(&jumped, 5);
	ok(same(&walked, &jumped), "and never back");
	logseal_line(&walked, chain, one);
	logseal_line(&walked, chain, two);
	ok(strcmp(one, two) != 0, "each line has a seal of its own");
	logseal_finish(&walked);
	ok(same(&walked, &(struct logseal){0}), "and keys end");
}

/* Every byte of the file counts. */
static void file(int dir)
{
	OWN_BUF struct buf b = BUF_INIT;
	struct logseal s, read;
	struct err e = {0};
	int fd, wrong = 0;

	is_int(logseal_load(dir, &s, &e), -ENOENT, "no seal");
	logseal_begin(&s, root, 4294967295u);
	logseal_seek(&s, 123456);
	is_int(logseal_create(dir, &s), 0, "make it");
	is_int(logseal_create(dir, &s), -EEXIST, "once");
	fd = logseal_load(dir, &read, &e);
	ok(fd >= 0 && same(&s, &read), "read it");
	logseal_seek(&s, 123999);
	is_int(logseal_store(fd, &s), 0, "write over it");
	close(fd);
	is_int(read_file_at(dir, "seal", &b, 4096), 0, "it is a text");
	is_int((int)b.len, LOGSEAL_TEXT, "of fixed length");
	ok(logseal_parse(&read, b.data, b.len) == 0 && same(&s, &read), "of the new key");
	for (size_t i = 0; i < b.len; i++) {
		b.data[i] ^= 1;
		wrong += logseal_parse(&read, b.data, b.len) < 0;
		b.data[i] ^= 1;
	}
	is_int(wrong, LOGSEAL_TEXT, "any byte changed is noticed");
	is_int(logseal_parse(&read, b.data, b.len - 1), -EINVAL, "and the last one missing");
}

int main(void)
{
	OWN_FREE char *top = xfmt("%s/seal.XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
	OWN_FD int dir = -1;

	if (!mkdtemp(top))
		return 2;
	dir = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	turning();
	file(dir);
	remove_tree_at(AT_FDCWD, top);
	return done_testing();
}
