/* SPDX-License-Identifier: Apache-2.0 */
/* Keys follow from each other within an epoch; so of four epochs they are made side by side. */
#include "tools/pod-audit/keystream.h"

#include <sodium/utils.h>
#include <string.h>

void keystream_init(struct keystream *k, const unsigned char root[LOGSEAL_KEY])
{
	memcpy(k->root, root, LOGSEAL_KEY);
	memcpy(k->epoch, root, LOGSEAL_KEY);
	k->at = 0;
	k->block = UINT64_MAX;
}

void keystream_finish(struct keystream *k)
{
	sodium_memzero(k, sizeof(*k));
}

static void next_epoch(struct keystream *k)
{
	logseal_derive(k->epoch, "envpod-seal-epoch", k->epoch);
	k->at++;
}

static void seek(struct keystream *k, uint64_t epoch)
{
	if (epoch < k->at) {
		memcpy(k->epoch, k->root, LOGSEAL_KEY);
		k->at = 0;
	}
	while (k->at < epoch)
		next_epoch(k);
}

static void make_block(struct keystream *k, uint64_t block)
{
	static const char word[] = "envpod-seal-next";
	struct lane_keyed v[LANES];

	seek(k, block * LANES);
	for (size_t i = 0; i < LANES; i++, next_epoch(k)) {
		logseal_derive(k->epoch, "envpod-seal-line", v[i].made);
		v[i].text = word;
		v[i].len = sizeof(word) - 1;
	}
	for (size_t n = 0; n < LOGSEAL_EPOCH; n++) {
		for (size_t i = 0; i < LANES; i++) {
			memcpy(k->key[i * LOGSEAL_EPOCH + n], v[i].made, LOGSEAL_KEY);
			memcpy(v[i].key, v[i].made, LOGSEAL_KEY);
		}
		lanes_keyed(v, LANES, LOGSEAL_KEY);
	}
	sodium_memzero(v, sizeof(v));
	k->block = block;
}

const unsigned char *keystream_key(struct keystream *k, uint64_t seq)
{
	if (seq / KEYSTREAM_BLOCK != k->block)
		make_block(k, seq / KEYSTREAM_BLOCK);
	return k->key[seq % KEYSTREAM_BLOCK];
}
