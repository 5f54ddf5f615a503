/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/tap.h"
#include "tools/pod-mount/journal.h"

static int parse(struct journal *j, const char *text)
{
	struct err e = {0};

	return journal_parse(j, text, strlen(text), &e);
}

static void refused(const char *line)
{
	OWN_JOURNAL struct journal j = JOURNAL_INIT;
	char text[512];

	snprintf(text, sizeof(text), "envpod-journal 1 commit\nsite /\n%s\n", line);
	ok(parse(&j, text) < 0, "refused: %s", line);
}

static void whole(void)
{
	OWN_JOURNAL struct journal j = JOURNAL_INIT;

	ok(parse(&j,
		 "envpod-journal 1 commit\nsite /h\nstep put 0 100644 1 2 3 4 5 6 a/b\\nc\n"
		 "from 100600 7 8 L1 a/b\\nc\nprune 0 - x\nplanned\nstaged 0 99\nprepared\n") == 0,
	   "a journal is read");
	is_str(j.steps[0].path, "a/b\nc", "its path is unescaped");
	is_str(j.steps[0].layer, "L1", "its layer");
	is_int((intmax_t)j.steps[0].staged, 99, "its staged inode");
	is_int(j.state, JOURNAL_PREPARED, "its state");
}

static void torn(void)
{
	OWN_JOURNAL struct journal j = JOURNAL_INIT;

	ok(parse(&j, "envpod-journal 1 commit\nsite /\nplanned\nprepa") == 0, "a torn line");
	is_int(j.state, JOURNAL_PLANNED, "counts for nothing");
}

int main(void)
{
	whole();
	torn();
	refused("step put 1 100644 0 0 0 0 0 0 a"); /* no such site */
	refused("step put 0 100644 0 0 0 0 0 0 ../a");
	refused("step put 0 100644 0 0 0 0 0 0 a/../b");
	refused("step put 0 100644 0 0 0 0 0 0 /a");
	refused("step chmod 0 100644 0 0 0 0 0 0 a");
	refused("step put 0 100649 0 0 0 0 0 0 a"); /* not octal */
	refused("from 0 0 0 - a");                  /* of no step */
	refused("staged 0 1");
	refused("prune 0 ../x a");
	return done_testing();
}
