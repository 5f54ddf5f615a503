/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Elements of the pod's two pin sets, by netlink.  A batch is applied whole or not at all, before
 * nft_send() returns.
 */
#ifndef POD_DNS_NFT_H
#define POD_DNS_NFT_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NFT_BATCH_MAX 32768

struct nft_batch {
	uint8_t data[NFT_BATCH_MAX] __attribute__((aligned(4)));
	size_t len;
	unsigned messages; /* between begin and end */
	uint32_t seq;
	bool is_full;
};

void nft_begin(struct nft_batch *b);
void nft_add(struct nft_batch *b, const struct in6_addr *a, uint16_t port, uint64_t timeout_ms);
/* may_be_gone: content when it is not there (Linux 6.3). */
void nft_delete(struct nft_batch *b, const struct in6_addr *a, uint16_t port, bool may_be_gone);
/* 0, or the first -errno the kernel gave: then nothing of the batch was done. */
int nft_send(int fd, struct nft_batch *b);

#endif
