/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The values of keys, as pod-vault feeds them:
 *	secret KEY LENGTH\nVALUE\n      as often as there are
 *	locked REASON\n                 the vault cannot be opened
 *	end\n
 */
#ifndef POD_PROXY_SECRETS_H
#define POD_PROXY_SECRETS_H

#include <stdbool.h>
#include <stddef.h>

#define SECRETS_MAX  (1024 * 1024) /* bytes of a feed */
#define SECRETS_KEYS 1024
#define SECRETS_KEY  128 /* bytes of a name */
#define SECRETS_WHY  200 /* bytes of a reason */

struct secret {
	const char *key, *value; /* both end with a NUL */
	size_t len;
};

struct secrets {
	char *text; /* SECRETS_MAX bytes, locked, with guard pages around */
	size_t len;
	struct secret *v;
	size_t n;
	const char *locked; /* why the vault is; NULL: it is not */
};

/* Memory for a feed; -ENOMEM. */
int secrets_open(struct secrets *s);
/* Wiped. */
void secrets_finish(struct secrets *s);

/* Read what has come of a feed into s.  0: that was all, and s is set.  -EAGAIN: there is more to
 * come.  -EBADMSG: no feed, or it ended too early; -errno. */
int secrets_read(struct secrets *s, int fd);
/* text[0..len) is a feed, or the beginning of one: as secrets_read(). */
int secrets_parse(struct secrets *s);

/* NULL: there is none. */
const char *secrets_get(const struct secrets *s, const char *key, size_t *len);
/* It has no value from now on. */
void secrets_forget(struct secrets *s, const char *key);

#endif
