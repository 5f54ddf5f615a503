/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-audit/verdict.h"

#include <inttypes.h>
#include <stdio.h>

#include "libcommon/buf.h"
#include "libcommon/jsonw.h"
#include "libcommon/path.h"

void verdict_finish(struct verdict *v)
{
	proofs_finish(&v->proofs);
}

static bool lacks_seals(const struct verdict *v)
{
	return v->must_be_sealed && v->unsealed.lines > 0;
}

/* Another log in the place of the pod's: unless a checkpoint from elsewhere proves that it is its.
 */
static bool lacks_logs(const struct verdict *v)
{
	return v->key_given && (v->list.fault || v->list.missing.n) &&
	       proofs_anchored(&v->proofs) == 0;
}

/* In one word, the worst first; NULL: it is whole. */
static const char *kind(const struct verdict *v)
{
	if (v->bad)
		return v->bad->fault.kind;
	if (v->head_missing)
		return "head";
	if (v->truncated)
		return "cut_off";
	if (!proofs_hold(&v->proofs))
		return "checkpoint";
	if (v->cut.lines)
		return "lost";
	if (lacks_seals(v))
		return "unsealed";
	if (v->seal)
		return "seal_file";
	return lacks_logs(v) ? "missing" : NULL;
}

bool verdict_good(const struct verdict *v)
{
	return !kind(v);
}

/* --- for people --- */

static void say_chain(const struct verdict *v)
{
	if (v->bad)
		printf("%s:%" PRIu64 ": %s\n", v->bad->segment, v->bad->number, v->bad->fault.why);
	else
		printf("%" PRIu64 " event(s), chain whole, head %" PRIu64 ":%s\n", v->lines,
		       v->head.seq, v->head.chain);
}

static void say_ends(const struct verdict *v)
{
	OWN_BUF struct buf b = BUF_INIT;

	if (v->truncated)
		printf("cut off: %" PRIu64 " event(s) behind %" PRIu64
		       " are gone; the seal is ahead of the log\n",
		       v->truncated, v->head.seq);
	if (v->cut.lines) {
		spans_text(&v->cut, &b);
		printf("lost: %" PRIu64 " event(s), %s: log_cut events say so\n", v->cut.lines,
		       b.data);
	}
	if (v->head_missing)
		printf("the head %" PRIu64 ":%.8s... was not in it: its end was cut off, or it was "
		       "replaced\n",
		       v->expected.seq, v->expected.hex);
}

static void say_seals(const struct verdict *v)
{
	OWN_BUF struct buf b = BUF_INIT;

	if (v->checked && !v->bad)
		printf("seals right: %" PRIu64 ", by the verification key %s; log %" PRIu64 "\n",
		       v->checked, v->key, v->log);
	else if (v->sealed && !v->key)
		printf("seals not checked: %" PRIu64 ", there is no verification key here\n",
		       v->sealed);
	if (lacks_seals(v)) {
		spans_text(&v->unsealed, &b);
		printf("unsealed: %" PRIu64 " event(s), %s\n", v->unsealed.lines, b.data);
	}
	if (v->seal)
		printf("the file audit/seal %s\n", v->seal);
	if (v->behind)
		printf("the seal is %" PRIu64 " event(s) behind, as a crash leaves it\n",
		       v->behind);
}

static void say_list(const struct verdict *v)
{
	OWN_BUF struct buf b = BUF_INIT;

	if (v->list.fault)
		printf("the host's list of logs, keys/audit/logs, %s\n", v->list.fault);
	if (!v->list.missing.n)
		return;
	spans_text(&v->list.missing, &b);
	printf("other logs of this pod are neither here nor in the archive: %s; this one was begun "
	       "later, or is in the place of one\n",
	       b.data);
}

static void say_proofs(const struct verdict *v)
{
	const struct proofs *p = &v->proofs;
	uint64_t anchored = proofs_anchored(p);

	for (size_t i = 0; i < p->n; i++)
		if (p->v[i].fault)
			printf("checkpoint of %" PRIu64 " event(s), %s: %s\n", p->v[i].size,
			       esc(p->v[i].file), p->v[i].fault);
	if (p->n)
		printf("anchored: the first %" PRIu64 " event(s); %" PRIu64
		       " behind them are not\n",
		       anchored, p->lines - anchored);
}

static void say(const struct verdict *v)
{
	say_chain(v);
	say_ends(v);
	say_seals(v);
	say_list(v);
	say_proofs(v);
}

/* --- for programs --- */

static void put_chain(const struct verdict *v, struct buf *b)
{
	if (v->bad) {
		jw_kstr(b, "segment", v->bad->segment);
		jw_knum(b, "line", (int64_t)v->bad->number);
		jw_kstr(b, "reason", v->bad->fault.why);
		return;
	}
	jw_knum(b, "lines", (int64_t)v->lines);
	jw_knum(b, "seq", (int64_t)v->head.seq);
	jw_kstr(b, "chain", v->head.chain);
}

static void put_spans(struct buf *b, const char *key, const struct spans *s)
{
	jw_key(b, key);
	spans_json(s, b);
}

static void put_seals(const struct verdict *v, struct buf *b)
{
	jw_key(b, "seals");
	jw_open(b, '{');
	jw_knum(b, "lines", (int64_t)v->sealed);
	jw_knum(b, "checked", (int64_t)v->checked);
	if (v->key)
		jw_kstr(b, "key", v->key);
	if (v->log_known)
		jw_knum(b, "log", (int64_t)v->log);
	put_spans(b, "unsealed", &v->unsealed);
	if (v->seal)
		jw_kstr(b, "fault", v->seal);
	jw_knum(b, "behind", (int64_t)v->behind);
	jw_close(b, '}');
}

static void put_proofs(const struct verdict *v, struct buf *b)
{
	const struct proofs *p = &v->proofs;

	if (p->n == 0)
		return;
	jw_key(b, "checkpoints");
	jw_open(b, '[');
	for (size_t i = 0; i < p->n; i++) {
		jw_open(b, '{');
		jw_kstr(b, "file", p->v[i].file);
		jw_knum(b, "size", (int64_t)p->v[i].size);
		jw_kbool(b, "ok", !p->v[i].fault);
		if (p->v[i].fault)
			jw_kstr(b, "reason", p->v[i].fault);
		jw_close(b, '}');
	}
	jw_close(b, ']');
	jw_knum(b, "anchored", (int64_t)proofs_anchored(p));
	jw_knum(b, "unanchored", (int64_t)(p->lines - proofs_anchored(p)));
}

static void put(const struct verdict *v)
{
	OWN_BUF struct buf b = BUF_INIT;

	jw_open(&b, '{');
	jw_kbool(&b, "ok", verdict_good(v));
	if (kind(v))
		jw_kstr(&b, "kind", kind(v));
	put_chain(v, &b);
	jw_knum(&b, "cut_off", (int64_t)v->truncated);
	put_spans(&b, "lost", &v->cut);
	if (v->expected.given)
		jw_kbool(&b, "head_found", !v->head_missing);
	put_seals(v, &b);
	put_spans(&b, "missing_logs", &v->list.missing);
	if (v->list.fault)
		jw_kstr(&b, "list_fault", v->list.fault);
	put_proofs(v, &b);
	jw_close(&b, '}');
	puts(b.data);
}

void verdict_print(const struct verdict *v, bool json)
{
	if (json)
		put(v);
	else
		say(v);
}
