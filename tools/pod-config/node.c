/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-config/node.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "libcommon/buf.h"
#include "libcommon/own.h"

struct node *node_new(enum node_kind kind, struct place at)
{
	struct node *n = xcalloc(1, sizeof(*n));

	n->kind = kind;
	n->at = at;
	n->key_at = at;
	return n;
}

void node_free(struct node *n)
{
	if (!n)
		return;
	for (size_t i = 0; i < n->n; i++)
		node_free(n->child[i]);
	free(n->child);
	free(n->key);
	free(n->text);
	free(n);
}

void node_free_ref(struct node **n)
{
	node_free(*n);
}

void node_append(struct node *list, struct node *child)
{
	if (list->n == list->cap) {
		list->cap = list->cap ? 2 * list->cap : 8;
		list->child = xrealloc(list->child, list->cap * sizeof(struct node *));
	}
	list->child[list->n++] = child;
}

struct node *node_entry(const struct node *n, const char *key)
{
	if (!n || n->kind != NODE_MAP)
		return NULL;
	for (size_t i = 0; i < n->n; i++)
		if (strcasecmp(n->child[i]->key, key) == 0)
			return n->child[i];
	return NULL;
}

struct node *node_find(const struct node *n, const char *path)
{
	OWN_FREE char *copy = xstrdup(path);
	char *rest = copy, *word;
	const struct node *at = n;

	while (at && (word = strsep(&rest, ".")))
		at = node_entry(at, word);
	return (struct node *)at;
}

struct node *node_detach(struct node *map, const struct node *child)
{
	for (size_t i = 0; i < map->n; i++) {
		struct node *found = map->child[i];

		if (found != child)
			continue;
		memmove(map->child + i, map->child + i + 1,
			(map->n - i - 1) * sizeof(struct node *));
		map->n--;
		return found;
	}
	return NULL;
}

const char *node_kind_name(const struct node *n)
{
	static const char *const names[] = {
		[NODE_NULL] = "nothing",
		[NODE_SCALAR] = "a single value",
		[NODE_LIST] = "a list",
		[NODE_MAP] = "a section",
		[NODE_BROKEN] = "something broken",
	};

	return names[n->kind];
}

struct walk {
	struct problems *p;
	unsigned depth, count;
};

static struct node *from_json(struct walk *w, jv value);

static struct node *from_array(struct walk *w, jv value)
{
	struct node *list = node_new(NODE_LIST, (struct place){0});

	for (int i = 0; i < jv_array_length(jv_copy(value)); i++)
		node_append(list, from_json(w, jv_array_get(jv_copy(value), i)));
	return list;
}

static struct node *from_object(struct walk *w, jv value)
{
	struct node *map = node_new(NODE_MAP, (struct place){0});
	jv keys = jv_keys(jv_copy(value));

	for (int i = 0; i < jv_array_length(jv_copy(keys)); i++) {
		jv key = jv_array_get(jv_copy(keys), i);
		struct node *child = from_json(w, jv_object_get(jv_copy(value), jv_copy(key)));

		child->key = xstrdup(jv_string_value(key));
		node_append(map, child);
		jv_free(key);
	}
	jv_free(keys);
	return map;
}

/* Numbers and booleans are plain, as in YAML.  A NUL would cut the text: nobody needs one. */
static struct node *from_scalar(struct walk *w, jv value)
{
	bool is_text = jv_get_kind(value) == JV_KIND_STRING;
	jv text = is_text ? jv_copy(value) : jv_dump_string(jv_copy(value), 0);
	struct node *n = node_new(NODE_SCALAR, (struct place){0});

	n->plain = !is_text;
	n->text = xstrdup(jv_string_value(text));
	if (strlen(n->text) != (size_t)jv_string_length_bytes(jv_copy(text))) {
		problem_add(w->p, (struct place){0}, "a NUL byte in a text");
		n->kind = NODE_BROKEN;
	}
	jv_free(text);
	return n;
}

static struct node *from_json(struct walk *w, jv value)
{
	jv_kind kind = jv_get_kind(value);
	struct node *n;

	if (++w->count > NODE_COUNT_MAX || w->depth == NODE_DEPTH_MAX) {
		n = node_new(NODE_BROKEN, (struct place){0});
		if (!w->p->errors)
			problem_add(w->p, n->at, "more than %d values, or more than %d levels",
				    NODE_COUNT_MAX, NODE_DEPTH_MAX);
		jv_free(value);
		return n;
	}
	w->depth++;
	if (kind == JV_KIND_ARRAY)
		n = from_array(w, value);
	else if (kind == JV_KIND_OBJECT)
		n = from_object(w, value);
	else if (kind == JV_KIND_NULL)
		n = node_new(NODE_NULL, (struct place){0});
	else
		n = from_scalar(w, value);
	w->depth--;
	jv_free(value);
	return n;
}

struct node *node_from_json(jv value, struct problems *p)
{
	struct walk w = {.p = p};
	size_t before = p->errors;
	struct node *n;

	if (jv_get_kind(value) != JV_KIND_OBJECT) {
		problem_add(p, (struct place){0}, "the outermost value must be an object");
		jv_free(value);
		return NULL;
	}
	n = from_json(&w, value);
	if (p->errors == before)
		return n;
	node_free(n);
	return NULL;
}
