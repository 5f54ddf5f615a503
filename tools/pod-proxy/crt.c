/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-proxy/crt.h"

#include <openssl/rand.h>

bool crt_number(X509 *crt)
{
	unsigned char bytes[16];
	BIGNUM *n;
	bool done;

	if (RAND_bytes(bytes, sizeof(bytes)) != 1)
		return false;
	bytes[0] = (bytes[0] & 0x7f) | 0x40;
	n = BN_bin2bn(bytes, sizeof(bytes), NULL);
	done = n && BN_to_ASN1_INTEGER(n, X509_get_serialNumber(crt));
	BN_free(n);
	return done;
}

bool crt_extend(X509 *crt, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *ext;
	bool done;

	X509V3_set_ctx_nodb(&ctx);
	X509V3_set_ctx(&ctx, issuer, crt, NULL, NULL, 0);
	ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	done = ext && X509_add_ext(crt, ext, -1) == 1;
	X509_EXTENSION_free(ext);
	return done;
}
