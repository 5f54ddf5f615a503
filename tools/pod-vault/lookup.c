/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <string.h>

#include "envpod/exit.h"
#include "libcommon/own.h"
#include "tools/pod-vault/feed.h"
#include "tools/pod-vault/store.h"

/* In a shared scope that this pod may use; the first by name, so that it is always the same. */
static const struct scope *find_shared(const struct vault *v, const unsigned char *id,
				       const char *key)
{
	const struct scope *best = NULL;

	for (size_t i = 0; i < v->index.n; i++) {
		const struct scope *s = &v->index.scopes[i];

		if (s->shared && scope_has_pod(s, id) && scope_find(s, key) &&
		    (!best || strcmp(s->name, best->name) < 0))
			best = s;
	}
	return best;
}

int lookup(const struct vault *v, const struct pod *p, const char *key, struct secret *value,
	   struct err *e)
{
	OWN(target_finish) struct target t = TARGET_INIT;
	const struct scope *s, *shared;
	int r = target_open(&t, p->name, NULL, e);

	if (r < 0)
		return r;
	s = target_scope(&t, v, e);
	if (!s)
		return e->msg[0] ? -EINVAL : -ENOENT;
	if (scope_find(s, key))
		return store_open(t.dir, s, scope_find(s, key), value, e);
	shared = find_shared(v, s->id, key);
	if (!shared)
		return -ENOENT;
	target_finish(&t);
	t = (struct target)TARGET_INIT;
	r = target_open(&t, NULL, shared->name, e);
	return r < 0 ? r : store_open(t.dir, shared, scope_find(shared, key), value, e);
}
