/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "envpod/exit.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/say.h"
#include "tools/pod-audit/keyfile.h"
#include "tools/pod-audit/parts.h"
#include "tools/pod-audit/pod-audit.h"
#include "tools/pod-audit/source.h"
#include "tools/pod-audit/treehead.h"
#include "tools/pod-audit/verdict.h"

struct given {
	const char *key, *head;
	struct strv checkpoints;
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

/* What the parts found, in the order of the log, up to the first fault. */
static int sum_up(struct verdict *v, const struct parts *parts, struct err *e)
{
	bool seen = false;

	for (size_t i = 0; i < parts->n && !v->bad; i++) {
		const struct part *p = &parts->v[i];

		if (p->err.code) {
			*e = p->err;
			return -e->code;
		}
		v->bad = p->fault.kind ? p : NULL;
		v->lines += p->lines;
		v->sealed += p->sealed;
		v->checked += p->checked;
		spans_join(&v->unsealed, &p->unsealed);
		spans_join(&v->cut, &p->cut);
		seen |= p->seen;
	}
	v->head_missing = !v->bad && v->expected.given && v->expected.seq > 0 && !seen;
	return 0;
}

/* Where the end of the log is by audit/seal. */
static void compare_seal(struct verdict *v, const struct source *s, const struct seals *seals)
{
	uint64_t next = v->head.seq + 1;

	if (s->has_seal < 0)
		v->seal = "is damaged: nothing can be appended";
	else if (s->has_seal == 0 && s->at_home && v->sealed)
		v->seal = "is gone: what was cut off cannot be told, and lines to come are not "
			  "sealed";
	if (s->has_seal != 1)
		return;
	v->truncated = s->seal.index > next ? s->seal.index - next : 0;
	v->behind = s->seal.index < next ? next - s->seal.index : 0;
	/* Where no line says whose log it is, the key must be that of the number beside it. */
	if ((seals->found && s->seal.log != seals->log) ||
	    ((seals->found || (seals->have && v->sealed == 0 && !v->bad)) &&
	     !seals_lead_to(seals, &s->seal)))
		v->seal = "holds a key that is not this log's";
}

/* The last line, also of a log with a bad one. */
static bool find_head(struct verdict *v, const struct source *s, const struct parts *parts)
{
	if (!v->bad) {
		v->head = parts->v[parts->n - 1].chain.last;
		return true;
	}
	return s->n > 0 && source_head(s, s->n, &v->head) >= 0;
}

static int judge(struct verdict *v, const struct source *s, const struct parts *parts,
		 const struct seals *seals, struct err *e)
{
	if (sum_up(v, parts, e) < 0)
		return -e->code;
	v->log_known = seals->found;
	v->log = seals->log;
	v->must_be_sealed |= v->sealed > 0 || s->has_seal != 0;
	if (find_head(v, s, parts))
		compare_seal(v, s, seals);
	return 0;
}

/* The keys that were given, else, for this host's own logs, those that still lie here. */
static int take_keys(struct keyfile *keys, struct verdict *v, const struct source *s,
		     const char *file, struct err *e)
{
	bool given;

	if (file && keyfile_read(keys, file, e) < 0)
		return -e->code;
	given = keys->seals.have;
	if (s->at_home && ((!file && keyfile_host(keys, e) < 0) ||
			   (!keys->notes.n && keyfile_host_public(keys, e) < 0)))
		return -e->code;
	v->must_be_sealed = v->key_given = given;
	v->key = given ? "given" : keys->seals.have ? "on this host" : NULL;
	return 0;
}

/* Checkpoints kept elsewhere: which log they must be of is what seal and lines say. */
static int prove(struct verdict *v, struct source *s, const struct parts *parts,
		 const struct note_keys *keys, const struct strv *files, struct err *e)
{
	const char *pod = s->pod[0] ? s->pod : parts->v[0].chain.pod;
	bool known = v->log_known || s->has_seal == 1;
	char origin[NOTE_ORIGIN];

	treehead_origin(pod, known, v->log_known ? v->log : s->seal.log, origin);
	if (!known)
		strncat(origin, "/", sizeof(origin) - strlen(origin) - 1);
	if (proofs_read(&v->proofs, files, origin, keys, e) < 0)
		return -e->code;
	return proofs_check(&v->proofs, s, e);
}

static int verify(struct source *s, struct verdict *v, const struct given *given,
		  struct parts *parts, struct err *e)
{
	OWN(keyfile_finish) struct keyfile keys = {0};
	int r = take_keys(&keys, v, s, given->key, e);

	if (r < 0)
		return r;
	parts_verify(parts, s, &v->expected, &keys.seals);
	r = judge(v, s, parts, &keys.seals, e);
	if (r == 0 && s->at_home && keys.seals.have && s->pod[0])
		r = loglist_check(&v->list, &keys.seals, s->pod, e);
	if (r < 0 || given->checkpoints.n == 0)
		return r;
	return prove(v, s, parts, &keys.notes, &given->checkpoints, e);
}

int cmd_verify(int argc, char **argv)
{
	OWN(source_finish) struct source s = SOURCE_INIT;
	OWN(parts_finish) struct parts parts = {0};
	OWN(verdict_finish) struct verdict v = {0};
	struct given given = {0};
	struct err e = {0};
	int status = POD_EXIT_OK;
	bool json = false, archive = false;
	const struct opt opts[] = {
		{OPT_FLAG, 'j', "json", &json, NULL, "the answer as a JSON object"},
		{OPT_FLAG, 'a', "archive", &archive, NULL,
		 "POD is the name of a directory in the archive"},
		{OPT_STR, 'k', "key", &given.key, "FILE",
		 "the verification key, as key --take printed it; - is standard input"},
		{OPT_LIST, 'c', "checkpoint", &given.checkpoints, "FILE",
		 "the log must be the one that these checkpoints were made of"},
		{OPT_STR, 0, "expect", &given.head, "SEQ:CHAIN",
		 "the log must lead through this head, as printed earlier"},
		{0},
	};
	const struct opt_usage usage = {
		"pod-audit verify [OPTION]... POD|DIR|-",
		"Say whether an audit log is whole: status 0, or 1 and what is wrong.", 1, 1, 0};

	opt_parse(opts, &usage, argc, argv);
	if (sodium_init() < 0)
		die(POD_EXIT_FAILED, "start libsodium: it refuses");
	if (given.checkpoints.n && strcmp(argv[0], "-") == 0) {
		say_error("--checkpoint: standard input cannot be read twice; give a directory");
		status = POD_EXIT_USAGE;
	} else if (expected_parse(&v.expected, given.head, &e) < 0 ||
		   source_open(&s, argv[0], archive, &e) < 0 ||
		   verify(&s, &v, &given, &parts, &e) < 0) {
		status = say_err(&e);
	} else {
		verdict_print(&v, json);
		status = verdict_good(&v) ? POD_EXIT_OK : POD_EXIT_NO;
	}
	strv_finish(&given.checkpoints);
	return status;
}
