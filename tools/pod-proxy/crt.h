/* SPDX-License-Identifier: Apache-2.0 */
/* What the certificates that we make have in common: an authority's and a leaf's. */
#ifndef POD_PROXY_CRT_H
#define POD_PROXY_CRT_H

#include <openssl/x509.h>
#include <stdbool.h>

/* A certificate and the key it speaks for; key may be NULL. */
struct pair {
	X509 *crt;
	EVP_PKEY *key;
};

void pair_finish(struct pair *p);
/* PEM files of a directory.  False where one is not there, or they do not belong together. */
bool pair_load(struct pair *p, int dir, const char *crt, const char *key);
/* A key alone; NULL: none is there. */
EVP_PKEY *crt_key(int dir, const char *name);

/* 128 random bits, positive: of two certificates of one issuer none has the other's. */
bool crt_number(X509 *crt);
/* issuer: crt itself where it signs itself. */
bool crt_extend(X509 *crt, X509 *issuer, int nid, const char *value);

#endif
