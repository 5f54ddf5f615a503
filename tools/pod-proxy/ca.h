/* SPDX-License-Identifier: Apache-2.0 */
/* The certificate authority of a pod, pods/NAME/ca/{crt,key,issuer,hash}, and those below it. */
#ifndef POD_PROXY_CA_H
#define POD_PROXY_CA_H

#include <stdbool.h>

#include "libcommon/pod.h"

/*
 * The pod has one afterwards, that is good for 90 days at least; anew: another one.  key is PKCS#8
 * (0600), crt PEM, issuer the key of the authorities of single hosts (issuers.h), which are those
 * of policy/proxy afterwards; hash OpenSSL's of the subject's name, as files in /etc/ssl/certs are
 * called, and a newline.
 */
int ca_settle(const struct pod *p, bool anew, struct err *e);

#endif
