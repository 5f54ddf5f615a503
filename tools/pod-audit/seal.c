/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-audit/seal.h"

#include <sodium/utils.h>
#include <string.h>

void seals_finish(struct seals *s)
{
	sodium_memzero(s, sizeof(*s));
}

static void next_host(unsigned char host[LOGSEAL_KEY])
{
	logseal_derive(host, "envpod-seal-host", host);
}

void seals_host(const struct seals *s, uint64_t log, unsigned char out[LOGSEAL_KEY])
{
	memcpy(out, s->host, LOGSEAL_KEY);
	while (log-- > 0)
		next_host(out);
}

static bool try(struct seals *s, const unsigned char host[LOGSEAL_KEY], uint64_t log,
		const struct record_tail *line)
{
	OWN_LOGSEAL struct logseal made;
	char seal[LOGSEAL_HEX];

	if (line->seq > SEAL_LINES_MAX)
		return false;
	logseal_derive(host, "envpod-seal-log", s->root);
	logseal_begin(&made, s->root, log);
	logseal_seek(&made, line->seq);
	if (made.index != line->seq)
		return false;
	logseal_line(&made, line->chain, seal);
	s->log = log;
	s->found = strcmp(seal, line->seal) == 0;
	return s->found;
}

bool seals_lead_to(const struct seals *s, const struct logseal *seal)
{
	OWN_LOGSEAL struct logseal made = {0};
	unsigned char root[LOGSEAL_KEY];
	bool same;

	if (seal->log >= SEAL_LOGS_MAX || seal->index > SEAL_LINES_MAX)
		return false;
	seals_host(s, seal->log, root);
	logseal_derive(root, "envpod-seal-log", root);
	logseal_begin(&made, root, seal->log);
	logseal_seek(&made, seal->index);
	same = made.index == seal->index &&
	       sodium_memcmp(made.line, seal->line, LOGSEAL_KEY) == 0 &&
	       sodium_memcmp(made.epoch, seal->epoch, LOGSEAL_KEY) == 0;
	sodium_memzero(root, sizeof(root));
	return same;
}

bool seals_find(struct seals *s, const struct record_tail *line, uint64_t hint)
{
	unsigned char host[LOGSEAL_KEY];

	if (s->found || !s->have)
		return s->found;
	if (hint < SEAL_LOGS_MAX) {
		seals_host(s, hint, host);
		if (try(s, host, hint, line))
			return true;
	}
	/* A line far into its log costs too much to try with every key there is. */
	memcpy(host, s->host, LOGSEAL_KEY);
	for (uint64_t log = 0; log < SEAL_TRIES && line->seq < LOGSEAL_EPOCH; log++) {
		if (try(s, host, log, line))
			return true;
		next_host(host);
	}
	return false;
}
