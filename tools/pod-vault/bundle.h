/* SPDX-License-Identifier: Apache-2.0 */
/* Secrets sealed by a passphrase, for another machine: envpod-vault(5). */
#ifndef POD_VAULT_BUNDLE_H
#define POD_VAULT_BUNDLE_H

#include "tools/pod-vault/dotenv.h"

#define BUNDLE_MAX (SEAL_INDEX_MAX + 4096)

/* The text inside, and back; -EINVAL (78). */
int bundle_format(const struct puts *p, struct secret *text, struct err *e);
int bundle_parse(struct puts *p, const char *text, size_t len, struct err *e);

int bundle_seal(const struct puts *p, const struct secret *passphrase, struct buf *out,
		struct err *e);
int bundle_open(struct puts *p, const void *data, size_t len, const struct secret *passphrase,
		struct err *e);

#endif
