/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-audit/chain.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libcommon/buf.h"
#include "libcommon/own.h"
#include "libcommon/path.h"

#define CUT_MAX 1000000000 /* lines that may be lost at once: their keys must be passed over */

void chain_init(struct chain *c, const char *pod)
{
	*c = (struct chain){0};
	snprintf(c->pod, sizeof(c->pod), "%s", pod);
	memset(c->last.chain, '0', RECORD_HEX - 1);
}

/* The pod's name; it stands right behind the time (envpod-audit(5) fixes the first five keys). */
bool chain_pod(const struct line *l, char pod[64])
{
	static const char key[] = "\",\"pod\":\"";
	const char *p = memmem(l->text, l->len < 128 ? l->len : 128, key, sizeof(key) - 1);
	const char *end = l->text + l->len, *quote;

	if (!p || l->len < 8 || memcmp(l->text, "{\"v\":1,\"", 8) != 0)
		return false;
	p += sizeof(key) - 1;
	quote = memchr(p, '"', (size_t)(end - p));
	if (!quote || quote - p > 63 || quote == p)
		return false;
	memcpy(pod, p, (size_t)(quote - p));
	pod[quote - p] = '\0';
	return true;
}

/* Nothing is formatted while all is well: verify passes here a million times a second. */
__attribute__((format(printf, 2, 3))) static bool bad(struct fault *f, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(f->why, sizeof(f->why), fmt, ap);
	va_end(ap);
	return false;
}

static bool check_shape(const struct line *l, struct fault *f)
{
	f->kind = l->long_ ? "long" : "torn";
	if (l->long_)
		return bad(f, "is longer than a line may be");
	if (l->torn)
		return bad(f, "is torn: it has no end (a crash; the next append cuts it off)");
	return true;
}

/* Not by esc(), whose buffers are the process's: verify has threads. */
static bool wrong_pod(struct fault *f, const char *pod, const char *want)
{
	OWN_BUF struct buf said = BUF_INIT, wanted = BUF_INIT;

	buf_esc(&said, pod);
	buf_esc(&wanted, want);
	return bad(f, "belongs to pod %s, this is the log of pod %s", said.data, wanted.data);
}

static bool check_pod(struct chain *c, const struct line *l, struct fault *f)
{
	char pod[64];

	f->kind = "format";
	if (!chain_pod(l, pod))
		return bad(f, "is not an audit line: it does not begin with v, ts and pod");
	if (c->pod[0] == '\0')
		memcpy(c->pod, pod, sizeof(pod));
	f->kind = "pod";
	return strcmp(pod, c->pod) == 0 || wrong_pod(f, pod, c->pod);
}

/*
 * A writer whose seal was ahead of the log says how many lines are gone, and leaves their numbers
 * out: right behind the pod stands what record.c has put there.
 */
static uint64_t lines_cut(const struct chain *c, const struct line *l)
{
	OWN_FREE char *want = xfmt(
		"\",\"pod\":\"%s\",\"src\":\"audit\",\"event\":\"log_cut\",\"lines\":", c->pod);
	const char *p = memmem(l->text, l->len < 256 ? l->len : 256, want, strlen(want));

	return p ? strtoull(p + strlen(want), NULL, 10) : 0;
}

static bool check_seq(struct chain *c, const struct line *l, uint64_t seq, struct fault *f)
{
	uint64_t want = c->last.seq + 1;

	c->cut = seq > want && seq - want <= CUT_MAX ? lines_cut(c, l) : 0;
	if (seq > want && c->cut == seq - want)
		return true;
	f->kind = seq > want ? "gap" : "order";
	if (seq > want)
		return bad(f,
			   "has seq %" PRIu64 " where %" PRIu64 " was due: %" PRIu64
			   " event(s) before it are missing, or it was moved here",
			   seq, want, seq - want);
	if (seq < want)
		return bad(f,
			   "has seq %" PRIu64 " where %" PRIu64
			   " was due: it was repeated, inserted or moved here",
			   seq, want);
	return true;
}

bool chain_place(struct chain *c, const struct line *l, struct fault *f)
{
	struct record_tail said;

	if (!check_shape(l, f))
		return false;
	f->kind = "format";
	if (record_tail(l->text, l->len, &said) < 0)
		return bad(f, "is not an audit line: it does not end with seq and chain");
	if (!check_pod(c, l, f) || !check_seq(c, l, said.seq, f))
		return false;
	c->last = said;
	return true;
}

bool chain_fits(const char *said, const char *made, struct fault *f)
{
	f->kind = "edited";
	return memcmp(made, said, RECORD_HEX - 1) == 0 ||
	       bad(f, "does not fit the chain: it was edited, or put in place of another, "
		      "or the log before it was replaced");
}

bool chain_sealed(const char *said, const char *made, struct fault *f)
{
	f->kind = "seal";
	return memcmp(made, said, LOGSEAL_HEX - 1) == 0 ||
	       bad(f, "fits the chain, but its seal is not that of its time: the log was written "
		      "anew from here on, by somebody who did not have the key");
}

/* The chain covers the line without its end: `…,"seq":N}`. */
static void link_of(const char prev[RECORD_HEX], struct line *l, size_t tail, char out[RECORD_HEX])
{
	char *cut = l->text + l->len - tail, kept = *cut;

	*cut = '}';
	record_chain(prev, l->text, l->len - tail + 1, out);
	*cut = kept;
}

bool chain_next(struct chain *c, struct line *l, struct fault *f)
{
	struct chain next = *c;
	char made[RECORD_HEX];

	if (!chain_place(&next, l, f))
		return false;
	link_of(c->last.chain, l, next.last.size, made);
	if (!chain_fits(next.last.chain, made, f))
		return false;
	*c = next;
	return true;
}
