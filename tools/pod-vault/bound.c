/* SPDX-License-Identifier: Apache-2.0 */
/*
 * May a value be what a bound key stands for?  Asked wherever a pod comes by one: when it is set,
 * in the pod's own scope or in one that it shares, when a key is bound, when a scope is shared.
 */
#include <string.h>

#include "envpod/exit.h"
#include "libcommon/own.h"
#include "tools/pod-vault/feed.h"
#include "tools/pod-vault/put.h"
#include "tools/pod-vault/store.h"

int bound_check(const char *key, const struct secret *value, struct err *e)
{
	if (value->len < BOUND_MIN || value->len > BOUND_MAX)
		return err_status(
			e, POD_EXIT_REFUSED, ERR_PLAIN,
			"%s cannot be put into requests: it should have %d to %d bytes, or "
			"it could not be found again in answers",
			key, BOUND_MIN, BOUND_MAX);
	for (size_t i = 0; i < value->len; i++)
		if ((unsigned char)value->data[i] < ' ' || value->data[i] == 0x7f)
			return err_status(e, POD_EXIT_REFUSED, ERR_PLAIN,
					  "%s cannot be put into requests: it holds a newline or "
					  "another control character",
					  key);
	return 0;
}

static int load(struct bindings *all, const char *pod, struct err *e)
{
	OWN(policy_finish) struct policy p = POLICY_INIT;
	OWN(pod_finish) struct pod there = POD_INIT;
	int r = pod_open(&there, pod, e);

	if (r < 0 || !policy_is_wanted(&there))
		return r;
	r = policy_load(&p, pod, POLICY_READ, e);
	return r == 0 ? policy_bindings(&p, all, e) : r;
}

/* own: what the pod has itself, which comes first; NULL: nothing does. */
static int check(const char *pod, const struct scope *own, const struct put *puts, size_t n,
		 struct err *e)
{
	OWN_BINDINGS struct bindings all = {0};
	int r = load(&all, pod, e);

	for (size_t i = 0; i < n && r == 0; i++)
		if (bindings_have(&all, puts[i].key) && !(own && scope_find(own, puts[i].key)))
			r = bound_check(puts[i].key, &puts[i].value, e);
	return r < 0 && own ? err_wrap(e, "pod %s, which uses it", pod) : r;
}

int bound_puts(const struct target *t, const struct vault *v, const struct put *puts, size_t n,
	       struct err *e)
{
	const struct scope *shared = t->shared ? index_shared(&v->index, t->name) : NULL;
	int r = 0;

	if (!t->shared)
		return check(t->name, NULL, puts, n, e);
	for (size_t i = 0; i < v->index.n && shared && r == 0; i++) {
		const struct scope *s = &v->index.scopes[i];

		if (!s->shared && scope_has_pod(shared, s->id) && target_is_there(s))
			r = check(s->name, s, puts, n, e);
	}
	return r;
}

int bound_scope(const struct scope *own, const struct scope *shared, struct err *e)
{
	OWN(target_finish) struct target t = TARGET_INIT;
	OWN_BINDINGS struct bindings all = {0};
	int r = load(&all, own->name, e);

	if (r == 0)
		r = target_open(&t, NULL, shared->name, e);
	for (size_t i = 0; i < shared->n && r == 0; i++) {
		OWN_SECRET struct secret value = {0};
		const struct entry *entry = &shared->entries[i];

		if (!bindings_have(&all, entry->name) || scope_find(own, entry->name))
			continue;
		r = store_open(t.dir, shared, entry, &value, e);
		if (r == 0)
			r = bound_check(entry->name, &value, e);
	}
	return r;
}
