/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/io.h"
#include "libcommon/out.h"
#include "libcommon/own.h"
#include "libcommon/say.h"
#include "tests/lib/filter.h"
#include "tests/lib/tap.h"

struct row {
	const char *name, *note;
	uint64_t n, size;
	bool yes;
};

static const struct col cols[] = {
	{"name", COL_STR, offsetof(struct row, name), 6},
	{"n_of", COL_U64, offsetof(struct row, n), 4},
	{"size", COL_SIZE, offsetof(struct row, size), 6},
	{"yes", COL_BOOL, offsetof(struct row, yes), 3},
	{"note", COL_STR, offsetof(struct row, note), 0},
	{0},
};

static const struct row rows[] = {
	{"a", "b c", 1, 2048, true},
	{"x\n\x1b[2J", NULL, UINT64_MAX / 2, 0, false},
};

/* What a child prints on descriptor fd while it does work(); its status in *status. */
static void capture(int fd, int (*work)(void), struct buf *said, int *status)
{
	int p[2];
	pid_t pid;

	if (pipe(p) < 0)
		return;
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		dup2(p[1], fd);
		exit(work());
	}
	close(p[1]);
	read_fd(p[0], said, 65536);
	close(p[0]);
	waitpid(pid, status, 0);
	*status = WIFEXITED(*status) ? WEXITSTATUS(*status) : -1;
}

static int print(enum out_form form)
{
	struct out o = {.form = form, .cols = cols};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		out_row(&o, &rows[i]);
	return say_end(0);
}

static int text(void)
{
	return print(OUT_TEXT);
}

static int json(void)
{
	return print(OUT_JSON);
}

static int nul(void)
{
	return print(OUT_NUL);
}

static void forms(void)
{
	OWN_BUF struct buf t = BUF_INIT, j = BUF_INIT, z = BUF_INIT, read = BUF_INIT;
	char *jq[] = {(char *)"jq", (char *)"-sc", (char *)"[.[].name],[.[].note]", NULL};
	int status;

	capture(1, text, &t, &status);
	is_str(t.data,
	       "NAME    N OF  SIZE    YES  NOTE\n"
	       "a       1     2.0K    yes  b c\n"
	       "x\\x0a\\x1b[2J  9223372036854775807  0B      no   -\n",
	       "text: a heading, columns, escaped names");
	capture(1, json, &j, &status);
	is_int(filter(jq, j.data, j.len, &read), 0, "NDJSON that jq reads");
	is_str(read.data, "[\"a\",\"x\\n\\u001b[2J\"]\n[\"b c\",null]\n",
	       "names as they are, null");
	capture(1, nul, &z, &status);
	ok(z.len == 9 && memcmp(z.data, "a\0x\n\x1b[2J", 9) == 0, "bare names, each ended by NUL");
}

static int full_disk(void)
{
	dup2(open("/dev/full", O_WRONLY | O_CLOEXEC), 1);
	return print(OUT_TEXT);
}

static int says(void)
{
	errno = ENOENT;
	say_name("tool");
	say_error("one %d", 1);
	say_note("not heard");
	say_verbose(1);
	say_note("heard");
	say_warn("two");
	return errno == ENOENT ? 0 : 1;
}

static int says_much(void)
{
	char big[5000];

	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	say_error("%s", big);
	return 0;
}

static int dies(void)
{
	die(POD_EXIT_CONFIG, "%s", "gone");
}

static void talk(void)
{
	OWN_BUF struct buf full = BUF_INIT, said = BUF_INIT, much = BUF_INIT, last = BUF_INIT;
	int status;

	capture(2, full_disk, &full, &status);
	is_int(status, POD_EXIT_FAILED, "a full disk under stdout is a failure");
	ok(strstr(full.data, "No space left"), "and told: %s", full.data);
	capture(2, says, &said, &status);
	is_str(said.data, "tool: one 1\ntool: heard\ntool: warning: two\n", "messages");
	is_int(status, 0, "errno is kept");
	capture(2, says_much, &much, &status);
	ok(much.len < 4096 && much.data[much.len - 1] == '\n',
	   "an endless message is one line, cut");
	capture(2, dies, &last, &status);
	is_int(status, POD_EXIT_CONFIG, "die ends with its status");
	is_str(last.data, "envpod: gone\n", "and its message");
}

int main(void)
{
	forms();
	talk();
	return done_testing();
}
