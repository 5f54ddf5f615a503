/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between a pod's authority and the leaves: one authority for each intercepted host, which can sign
 * for that name and what is below it and for nothing else (name constraints, critical).  The
 * injector has their key and not the pod's: what it could be made to sign, or what leaks of it, is
 * believed by nobody for any other host.
 *
 * They all have one key, pods/NAME/ca/issuer, and stand in policy/issuers:
 *	envpod-issuers 1
 *	domain NAME, and its certificate in PEM
 *	end
 */
#ifndef POD_PROXY_ISSUERS_H
#define POD_PROXY_ISSUERS_H

#include "libcommon/pod.h"
#include "tools/pod-proxy/crt.h"

#define ISSUERS_KEY "issuer" /* in pods/NAME/ca */

/*
 * Make policy/issuers that of the hosts of policy/proxy, signed by root; what is that already is
 * left alone.  Nothing where the pod has no policy.  By root, under the authority's lock.
 */
int issuers_settle(const struct pod *p, const struct pair *root, EVP_PKEY *key, struct err *e);

/* The one that can sign for this name, of the file in the directory `policy`; NULL: none.  The
 * caller frees it. */
X509 *issuers_find(int policy, const char *name);
/* Are those of the file of another key than this? */
bool issuers_others(int policy, EVP_PKEY *key);

#endif
