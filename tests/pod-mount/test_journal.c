/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-mount/journal.h"

#include "libcommon/own.h"
#include "tests/lib/tap.h"
#include "tools/pod-mount/undo_record.h"

#define HEAD "envpod-journal 1 undo\nundoes 20261122T101010Z-1\nfiles 2\nsite /srv/a b\n"
#define STEP "step put 0 100644 1 2 12 13 14 15 a\\nb\n"

static int parse(struct journal *j, const char *text)
{
	struct err e = {0};

	return journal_parse(j, text, strlen(text), &e);
}

static void test_whole(void)
{
	OWN_JOURNAL struct journal j = JOURNAL_INIT;

	ok(parse(&j, HEAD "start - 17\nlayer 0006a-1 5\n" STEP
			  "take 3\nplanned\nstaged 0 77 1 2\nprepared\n"
			  "left 0 77 4 5 6 100600\napplied\ndone\n") == 0,
	   "a whole journal");
	is_str(j.verb, "undo", "its kind");
	is_str(j.undoes, "20261122T101010Z-1", "what it takes back");
	is_int((int)j.files, 2, "files");
	is_str(j.steps[0].path, "a\nb", "a path with a newline");
	ok(j.steps[0].taken && j.steps[0].take == 3, "taken from the record");
	ok(j.steps[0].staged == 77 && j.steps[0].staged_size == 2, "staged");
	ok(j.steps[0].has_left && j.steps[0].left.ctime_ns == 4 && j.steps[0].left_mode == 0100600,
	   "left");
	ok(j.starts.n == 1 && !j.starts.v[0].id && j.starts.v[0].ns == 17, "start of the upper");
	is_str(j.layers.v[0].id, "0006a-1", "a layer");
	is_int(j.state, JOURNAL_DONE, "done");
}

static void test_from(void)
{
	OWN_JOURNAL struct journal j = JOURNAL_INIT;

	ok(parse(&j, "envpod-journal 1 commit\nsite /h\n" STEP "from 100600 7 8 00a1 a/b\\nc\n" STEP
		     "kept \nprune 0 - x\nplanned\n") == 0,
	   "one with layers");
	is_str(j.steps[0].layer, "00a1", "its layer");
	ok(!j.steps[0].kept && j.steps[1].kept, "a step whose layer keeps its entry");
	is_str(j.steps[0].raw, "a/b\nc", "the path in it");
	ok(j.nprunes == 1 && !j.prunes[0].layer, "an entry of the upper");
}

static void test_torn(void)
{
	OWN_JOURNAL struct journal j = JOURNAL_INIT;

	ok(parse(&j, HEAD STEP "planned\nprep") == 0, "a torn last line");
	is_int(j.state, JOURNAL_PLANNED, "is left out");
}

static void test_refused(void)
{
	static const char *const bad[] = {
		"envpod-journal 2 undo\n",
		HEAD "undoes ../../etc\n",
		HEAD "step put 1 0 0 0 0 0 0 0 a\n",
		HEAD "step put 0 0 0 0 0 0 0 0 ../a\n",
		HEAD "step put 0 0 0 0 0 0 0 0 /a\n",
		HEAD "step other 0 0 0 0 0 0 0 0 a\n",
		HEAD "step put 0 0 0 0 0 0 0 0 a/../b\n",
		HEAD "step put 0 100649 0 0 0 0 0 0 a\n", /* not octal */
		HEAD "from 0 0 0 - a\n",                  /* of no step */
		HEAD "staged 0 1 1 1\n",
		HEAD "prune 0 ../x a\n",
		HEAD "take 1\n",
		HEAD STEP "take 1\ntake 2\n",
		HEAD STEP "staged 1 1 1 1\n",
		HEAD STEP "left 1 1 1 1 1 1\n",
		HEAD STEP "from 0 0 0 ../../x a\n",
		HEAD "layer - 0\n",
		HEAD "dir 1 2 3 a\n",
		HEAD "time 0 2 3 ../a\n",
		HEAD "dirleft 0 1\n",
		HEAD "layer .. 0\n",
		"envpod-journal 1 commit\nsite /\n" STEP "take 1\n",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		OWN_JOURNAL struct journal j = JOURNAL_INIT;

		ok(parse(&j, bad[i]) < 0, "refused: number %zu", i);
	}
}

static void test_ids(void)
{
	char time[24];

	ok(undo_id_order("20261122T101010Z-2", "20261122T101010Z-10") < 0, "by number");
	ok(undo_id_order("20261122T101011Z-1", "20261122T101010Z-10") > 0, "after time");
	undo_id_time("20261122T101010Z-2", time);
	is_str(time, "2026-11-22T10:10:10Z", "time of an ID");
	ok(undo_is_id("20261122T101010Z-2") && !undo_is_id("../x") && !undo_is_id(""),
	   "form of an ID");
}

static void test_times(void)
{
	OWN_JOURNAL struct journal j = JOURNAL_INIT;

	ok(parse(&j, HEAD "time 0 5 6 a\nplanned\ndir 0 7 8 \nprepared\ndirleft 0 9\n") == 0,
	   "times of directories");
	ok(j.times.n == 1 && j.times.v[0].ino == 5 && j.times.v[0].ns == 6, "one to set");
	ok(j.dirs.n == 1 && j.dirs.v[0].has_left && j.dirs.v[0].left_ns == 9, "one as it was left");
	is_str(j.dirs.v[0].path, "", "the cover itself");
}

int main(void)
{
	test_times();
	test_whole();
	test_from();
	test_torn();
	test_refused();
	test_ids();
	return done_testing();
}
