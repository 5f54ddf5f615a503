/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "envpod/exit.h"
#include "libcommon/buf.h"
#include "libcommon/jsonw.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/say.h"
#include "tools/pod-audit/chain.h"
#include "tools/pod-audit/pod-audit.h"
#include "tools/pod-audit/source.h"

/* A head somebody wrote down earlier: the log must still lead through it. */
struct expected {
	bool given, seen;
	uint64_t seq;
	char hex[RECORD_HEX];
};

static int expected_parse(struct expected *x, const char *s, struct err *e)
{
	int end = 0;

	if (!s)
		return 0;
	x->given = true;
	if (sscanf(s, "%18" SCNu64 ":%64[0-9a-f]%n", &x->seq, x->hex, &end) == 2 &&
	    strlen(x->hex) == 64 && s[end] == '\0')
		return 0;
	return err_status(e, POD_EXIT_USAGE, ERR_PLAIN,
			  "'%s' is not a head: give SEQ:CHAIN as verify printed it", esc(s));
}

static void say_bad(const struct line *l, const struct fault *f, bool json)
{
	OWN_BUF struct buf b = BUF_INIT;

	if (!json) {
		printf("%s:%" PRIu64 ": %s\n", l->segment, l->number, f->why);
		return;
	}
	jw_open(&b, '{');
	jw_kbool(&b, "ok", false);
	jw_kstr(&b, "segment", l->segment);
	jw_knum(&b, "line", (int64_t)l->number);
	jw_kstr(&b, "kind", f->kind);
	jw_kstr(&b, "reason", f->why);
	jw_close(&b, '}');
	puts(b.data);
}

static void say_good(const struct chain *c, uint64_t lines, bool json)
{
	OWN_BUF struct buf b = BUF_INIT;

	if (!json) {
		printf("%" PRIu64 " event(s), chain whole, head %" PRIu64 ":%s\n", lines, c->seq,
		       c->hex);
		return;
	}
	jw_open(&b, '{');
	jw_kbool(&b, "ok", true);
	jw_knum(&b, "lines", (int64_t)lines);
	jw_knum(&b, "seq", (int64_t)c->seq);
	jw_kstr(&b, "chain", c->hex);
	jw_close(&b, '}');
	puts(b.data);
}

/* The end of the log came: was the expected head on the way? */
static int conclude(const struct chain *c, const struct expected *x, uint64_t lines,
		    const struct line *last, bool json)
{
	struct fault f = {.kind = "head"};

	if (!x->given || x->seen) {
		say_good(c, lines, json);
		return POD_EXIT_OK;
	}
	snprintf(f.why, sizeof(f.why),
		 "is the end of the log, and the head %" PRIu64
		 ":%.8s… was not in it: its end was cut off, or it was replaced",
		 x->seq, x->hex);
	say_bad(last, &f, json);
	return POD_EXIT_NO;
}

static int verify(struct source *s, struct expected *x, bool json)
{
	struct err e = {0};
	struct chain c;
	struct line *l = &s->line;
	struct fault f;
	uint64_t lines = 0;
	int r;

	chain_init(&c, s->pod);
	x->seen = x->given && x->seq == 0;
	while ((r = source_next(s, &l, &e)) > 0) {
		if (!chain_next(&c, l, &f)) {
			say_bad(l, &f, json);
			return POD_EXIT_NO;
		}
		lines++;
		if (x->given && c.seq == x->seq && strcmp(c.hex, x->hex) == 0)
			x->seen = true;
	}
	return r < 0 ? say_err(&e) : conclude(&c, x, lines, l, json);
}

int cmd_verify(int argc, char **argv)
{
	OWN(source_finish) struct source s = SOURCE_INIT;
	struct expected x = {0};
	struct err e = {0};
	const char *head = NULL;
	bool json = false, archive = false;
	const struct opt opts[] = {
		{OPT_FLAG, 'j', "json", &json, NULL, "the answer as a JSON object"},
		{OPT_FLAG, 'a', "archive", &archive, NULL,
		 "POD is the name of a directory in the archive"},
		{OPT_STR, 0, "expect", &head, "SEQ:CHAIN",
		 "the log must lead through this head, as printed earlier"},
		{0},
	};
	const struct opt_usage usage = {
		"pod-audit verify [OPTION]... POD|DIR|-",
		"Say whether an audit log is whole: status 0, or 1 and its first bad line.", 1, 1,
		0};

	opt_parse(opts, &usage, argc, argv);
	if (sodium_init() < 0)
		die(POD_EXIT_FAILED, "start libsodium: it refuses");
	if (expected_parse(&x, head, &e) < 0 || source_open(&s, argv[0], archive, &e) < 0)
		return say_err(&e);
	return verify(&s, &x, json);
}
