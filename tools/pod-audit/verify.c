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
#include "tools/pod-audit/parts.h"
#include "tools/pod-audit/pod-audit.h"
#include "tools/pod-audit/source.h"

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

static void say_bad(const struct part *p, bool json)
{
	OWN_BUF struct buf b = BUF_INIT;

	if (!json) {
		printf("%s:%" PRIu64 ": %s\n", p->segment, p->number, p->fault.why);
		return;
	}
	jw_open(&b, '{');
	jw_kbool(&b, "ok", false);
	jw_kstr(&b, "segment", p->segment);
	jw_knum(&b, "line", (int64_t)p->number);
	jw_kstr(&b, "kind", p->fault.kind);
	jw_kstr(&b, "reason", p->fault.why);
	jw_close(&b, '}');
	puts(b.data);
}

static void say_good(const struct chain *c, bool json)
{
	OWN_BUF struct buf b = BUF_INIT;

	if (!json) {
		printf("%" PRIu64 " event(s), chain whole, head %" PRIu64 ":%s\n", c->seq, c->seq,
		       c->hex);
		return;
	}
	jw_open(&b, '{');
	jw_kbool(&b, "ok", true);
	jw_knum(&b, "lines", (int64_t)c->seq);
	jw_knum(&b, "seq", (int64_t)c->seq);
	jw_kstr(&b, "chain", c->hex);
	jw_close(&b, '}');
	puts(b.data);
}

/* The end of the log came: was the expected head on the way? */
static int conclude(struct part *last, const struct expected *x, bool seen, bool json)
{
	if (!x->given || x->seq == 0 || seen) {
		say_good(&last->chain, json);
		return POD_EXIT_OK;
	}
	last->fault.kind = "head";
	snprintf(last->fault.why, sizeof(last->fault.why),
		 "is the end of the log, and the head %" PRIu64
		 ":%.8s... was not in it: its end was "
		 "cut off, or it was replaced",
		 x->seq, x->hex);
	say_bad(last, json);
	return POD_EXIT_NO;
}

/* What the parts found, in the order of the log: only the first fault counts. */
static int judge(struct parts *parts, const struct expected *x, bool json)
{
	bool seen = false;

	for (size_t i = 0; i < parts->n; i++) {
		struct part *p = &parts->v[i];

		if (p->err.code)
			return say_err(&p->err);
		if (p->fault.kind) {
			say_bad(p, json);
			return POD_EXIT_NO;
		}
		seen |= p->seen;
	}
	return conclude(&parts->v[parts->n - 1], x, seen, json);
}

int cmd_verify(int argc, char **argv)
{
	OWN(source_finish) struct source s = SOURCE_INIT;
	OWN(parts_finish) struct parts parts = {0};
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
	parts_verify(&parts, &s, &x);
	return judge(&parts, &x, json);
}
