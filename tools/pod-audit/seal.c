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
