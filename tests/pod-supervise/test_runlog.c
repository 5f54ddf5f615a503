/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "tests/lib/tap.h"
#include "tools/pod-supervise/runlog.h"

static int dir;

static char *content(const char *name)
{
	struct buf b = BUF_INIT;

	read_file_at(dir, name, &b, 1 << 20);
	return buf_take(&b);
}

static void is_content(const char *name, const char *want)
{
	OWN_FREE char *got = content(name);

	is_str(got, want, "%s", name);
}

static void is_tail(const struct runlog *l, size_t max, const char *want)
{
	OWN_BUF struct buf b = BUF_INIT;

	runlog_tail(l, max, &b);
	buf_add(&b, "", 0);
	is_str(b.data, want, "the last %zu bytes", max);
}

static void test_rotation(void)
{
	OWN(runlog_finish) struct runlog l = RUNLOG_INIT;
	struct err e = {0};

	ok(runlog_open(&l, dir, "run.log", "run.log.old", &e) == 0, "opened");
	l.max = 20;
	runlog_write(&l, "line one\n", 9);
	runlog_write(&l, "line two\n", 9);
	is_content("run.log", "line one\nline two\n");
	is_tail(&l, 100, "line one\nline two\n");
	is_tail(&l, 12, "line two\n");
	runlog_write(&l, "line three\n", 11);
	is_content("run.log", "line three\n");
	is_content("run.log.old", "line one\nline two\n");
	is_tail(&l, 100, "line three\n");
	runlog_write(&l, "line four\n", 10);
	is_content("run.log", "line four\n");
	is_content("run.log.old", "line three\n");
}

static void test_next_run(void)
{
	OWN(runlog_finish) struct runlog l = RUNLOG_INIT;
	struct err e = {0};

	ok(runlog_open(&l, dir, "run.log", "run.log.old", &e) == 0, "opened by the next run");
	runlog_write(&l, "next\n", 5);
	is_content("run.log", "line four\nnext\n");
	is_tail(&l, 100, "next\n");
}

static void test_planted(void)
{
	OWN(runlog_finish) struct runlog l = RUNLOG_INIT;
	struct err e = {0};

	unlinkat(dir, "run.log", 0);
	ok(symlinkat("victim", dir, "run.log") == 0, "a symlink in its place");
	ok(runlog_open(&l, dir, "run.log", "run.log.old", &e) < 0 && e.msg[0], "is not followed");
}

int main(void)
{
	char path[] = "/tmp/envpod-runlog.XXXXXX";

	if (!mkdtemp(path))
		return 2;
	dir = open(path, O_RDONLY | O_DIRECTORY);
	test_rotation();
	test_next_run();
	test_planted();
	remove_tree_at(AT_FDCWD, path);
	return done_testing();
}
