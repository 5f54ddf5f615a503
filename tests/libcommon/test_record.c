/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/record.h"
#include "tests/lib/filter.h"
#include "tests/lib/tap.h"

#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"
#define FIRST "000001.jsonl"

static int append(int dir, const char *json)
{
	struct err e = {0};
	int r = record_append_at(dir, json, strlen(json), false, &e);

	if (r < 0)
		diag("%s", e.msg);
	return r;
}

/* Recompute the whole chain with b2sum; the number of good lines, -1 at the first bad one. */
static int verify(const char *log)
{
	char *b2sum[] = {(char *)"b2sum", (char *)"-l", (char *)"256", NULL};
	char prev[RECORD_HEX] = ZEROS;
	struct record_tail tail;
	int n = 0;

	for (const char *end; (end = strchr(log, '\n')); log = end + 1) {
		OWN_BUF struct buf hashed = BUF_INIT, sum = BUF_INIT;
		size_t len = (size_t)(end - log);

		if (record_tail(log, len, &tail) < 0 || (int)tail.seq != n + 1)
			return -1;
		buf_fmt(&hashed, "%s\n", prev);
		buf_add(&hashed, log, len - tail.size);
		buf_char(&hashed, '}');
		if (filter(b2sum, hashed.data, hashed.len, &sum) != 0 ||
		    strncmp(sum.data, tail.chain, 64) != 0)
			return -1;
		memcpy(prev, tail.chain, sizeof(prev));
		n++;
	}
	return n;
}

static int verify_file(int dir)
{
	OWN_BUF struct buf b = BUF_INIT;

	return read_file_at(dir, FIRST, &b, 1 << 24) < 0 ? -1 : verify(b.data);
}

static void chain(int dir)
{
	OWN_BUF struct buf b = BUF_INIT;

	is_int(append(dir, "{\"event\":\"one\"}"), 0, "append to an empty log");
	is_int(append(dir, "{}"), 0, "append an empty object");
	is_int(append(dir, "{\"x\":\"\\\"seq\\\":7,\\\"chain\\\":\\\"" ZEROS "\\\"}\"}"), 0,
	       "append one that looks like a chain inside");
	is_int(append(dir, "{\"event\":\"last\"}"), 0, "append behind it");
	is_int(verify_file(dir), 4, "b2sum -l 256 says the same of each line");
	read_file_at(dir, FIRST, &b, 1 << 20);
	b.data[10] ^= 1;
	is_int(verify(b.data), -1, "and finds a changed byte");
}

/* A crash tears the last line; the next append cuts it off and the chain goes on. */
static void torn(int dir)
{
	OWN_FD int fd = openat(dir, FIRST, O_WRONLY | O_APPEND | O_CLOEXEC);

	write_full(fd, "{\"event\":\"torn\",\"se", 19);
	is_int(append(dir, "{\"event\":\"after\"}"), 0, "append behind a torn line");
	is_int(verify_file(dir), 5, "the chain is whole, the torn line gone");
}

static void damaged(int dir)
{
	OWN_FD int fd = openat(dir, FIRST, O_WRONLY | O_APPEND | O_CLOEXEC);
	OWN_BUF struct buf b = BUF_INIT;
	struct err e = {0};
	struct stat before, after;

	fstat(fd, &before);
	write_full(fd, "not json\n", 9);
	ok(record_append_at(dir, "{}", 2, false, &e) < 0,
	   "nothing is chained to a damaged line: %s", e.msg);
	fstat(fd, &after);
	is_int(after.st_size, before.st_size + 9, "and nothing is cut off but torn lines");
	if (ftruncate(fd, before.st_size) < 0)
		diag("cannot mend the log");
	buf_str(&b, "{\"x\":\"");
	while (b.len < RECORD_LINE_MAX)
		buf_char(&b, 'x');
	buf_str(&b, "\"}");
	is_int(record_append_at(dir, b.data, b.len, false, &e), -EMSGSIZE,
	       "an endless line is refused");
	is_int(verify_file(dir), 5, "the log is as it was");
}

static void line_of_any_length(int dir)
{
	static const int sizes[] = {3900, 4000, 4096, 9000, 65000};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		OWN_BUF struct buf b = BUF_INIT;

		buf_str(&b, "{\"x\":\"");
		for (int n = 0; n < sizes[i]; n++)
			buf_char(&b, 'y');
		buf_str(&b, "\"}");
		is_int(append(dir, b.data), 0, "a line of %d bytes", sizes[i]);
		is_int(append(dir, "{}"), 0, "and one behind it");
	}
	is_int(verify_file(dir), 15, "all are chained");
}

/* 64 MiB without writing them: a hole, then the last line again. */
static void rotation(int dir)
{
	OWN_BUF struct buf log = BUF_INIT, next = BUF_INIT;
	OWN_FD int fd = openat(dir, FIRST, O_WRONLY | O_CLOEXEC);
	struct record_tail old, new;
	char want[RECORD_HEX];
	const char *last;
	size_t len;

	read_file_at(dir, FIRST, &log, 1 << 24);
	log.data[--log.len] = '\0';
	last = strrchr(log.data, '\n');
	record_tail(last + 1, strlen(last + 1), &old);
	ok(pwrite(fd, last, strlen(last), RECORD_SEGMENT_MAX) > 0 &&
		   pwrite(fd, "\n", 1, (off_t)(RECORD_SEGMENT_MAX + strlen(last))) == 1,
	   "a segment grows full");
	is_int(append(dir, "{\"event\":\"next\"}"), 0, "append");
	is_int(read_file_at(dir, "000002.jsonl", &next, 1 << 20), 0, "the next segment begins");
	len = next.len - 1;
	is_int(record_tail(next.data, len, &new), 0, "with a whole line");
	ok(new.seq == old.seq + 1, "the count goes on");
	next.data[len - new.size] = '}';
	record_chain(old.chain, next.data, len - new.size + 1, want);
	is_str(new.chain, want, "and so does the chain");
}

static void together(int dir)
{
	enum { WRITERS = 4, EACH = 50 };

	fflush(stdout);
	for (int i = 0; i < WRITERS; i++) {
		if (fork() == 0) {
			int bad = 0;

			for (int n = 0; n < EACH; n++)
				bad |= append(dir, "{\"event\":\"race\"}") < 0;
			_exit(bad);
		}
	}
	for (int i = 0, status; i < WRITERS; i++) {
		wait(&status);
		is_int(status, 0, "a writer of several");
	}
	is_int(verify_file(dir), WRITERS * EACH, "their lines form one chain");
}

static void hostile_event(void)
{
	OWN_EVENT struct event ev;
	char *jq[] = {(char *)"jq", (char *)"-e", (char *)".path and .list", NULL};
	OWN_BUF struct buf said = BUF_INIT;
	OWN_STRV struct strv list = {0};
	char big[70000];

	memset(big, 1, sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	for (int i = 0; i < 100; i++)
		strv_add(&list, "\xff\x01\n\"");
	strv_add(&list, big);
	event_init(&ev, "web", "mount", "commit");
	for (int i = 0; i < 6; i++)
		event_str(&ev, "path", big);
	event_strv(&ev, "list", list.v);
	event_num(&ev, "n", -1);
	event_bool(&ev, "b", true);
	ok(ev.json.len < RECORD_LINE_MAX - 200, "hostile fields fit on a line: %zu bytes",
	   ev.json.len);
	buf_char(&ev.json, '}');
	is_int(filter(jq, ev.json.data, ev.json.len, &said), 0, "and are JSON");
}

static int new_log(const char *top, const char *name)
{
	OWN_FREE char *path = xfmt("%s/%s", top, name);

	mkdir(path, 0700);
	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

int main(void)
{
	OWN_FREE char *top = xfmt("%s/record.XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
	OWN_FD int dir = -1, race = -1;

	if (!mkdtemp(top))
		return 2;
	dir = new_log(top, "one");
	race = new_log(top, "two");
	chain(dir);
	torn(dir);
	damaged(dir);
	line_of_any_length(dir);
	rotation(dir);
	together(race);
	hostile_event();
	remove_tree_at(AT_FDCWD, top);
	return done_testing();
}
