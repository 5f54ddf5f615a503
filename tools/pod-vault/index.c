/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-vault/index.h"

#include <ctype.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "envpod/exit.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/unit.h"

static void scope_finish(struct scope *s)
{
	secret_finish(&s->key);
	free(s->entries);
	free(s->pods);
}

void index_finish(struct index *x)
{
	for (size_t i = 0; i < x->n; i++)
		scope_finish(&x->scopes[i]);
	free(x->scopes);
	*x = (struct index){0};
}

bool is_key_name(const char *name)
{
	size_t n = 0;

	if (!isalpha((unsigned char)*name) && *name != '_')
		return false;
	while (isalnum((unsigned char)name[n]) || name[n] == '_')
		n++;
	return name[n] == '\0' && n < SEAL_NAME_MAX;
}

int check_key_name(const char *name, struct err *e)
{
	if (is_key_name(name))
		return 0;
	return err_status(e, POD_EXIT_USAGE, ERR_PLAIN,
			  "'%.80s' is no name for a secret: want letters, digits and _, no digit "
			  "first, less than %d",
			  esc(name), SEAL_NAME_MAX);
}

/* --- scopes --- */

struct scope *index_shared(const struct index *x, const char *name)
{
	for (size_t i = 0; i < x->n; i++)
		if (x->scopes[i].shared && strcmp(x->scopes[i].name, name) == 0)
			return &x->scopes[i];
	return NULL;
}

struct scope *index_pod(const struct index *x, const char *name, const unsigned char *id)
{
	for (size_t i = 0; i < x->n; i++)
		if (!x->scopes[i].shared && strcmp(x->scopes[i].name, name) == 0 &&
		    memcmp(x->scopes[i].id, id, SEAL_ID) == 0)
			return &x->scopes[i];
	return NULL;
}

static struct scope *append(struct index *x)
{
	if (x->n == x->cap) {
		x->cap = x->cap ? 2 * x->cap : 8;
		x->scopes = xrealloc(x->scopes, x->cap * sizeof(*x->scopes));
	}
	x->scopes[x->n] = (struct scope){0};
	return &x->scopes[x->n++];
}

int scope_new_key(struct scope *s, struct err *e)
{
	struct secret key;
	int r = secret_new(&key, SEAL_KEY, e);

	if (r < 0)
		return r;
	randombytes_buf(key.data, SEAL_KEY);
	secret_finish(&s->key);
	s->key = key;
	return 0;
}

struct scope *index_add(struct index *x, bool shared, const char *name, struct err *e)
{
	struct scope *s;

	if (x->n == INDEX_SCOPES) {
		err_set(e, ERR_PLAIN, "the vault is full: it holds secrets of %d pods and scopes",
			INDEX_SCOPES);
		return NULL;
	}
	s = append(x);
	s->shared = shared;
	snprintf(s->name, sizeof(s->name), "%s", name);
	randombytes_buf(s->id, SEAL_ID);
	if (scope_new_key(s, e) == 0)
		return s;
	index_drop(x, s);
	return NULL;
}

void index_drop(struct index *x, struct scope *s)
{
	size_t i = (size_t)(s - x->scopes);

	scope_finish(s);
	memmove(s, s + 1, (x->n - i - 1) * sizeof(*s));
	x->n--;
}

size_t index_drop_pod(struct index *x, const char *name)
{
	size_t before = x->n;

	for (size_t i = x->n; i-- > 0;)
		if (!x->scopes[i].shared && strcmp(x->scopes[i].name, name) == 0)
			index_drop(x, &x->scopes[i]);
	return before - x->n;
}

/* --- secrets of a scope --- */

/* Where name is, or where it would be put. */
static size_t place(const struct scope *s, const char *name, bool *found)
{
	size_t low = 0, high = s->n;

	*found = false;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int order = strcmp(s->entries[mid].name, name);

		if (order == 0) {
			*found = true;
			return mid;
		}
		if (order < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

struct entry *scope_find(const struct scope *s, const char *name)
{
	bool found;
	size_t i = place(s, name, &found);

	return found ? &s->entries[i] : NULL;
}

static struct entry *insert(struct scope *s, const char *name, size_t at)
{
	if (s->n == s->cap) {
		s->cap = s->cap ? 2 * s->cap : 8;
		s->entries = xrealloc(s->entries, s->cap * sizeof(*s->entries));
	}
	memmove(&s->entries[at + 1], &s->entries[at], (s->n - at) * sizeof(*s->entries));
	s->n++;
	s->entries[at] = (struct entry){0};
	snprintf(s->entries[at].name, sizeof(s->entries[at].name), "%s", name);
	return &s->entries[at];
}

struct entry *scope_set(struct scope *s, const char *name, int64_t time, struct err *e)
{
	bool found;
	size_t i = place(s, name, &found);
	struct entry *entry;

	if ((!found && s->n == INDEX_SECRETS) || s->serial == UINT64_MAX) {
		err_set(e, ERR_PLAIN, "%s holds %d secrets already", s->name, INDEX_SECRETS);
		return NULL;
	}
	entry = found ? &s->entries[i] : insert(s, name, i);
	entry->version = ++s->serial;
	entry->time = time;
	return entry;
}

bool scope_drop(struct scope *s, const char *name)
{
	bool found;
	size_t i = place(s, name, &found);

	if (!found)
		return false;
	memmove(&s->entries[i], &s->entries[i + 1], (s->n - i - 1) * sizeof(*s->entries));
	s->n--;
	return true;
}

bool scope_has_pod(const struct scope *s, const unsigned char *id)
{
	for (size_t i = 0; i < s->n_pods; i++)
		if (memcmp(s->pods[i], id, SEAL_ID) == 0)
			return true;
	return false;
}

int scope_add_pod(struct scope *s, const unsigned char *id, struct err *e)
{
	if (scope_has_pod(s, id))
		return 0;
	if (s->n_pods == INDEX_PODS)
		return err_set(e, ERR_PLAIN, "scope %s is shared by %d pods already", s->name,
			       INDEX_PODS);
	s->pods = xrealloc(s->pods, (s->n_pods + 1) * sizeof(*s->pods));
	memcpy(s->pods[s->n_pods++], id, SEAL_ID);
	return 0;
}

bool scope_drop_pod(struct scope *s, const unsigned char *id)
{
	for (size_t i = 0; i < s->n_pods; i++) {
		if (memcmp(s->pods[i], id, SEAL_ID) != 0)
			continue;
		memmove(s->pods[i], s->pods[s->n_pods - 1], SEAL_ID);
		s->n_pods--;
		return true;
	}
	return false;
}
