/* SPDX-License-Identifier: Apache-2.0 */
/* What a pod's authority and the certificates that it signs are made of alike. */
#ifndef POD_PROXY_CRT_H
#define POD_PROXY_CRT_H

#include <openssl/x509v3.h>
#include <stdbool.h>

/* 128 random bits, positive: of two certificates none has the other's number. */
bool crt_number(X509 *crt);
/* Add the extension "nid: value" (as in openssl.cnf), issuer being who signs. */
bool crt_extend(X509 *crt, X509 *issuer, int nid, const char *value);

#endif
