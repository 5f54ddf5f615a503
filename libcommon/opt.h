/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One table a command: parsing, --help, --complete (read by completions and by the man-page lint).
 * Both parsers end the program on wrong usage (status 64) and after --help (0): cmd_*() only.
 */
#ifndef LIBCOMMON_OPT_H
#define LIBCOMMON_OPT_H

#include <stdbool.h>
#include <stdint.h>

#include "libcommon/buf.h"

enum opt_kind {
	OPT_END,
	OPT_FLAG,  /* bool *to */
	OPT_OFF,   /* bool *to becomes false */
	OPT_STR,   /* const char **to */
	OPT_MAYBE, /* const char **to: -x, -xVALUE, --name, --name=VALUE; "" without one */
	OPT_LIST,  /* struct strv *to: may be given again */
	OPT_U64,   /* uint64_t *to */
	OPT_SIZE,  /* uint64_t *to, unit_size() */
};

struct opt {
	enum opt_kind kind;
	char letter;      /* 0: none */
	const char *name; /* long name */
	void *to;
	const char *arg; /* what --help calls the argument; NULL for flags */
	const char *help;
};

struct opt_usage {
	const char *line; /* "envpod diff [OPTION]... POD [PATH]..." */
	const char *text; /* one sentence for --help */
	int min, max;     /* positional arguments; max 0: any number */
	int stop; /* stop at this many positionals, so that a command keeps its options; 0: never */
};

/*
 * Parse argv[1..]: options may stand anywhere before "--".  The positional arguments are moved to
 * argv[0..n-1], argv[n] is NULL; returns n.
 */
int opt_parse(const struct opt *opts, const struct opt_usage *u, int argc, char **argv);

/*
 * A descriptor named by OPT_U64, UINT64_MAX where it was not: the fallback then.  It is closed on
 * exec from here on; one that is not open ends the program (64).
 */
int opt_fd(uint64_t fd, int fallback);
/* Several of them, "5,6,7", into fds[max], each as above; how many.  NULL: none. */
unsigned opt_fds(const char *list, int *fds, unsigned max);

struct cmd {
	const char *word;
	int (*run)(int argc, char **argv); /* argv[0] is the word; returns the exit status */
	const char *help;
};

/* Find argv[1] in the table (ended by {0}) and run it; knows --help, --version and --complete. */
int cmd_main(const char *tool, const struct cmd *cmds, int argc, char **argv);

/* The candidate nearest to word (at most two edits away), or NULL.  get(i) is NULL at the end. */
const char *nearest(const char *word, const char *(*get)(const void *from, int i),
		    const void *from);

#endif
