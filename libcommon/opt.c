/* SPDX-License-Identifier: Apache-2.0 */
#include "libcommon/opt.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "envpod/exit.h"
#include "libcommon/path.h"
#include "libcommon/say.h"
#include "libcommon/unit.h"

static int min3(int a, int b, int c)
{
	int m = a < b ? a : b;

	return m < c ? m : c;
}

/* Levenshtein, letters in any case, words up to 63 bytes. */
static int distance(const char *a, const char *b)
{
	int row[64], n = (int)strlen(b);

	if (n > 63 || strlen(a) > 63)
		return 99;
	for (int j = 0; j <= n; j++)
		row[j] = j;
	for (int i = 1; a[i - 1]; i++) {
		int diagonal = row[0];

		row[0] = i;
		for (int j = 1; j <= n; j++) {
			int cost = tolower((unsigned char)a[i - 1]) !=
				   tolower((unsigned char)b[j - 1]);
			int next = min3(row[j] + 1, row[j - 1] + 1, diagonal + cost);

			diagonal = row[j];
			row[j] = next;
		}
	}
	return row[n];
}

const char *nearest(const char *word, const char *(*get)(const void *from, int i), const void *from)
{
	const char *best = NULL, *s;
	int best_d = 3;

	for (int i = 0; (s = get(from, i)); i++) {
		int d = distance(word, s);

		if (d < best_d && d < (int)strlen(word)) {
			best = s;
			best_d = d;
		}
	}
	return best;
}

static const char *opt_name(const void *from, int i)
{
	const struct opt *o = (const struct opt *)from + i;

	return o->kind == OPT_END ? NULL : o->name;
}

static const char *cmd_name(const void *from, int i)
{
	return ((const struct cmd *)from)[i].word;
}

static void usage_error(const struct opt_usage *u, const char *what, const char *which,
			const char *near)
{
	say_error("%s: %s%s%s%s (usage: %s)", what, esc(which), near ? "; did you mean --" : "",
		  near ? near : "", near ? "?" : "", u->line);
	exit(POD_EXIT_USAGE);
}

/* What stands behind the name: " N", "[=N]" or nothing. */
static const char *value_form(const struct opt *o, char out[32])
{
	if (!o->arg)
		return "";
	snprintf(out, 32, o->kind == OPT_MAYBE ? "[=%s]" : " %s", o->arg);
	return out;
}

static void print_help(const struct opt *opts, const struct opt_usage *u)
{
	printf("usage: %s\n%s\n", u->line, u->text ? u->text : "");
	for (; opts && opts->kind != OPT_END; opts++) {
		char flag[64], value[32];

		snprintf(flag, sizeof(flag), "%c%c%s --%s%s", opts->letter ? '-' : ' ',
			 opts->letter ? opts->letter : ' ', opts->letter ? "," : " ", opts->name,
			 value_form(opts, value));
		printf("  %-28s %s\n", flag, opts->help);
	}
	exit(say_end(POD_EXIT_OK));
}

static void print_complete(const struct opt *opts)
{
	for (; opts && opts->kind != OPT_END; opts++) {
		/* A value that may be left out is no word of its own. */
		const char *arg = opts->arg && opts->kind != OPT_MAYBE ? opts->arg : "";

		printf("--%s\t%s\t%s\n", opts->name, arg, opts->help);
		if (opts->letter)
			printf("-%c\t%s\t%s\n", opts->letter, arg, opts->help);
	}
	exit(say_end(POD_EXIT_OK));
}

static void store(const struct opt *o, const struct opt_usage *u, const char *value)
{
	int r = 0;

	switch (o->kind) {
	case OPT_FLAG:
	case OPT_OFF:
		*(bool *)o->to = o->kind == OPT_FLAG;
		break;
	case OPT_STR:
		*(const char **)o->to = value;
		break;
	case OPT_MAYBE:
		*(const char **)o->to = value ? value : "";
		break;
	case OPT_LIST:
		strv_add(o->to, value);
		break;
	case OPT_U64:
		r = unit_u64(value, UINT64_MAX, o->to);
		break;
	case OPT_SIZE:
		r = unit_size(value, o->to);
		break;
	case OPT_END:
		break;
	}
	if (r < 0)
		usage_error(u, "not a number I understand", value, NULL);
}

static bool takes_value(const struct opt *o)
{
	return o->kind != OPT_FLAG && o->kind != OPT_OFF;
}

static bool needs_value(const struct opt *o)
{
	return takes_value(o) && o->kind != OPT_MAYBE;
}

/* --name, --name=value, --name value; *i moves over a value taken from the next word. */
static void parse_long(const struct opt *opts, const struct opt_usage *u, int argc, char **argv,
		       int *i)
{
	const char *word = argv[*i] + 2, *eq = strchr(word, '=');
	OWN_STRV struct strv name = {0};
	const struct opt *o;

	strv_fmt(&name, "%.*s", eq ? (int)(eq - word) : (int)strlen(word), word);
	for (o = opts; o && o->kind != OPT_END; o++)
		if (strcmp(o->name, name.v[0]) == 0)
			break;
	if (!o || o->kind == OPT_END)
		usage_error(u, "unknown option", argv[*i],
			    opts ? nearest(name.v[0], opt_name, opts) : NULL);
	if (!takes_value(o) && eq)
		usage_error(u, "option takes no value", argv[*i], NULL);
	if (needs_value(o) && !eq && *i + 1 >= argc)
		usage_error(u, "option needs a value", argv[*i], NULL);
	store(o, u, eq ? eq + 1 : needs_value(o) ? argv[++*i] : NULL);
}

/* -abc, -ovalue, -o value */
static void parse_short(const struct opt *opts, const struct opt_usage *u, int argc, char **argv,
			int *i)
{
	for (const char *p = argv[*i] + 1; *p; p++) {
		const struct opt *o;

		for (o = opts; o && o->kind != OPT_END; o++)
			if (o->letter == *p)
				break;
		if (!o || o->kind == OPT_END)
			usage_error(u, "unknown option", argv[*i], NULL);
		if (!takes_value(o)) {
			store(o, u, NULL);
			continue;
		}
		if (needs_value(o) && !p[1] && *i + 1 >= argc)
			usage_error(u, "option needs a value", argv[*i], NULL);
		store(o, u, p[1] ? p + 1 : needs_value(o) ? argv[++*i] : NULL);
		return;
	}
}

static int keep_rest(int argc, char **argv, int from, int n)
{
	while (from < argc)
		argv[n++] = argv[from++];
	return n;
}

int opt_parse(const struct opt *opts, const struct opt_usage *u, int argc, char **argv)
{
	int n = 0;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--") == 0) {
			n = keep_rest(argc, argv, i + 1, n);
			break;
		}
		if (strcmp(argv[i], "--help") == 0)
			print_help(opts, u);
		else if (strcmp(argv[i], "--complete") == 0)
			print_complete(opts);
		else if (strncmp(argv[i], "--", 2) == 0)
			parse_long(opts, u, argc, argv, &i);
		else if (argv[i][0] == '-' && argv[i][1])
			parse_short(opts, u, argc, argv, &i);
		else if (u->stop && n + 1 == u->stop) {
			n = keep_rest(argc, argv, i, n);
			break;
		} else
			argv[n++] = argv[i];
	}
	argv[n] = NULL;
	if (n < u->min)
		usage_error(u, "missing argument", n ? argv[n - 1] : "none given", NULL);
	if (u->max && n > u->max)
		usage_error(u, "one argument too many", argv[u->max], NULL);
	return n;
}

static void list_cmds(const char *tool, const struct cmd *cmds)
{
	printf("usage: %s COMMAND [ARGUMENT]...\n\n", tool);
	for (; cmds->word; cmds++)
		printf("  %-12s %s\n", cmds->word, cmds->help);
	printf("\n%s COMMAND --help says more.\n", tool);
}

int cmd_main(const char *tool, const struct cmd *cmds, int argc, char **argv)
{
	const char *near;

	if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
		list_cmds(tool, cmds);
		return say_end(POD_EXIT_OK);
	}
	if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "version") == 0) {
		printf("%s %s\n", tool, ENVPOD_VERSION);
		return say_end(POD_EXIT_OK);
	}
	if (strcmp(argv[1], "--complete") == 0) {
		for (; cmds->word; cmds++)
			printf("%s\t\t%s\n", cmds->word, cmds->help);
		return say_end(POD_EXIT_OK);
	}
	for (const struct cmd *c = cmds; c->word; c++)
		if (strcmp(argv[1], c->word) == 0)
			return say_end(c->run(argc - 1, argv + 1));
	near = nearest(argv[1], cmd_name, cmds);
	say_error("unknown command: %s%s%s%s", esc(argv[1]), near ? "; did you mean " : "",
		  near ? near : "", near ? "?" : "");
	return POD_EXIT_USAGE;
}

int opt_fd(uint64_t fd, int fallback)
{
	if (fd == UINT64_MAX)
		return fallback;
	if (fd > INT32_MAX || fcntl((int)fd, F_SETFD, FD_CLOEXEC) < 0)
		die(POD_EXIT_USAGE, "descriptor %llu is not open", (unsigned long long)fd);
	return (int)fd;
}

unsigned opt_fds(const char *list, int *fds, unsigned max)
{
	unsigned n = 0;

	while (list && n < max) {
		char *end;
		unsigned long long fd = strtoull(list, &end, 10);

		if (end == list || (*end && *end != ','))
			break;
		fds[n++] = opt_fd(fd, -1);
		if (!*end)
			return n;
		list = end + 1;
	}
	if (list)
		die(POD_EXIT_USAGE, "'%s': want at most %u descriptors, with commas", esc(list),
		    max);
	return 0;
}
