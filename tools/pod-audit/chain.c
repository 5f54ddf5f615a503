/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-audit/chain.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "libcommon/path.h"

void chain_init(struct chain *c, const char *pod)
{
	*c = (struct chain){0};
	snprintf(c->pod, sizeof(c->pod), "%s", pod);
	memset(c->hex, '0', 64);
}

/* The pod's name; it stands right behind the time (envpod-audit(5) fixes the first five keys). */
static bool pod_of(const struct line *l, char pod[64])
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

static bool check_pod(struct chain *c, const struct line *l, const char **kind, char why[256])
{
	char pod[64];

	*kind = "format";
	snprintf(why, 256, "is not an audit line: it does not begin with v, ts and pod");
	if (!pod_of(l, pod))
		return false;
	if (c->pod[0] == '\0')
		memcpy(c->pod, pod, sizeof(pod));
	*kind = "pod";
	snprintf(why, 256, "belongs to pod %s, this is the log of pod %s", esc(pod), esc(c->pod));
	return strcmp(pod, c->pod) == 0;
}

/* The chain covers the line without itself: `…,"seq":N}`. */
static void link_of(const struct chain *c, struct line *l, char out[RECORD_HEX])
{
	char *cut = l->text + l->len - RECORD_TAIL, kept = *cut;

	*cut = '}';
	record_chain(c->hex, l->text, l->len - RECORD_TAIL + 1, out);
	*cut = kept;
}

static bool check_seq(const struct chain *c, uint64_t seq, const char **kind, char why[256])
{
	uint64_t want = c->seq + 1;

	if (seq == want)
		return true;
	*kind = seq > want ? "gap" : "order";
	if (seq > want)
		snprintf(why, 256,
			 "has seq %" PRIu64 " where %" PRIu64 " was due: %" PRIu64
			 " event(s) before it are missing, or it was moved here",
			 seq, want, seq - want);
	else
		snprintf(why, 256,
			 "has seq %" PRIu64 " where %" PRIu64
			 " was due: it was repeated, inserted or moved here",
			 seq, want);
	return false;
}

bool chain_next(struct chain *c, struct line *l, const char **kind, char why[256])
{
	char said[RECORD_HEX], made[RECORD_HEX];
	uint64_t seq;

	*kind = l->long_ ? "long" : "torn";
	snprintf(why, 256,
		 l->long_ ? "is longer than a line may be"
			  : "is torn: it has no end (a crash; the next append cuts it off)");
	if (l->long_ || l->torn)
		return false;
	*kind = "format";
	snprintf(why, 256, "is not an audit line: it does not end with seq and chain");
	if (record_tail(l->text, l->len, &seq, said) < 0)
		return false;
	if (!check_pod(c, l, kind, why) || !check_seq(c, seq, kind, why))
		return false;
	link_of(c, l, made);
	*kind = "edited";
	snprintf(why, 256,
		 "does not fit the chain: it was edited, or put in place of another, or the log "
		 "before it was replaced");
	if (memcmp(made, said, 64) != 0)
		return false;
	c->seq = seq;
	memcpy(c->hex, made, sizeof(made));
	return true;
}
