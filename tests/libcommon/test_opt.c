/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/io.h"
#include "libcommon/opt.h"
#include "tests/lib/tap.h"

struct got {
	bool flag, on;
	const char *str, *maybe;
	struct strv list;
	uint64_t n, size;
	int left;
	const char *first, *second;
};

static struct got parse(int stop, int min, int max, char **argv)
{
	static struct got g;
	const struct opt opts[] = {
		{OPT_FLAG, 'f', "flag", &g.flag, NULL, "a flag"},
		{OPT_OFF, 0, "off", &g.on, NULL, "turns off"},
		{OPT_STR, 's', "str", &g.str, "S", "a string"},
		{OPT_LIST, 'l', "list", &g.list, "L", "a list"},
		{OPT_MAYBE, 'm', "maybe", &g.maybe, "M", "a value or none"},
		{OPT_U64, 'n', "num", &g.n, "N", "a number"},
		{OPT_SIZE, 0, "size", &g.size, "SIZE", "a size"},
		{0},
	};
	const struct opt_usage u = {"t [OPTION]...", "Tests.", min, max, stop};
	int argc = 0;

	while (argv[argc])
		argc++;
	strv_finish(&g.list);
	g = (struct got){.on = true};
	g.left = opt_parse(opts, &u, argc, argv);
	g.first = argv[0];
	g.second = g.left > 1 ? argv[1] : NULL;
	return g;
}

#define ARGS(...)                              \
	(char *[])                             \
	{                                      \
		(char *)"t", __VA_ARGS__, NULL \
	}
#define A (char *)

static void parsed(void)
{
	struct got g = parse(
		0, 0, 0, ARGS(A "-fs", A "x", A "pos", A "--list=1", A "--list", A "2", A "-l3"));

	ok(g.flag, "-f, also in a bundle");
	is_str(g.str, "x", "-s takes the next word");
	is_int((int)g.list.n, 3, "a list option adds up: =, next word, glued");
	is_int(g.left, 1, "one word is left");
	is_str(g.first, "pos", "the positional one, from the middle");
	g = parse(0, 0, 0,
		  ARGS(A "--off", A "--num", A "18446744073709551615", A "--size", A "2K"));
	ok(!g.on && g.n == UINT64_MAX && g.size == 2048, "off, numbers, sizes");
	g = parse(0, 0, 0, ARGS(A "a", A "--", A "-f", A "--"));
	ok(!g.flag && g.left == 3, "behind -- everything is a word");
	g = parse(0, 0, 0, ARGS(A "-", A "--str="));
	is_int(g.left, 1, "a lone - is a word");
	is_str(g.str, "", "an empty value is a value");
	g = parse(0, 0, 0, ARGS(A "-m", A "x"));
	ok(g.maybe && !*g.maybe && g.left == 1, "a value that may be left out takes no next word");
	g = parse(0, 0, 0, ARGS(A "-fm90", A "--maybe", A "x"));
	ok(g.flag && g.maybe && !*g.maybe && g.left == 1, "nor does its long name");
	g = parse(0, 0, 0, ARGS(A "--maybe=9", A "-f"));
	is_str(g.maybe, "9", "it is there behind =");
	g = parse(0, 0, 0, ARGS(A "-m8"));
	is_str(g.maybe, "8", "or glued to the letter");
	g = parse(2, 0, 0, ARGS(A "-f", A "pod", A "cmd", A "-s", A "--help"));
	ok(g.flag && !g.str && g.left == 4, "stop: a command keeps its options");
	g = parse(2, 0, 0, ARGS(A "pod", A "-f", A "--", A "cmd", A "-s"));
	ok(g.flag && g.left == 3, "stop: options before -- are ours, behind it not");
	is_str(g.second, "cmd", "and the -- itself is gone");
}

/* The status a child ends with, and what it says on stdout and stderr together. */
static int status_of(int min, int max, char **argv, struct buf *said)
{
	int fd[2], status;
	pid_t pid;

	if (pipe(fd) < 0)
		return -1;
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		dup2(fd[1], 1);
		dup2(fd[1], 2);
		parse(0, min, max, argv);
		_exit(99);
	}
	close(fd[1]);
	read_fd(fd[0], said, 65536);
	close(fd[0]);
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void refused(void)
{
	const struct {
		char **argv;
		int min, max;
		const char *says;
	} cases[] = {
		{ARGS(A "--flog"), 0, 0, "did you mean --flag?"},
		{ARGS(A "--zzzzzzz"), 0, 0, "unknown option"},
		{ARGS(A "--str"), 0, 0, "needs a value"},
		{ARGS(A "-fs"), 0, 0, "needs a value"},
		{ARGS(A "-fx"), 0, 0, "unknown option"},
		{ARGS(A "--flag=1"), 0, 0, "takes no value"},
		{ARGS(A "--num=-1"), 0, 0, "not a number"},
		{ARGS(A "--size=big"), 0, 0, "not a number"},
		{ARGS(A "a"), 2, 0, "missing argument"},
		{ARGS(A "a", A "b"), 0, 1, "one argument too many: b"},
		{ARGS(A "--\x1b[2J"), 0, 0, "\\x1b"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		OWN_BUF struct buf said = BUF_INIT;

		is_int(status_of(cases[i].min, cases[i].max, cases[i].argv, &said), POD_EXIT_USAGE,
		       "wrong usage %zu", i);
		ok(strstr(said.data, cases[i].says), "says '%s': %s", cases[i].says, said.data);
	}
}

static void asked(void)
{
	OWN_BUF struct buf help = BUF_INIT, words = BUF_INIT;

	is_int(status_of(3, 3, ARGS(A "--help"), &help), 0, "--help, even with words missing");
	ok(strstr(help.data, "-f, --flag") && strstr(help.data, "--size SIZE"),
	   "lists the options");
	is_int(status_of(3, 3, ARGS(A "--complete"), &words), 0, "--complete");
	ok(strstr(words.data, "--flag\t\ta flag\n") && strstr(words.data, "-s\tS\ta string\n"),
	   "prints word, argument and help");
}

static int cmd_a(int argc, char **argv)
{
	return argc == 2 && strcmp(argv[0], "aa") == 0 ? 7 : 1;
}

static void commands(void)
{
	const struct cmd cmds[] = {{"aa", cmd_a, "does"}, {0}};

	is_int(cmd_main("t", cmds, 3, ARGS(A "aa", A "x")), 7, "a command gets its own words");
	is_int(cmd_main("t", cmds, 2, ARGS(A "ab")), POD_EXIT_USAGE,
	       "an unknown command is refused");
}

static const char *word_at(const void *from, int i)
{
	return ((const char *const *)from)[i];
}

static void near(void)
{
	static const char *const words[] = {"commit", "diff", "destroy", NULL};

	is_str(nearest("comit", word_at, words), "commit", "a letter missing");
	is_str(nearest("DIFF", word_at, words), "diff", "any case");
	ok(!nearest("xyz", word_at, words), "nothing near");
	ok(!nearest("d", word_at, words), "one letter is near to everything, so to nothing");
	ok(!nearest("a-word-that-is-much-longer-than-sixty-three-bytes-and-would-not-fit-in-a-row",
		    word_at, words),
	   "an endless word");
}

int main(void)
{
	parsed();
	refused();
	asked();
	near();
	commands();
	return done_testing();
}
