/* SPDX-License-Identifier: Apache-2.0 */
/* Where the certificate authority of a pod is seen in it, and who is told of it. */
#ifndef LIBCOMMON_TRUST_H
#define LIBCOMMON_TRUST_H

/* The authority alone: where update-ca-certificates looks, and where it would put a link. */
#define TRUST_ANCHOR "/usr/local/share/ca-certificates/envpod.crt"
extern const char *const trust_alone[]; /* the same, ended by NULL: not every pod has all of them */

/* Bundles of authorities, by distribution, none of them a symlink; ended by NULL. */
extern const char *const trust_bundles[];

/* Environment variables that make programs read a bundle, or (alone) one more authority. */
struct trust_variable {
	const char *name;
	enum trust_value { TRUST_THE_BUNDLE, TRUST_THE_ALONE, TRUST_SAYS } kind;
	const char *says;
};
extern const struct trust_variable trust_variables[]; /* ended by {0} */

#endif
