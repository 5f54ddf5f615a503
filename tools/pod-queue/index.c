/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "libcommon/say.h"
#include "tools/pod-queue/steward.h"

struct item *index_find(struct steward *s, const char *id)
{
	for (size_t i = 0; i < s->n_items; i++)
		if (strcmp(s->items[i].id, id) == 0)
			return &s->items[i];
	return NULL;
}

struct item *index_by_key(struct steward *s, const char *key)
{
	for (size_t i = 0; *key && i < s->n_items; i++)
		if (strcmp(s->items[i].key, key) == 0)
			return &s->items[i];
	return NULL;
}

static bool has_ended(const struct item *it)
{
	return it->place == PLACE_DONE || it->place == PLACE_DENIED;
}

size_t index_pending(const struct steward *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n_items; i++)
		n += !has_ended(&s->items[i]);
	return n;
}

bool index_is_full(const struct steward *s)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < s->n_items; i++)
		if (!has_ended(&s->items[i]))
			bytes += s->items[i].bytes;
	return index_pending(s) >= PENDING_MAX || bytes >= PENDING_SIZE;
}

static void forget(struct steward *s, struct item *it)
{
	*it = s->items[--s->n_items];
}

static struct item *add(struct steward *s)
{
	s->items = xrealloc(s->items, (s->n_items + 1) * sizeof(*s->items));
	return &s->items[s->n_items++];
}

static void fill(struct item *it, const struct action *a, enum place place)
{
	*it = (struct item){.tier = a->tier,
			    .place = place,
			    .created = a->created,
			    .due = a->due,
			    .until = a->until,
			    .ended = a->ended};
	memcpy(it->id, a->id, sizeof(it->id));
	memcpy(it->name, a->name, sizeof(it->name));
	memcpy(it->key, a->key, sizeof(it->key));
	memcpy(it->digest, a->digest, sizeof(it->digest));
	memcpy(it->by, a->by, sizeof(it->by));
}

/* What may be large in it, and what the rest comes to. */
static uint64_t sizeof_text(const struct action *a)
{
	return 1024 + (a->params ? strlen(a->params) : 0) + (a->result ? strlen(a->result) : 0);
}

void index_refresh(struct steward *s, const char *id)
{
	OWN_ACTION struct action a = {.tier = TIERS};
	struct item *it = index_find(s, id);
	int place = store_find(&s->store, id);
	struct err e = {0};

	if (place < 0 || store_read(&s->store, (enum place)place, id, &a, &e) < 0) {
		if (it)
			forget(s, it);
		if (place >= 0)
			say_error("%s", e.msg);
		return;
	}
	it = it ? it : add(s);
	fill(it, &a, (enum place)place);
	it->bytes = sizeof_text(&a);
}

int index_load(struct steward *s, struct err *e)
{
	for (int place = 0; place < PLACES; place++) {
		OWN_STRV struct strv ids = {0};
		int r = store_list(&s->store, (enum place)place, &ids, e);

		if (r < 0)
			return r;
		for (size_t i = 0; i < ids.n; i++)
			index_refresh(s, ids.v[i]);
	}
	return 0;
}

static struct item *oldest_ended(struct steward *s, size_t *n, uint64_t *bytes)
{
	struct item *oldest = NULL;

	*n = 0;
	*bytes = 0;
	for (size_t i = 0; i < s->n_items; i++) {
		struct item *it = &s->items[i];

		if (!has_ended(it))
			continue;
		++*n;
		*bytes += it->bytes;
		if (!oldest || it->ended < oldest->ended)
			oldest = it;
	}
	return oldest;
}

void index_prune(struct steward *s)
{
	struct item *it;
	uint64_t bytes;
	size_t n;

	while ((it = oldest_ended(s, &n, &bytes)) && (n > KEPT_MAX || bytes > KEPT_SIZE)) {
		char file[ACTION_ID + 8];

		snprintf(file, sizeof(file), "%s.json", it->id);
		if (unlinkat(s->store.dir[it->place], file, 0) < 0 && errno != ENOENT)
			return;
		forget(s, it);
	}
}
