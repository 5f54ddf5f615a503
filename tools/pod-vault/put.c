/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-vault/put.h"

#include <string.h>
#include <time.h>

#include "envpod/exit.h"
#include "libcommon/own.h"
#include "tools/pod-vault/feed.h"
#include "tools/pod-vault/store.h"

int put_check(const char *key, const struct secret *value, struct err *e)
{
	const char *fault = value->len == 0                         ? "is empty"
			    : value->len > SEAL_VALUE_MAX           ? "is longer than 64 KiB"
			    : memchr(value->data, '\0', value->len) ? "holds a NUL byte"
								    : NULL;

	if (!fault)
		return 0;
	return err_status(e, POD_EXIT_USAGE, ERR_PLAIN, "the value of %s %s", key, fault);
}

static int check_new(const struct scope *s, const struct put *puts, size_t n, bool overwrite,
		     struct err *e)
{
	for (size_t i = 0; i < n; i++)
		if (!overwrite && scope_find(s, puts[i].key))
			return err_status(e, POD_EXIT_REFUSED, ERR_PLAIN,
					  "%s has a secret %s already (--overwrite replaces it); "
					  "nothing was changed",
					  s->name, puts[i].key);
	return 0;
}

static int stage(struct target *t, struct scope *s, const struct put *puts, size_t n, struct err *e)
{
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++) {
		struct entry *entry = scope_set(s, puts[i].key, time(NULL), e);

		r = entry ? store_stage(t->dir, s, entry, &puts[i].value, e) : -ENOSPC;
	}
	return r;
}

static int record(const struct target *t, const struct vault *v, const struct put *puts, size_t n,
		  struct err *e)
{
	OWN_STRV struct strv keys = {0};

	for (size_t i = 0; i < n; i++)
		strv_add(&keys, puts[i].key);
	return target_record(t, v, "vault_set", keys.v, e);
}

int put_all(struct target *t, const struct put *puts, size_t n, bool overwrite, struct err *e)
{
	OWN(vault_finish) struct vault v = VAULT_INIT;
	struct scope *s;
	int r = vault_open(&v, VAULT_WRITE, -1, e);

	if (r == 0)
		r = bound_puts(t, &v, puts, n, e);
	if (r < 0)
		return r;
	s = target_make(t, &v, e);
	r = s ? check_new(s, puts, n, overwrite, e) : -EINVAL;
	if (r == 0)
		r = stage(t, s, puts, n, e);
	if (r == 0)
		r = record(t, &v, puts, n, e);
	if (r == 0)
		r = vault_commit(&v, e);
	/* Also what could not be put in goes: it is prepared, and not named. */
	return r == 0 ? store_settle(t->dir, s, e) : r;
}
