/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-config/read.h"

#include <string.h>
#include <strings.h>

#include "libcommon/buf.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "tools/pod-config/tree.h"

/* What all of one reading shares. */
struct reading {
	const struct origin *origin;
	struct problems *problems;
};

static jv read_section(const struct reading *r, const struct node *n, const char *table,
		       const char *shown);

static void wrong_kind(const struct reading *r, const struct node *n, const char *shown,
		       const char *want)
{
	if (n->kind == NODE_BROKEN)
		return;
	if (n->kind == NODE_NULL)
		problem_add(r->problems, n->at,
			    "%s: has no value; leave the key out or give it one", shown);
	else
		problem_add(r->problems, n->at, "%s: wants %s, not %s", shown, want,
			    node_kind_name(n));
}

static jv read_scalar(const struct reading *r, const struct node *n, const struct key *k,
		      const char *shown)
{
	struct spot s = {r->origin, r->problems, k, n, shown};

	if (n->kind == NODE_SCALAR)
		return type_read(&s);
	wrong_kind(r, n, shown, "a single value");
	return jv_invalid();
}

/* "TYPE TYPE" of a map's range. */
static void map_types(const struct key *k, struct key *name, struct key *value)
{
	size_t n = strcspn(k->range, " ");

	*name = *value = (struct key){.path = k->path};
	name->type = type_named(k->range, n);
	value->type = type_named(k->range + n + 1, strlen(k->range + n + 1));
}

/* One entry; a variable with nothing behind it is the empty text. */
static void read_pair(const struct reading *r, const struct node *n, const struct key *k, jv *map)
{
	OWN_FREE char *shown = xfmt("%s.%.120s", k->path, esc(n->key));
	struct node name = {.kind = NODE_SCALAR, .plain = true, .at = n->key_at, .text = n->key};
	struct node empty = {.kind = NODE_SCALAR, .at = n->at, .key_at = n->key_at, .text = ""};
	struct key name_key, value_key;
	jv word, value;

	map_types(k, &name_key, &value_key);
	if (n->kind == NODE_NULL && value_key.type == T_TEXT)
		n = &empty;
	word = read_scalar(r, &name, &name_key, k->path);
	value = read_scalar(r, n, &value_key, shown);
	if (jv_is_valid(word) && jv_is_valid(value)) {
		if (jv_object_has(jv_copy(*map), jv_copy(word)))
			problem_add(r->problems, n->key_at, "%s: stands twice", shown);
		*map = jv_object_set(*map, word, value);
		return;
	}
	jv_free(word);
	jv_free(value);
}

static jv read_map(const struct reading *r, const struct node *n, const struct key *k)
{
	jv map = jv_object();

	if (n->kind == NODE_MAP)
		for (size_t i = 0; i < n->n; i++)
			read_pair(r, n->child[i], k, &map);
	else if (n->kind != NODE_NULL)
		wrong_kind(r, n, k->path, "lines of 'name: value'");
	return map;
}

static jv read_item(const struct reading *r, const struct node *n, const struct key *k,
		    const char *shown)
{
	OWN_FREE char *table = NULL;

	if (k->type != T_SECTION)
		return read_scalar(r, n, k, shown);
	table = xfmt("%s[]", k->path);
	return read_section(r, n, table, shown);
}

static jv read_list(const struct reading *r, const struct node *n, const struct key *k,
		    const char *shown)
{
	bool one = (k->flags & KEY_ONE) && (n->kind == NODE_MAP || n->kind == NODE_SCALAR);
	jv list = jv_array();

	if (one) {
		jv value = read_item(r, n, k, shown);

		if (jv_is_valid(value))
			return jv_array_append(list, value);
		jv_free(value);
		return list;
	}
	if (n->kind != NODE_LIST && n->kind != NODE_NULL) {
		wrong_kind(r, n, shown, "a list ([a, b], or lines that begin with '- ')");
		jv_free(list);
		return jv_invalid();
	}
	for (size_t i = 0; i < n->n; i++) {
		OWN_FREE char *item = xfmt("%s[%zu]", shown, i);
		jv value = read_item(r, n->child[i], k, item);

		if (jv_is_valid(value))
			list = jv_array_append(list, value);
		else
			jv_free(value);
	}
	return list;
}

static jv read_value(const struct reading *r, const struct node *n, const struct key *k,
		     const char *shown)
{
	if ((k->flags & KEY_LIST) || ((k->flags & KEY_EITHER) && n->kind == NODE_LIST))
		return read_list(r, n, k, shown);
	if (k->type == T_SECTION)
		return read_section(r, n, k->path, shown);
	if (k->type == T_MAP)
		return read_map(r, n, k);
	return read_scalar(r, n, k, shown);
}

static void unknown_key(const struct reading *r, const struct node *n, const char *table)
{
	OWN_FREE char *path = xfmt("%s%s%.200s", table, *table ? "." : "", n->key);
	const char *why = key_refusal(path);

	if (why)
		problem_add(r->problems, n->key_at, "key '%.80s' is not supported: %s", esc(path),
			    why);
	else
		problem_add(r->problems, n->key_at, "unknown key '%.80s'%s%s%s", esc(n->key),
			    *table ? " in " : "", table, key_hint(table, n->key));
}

/* The same key in another case, before this one: yaml.c only sees equal words. */
static bool is_repeated(const struct reading *r, const struct node *map, size_t i)
{
	const struct node *n = map->child[i];

	for (size_t j = 0; j < i; j++) {
		if (strcasecmp(map->child[j]->key, n->key) != 0)
			continue;
		if (strcmp(map->child[j]->key, n->key) != 0)
			problem_add(r->problems, n->key_at,
				    "key '%.80s' stands twice, as '%.80s' in line %u", esc(n->key),
				    esc(map->child[j]->key), map->child[j]->key_at.line);
		return true;
	}
	return false;
}

static void read_entry(const struct reading *r, const struct node *n, const char *table,
		       const char *shown, jv *section)
{
	const struct key *k = key_child(table, n->key);
	OWN_FREE char *path = NULL;
	jv value;

	if (!k) {
		unknown_key(r, n, table);
		return;
	}
	if ((k->flags & KEY_COMPILED) && !r->origin->compiled) {
		problem_add(r->problems, n->key_at,
			    "key '%s' belongs into pod.json: it is not for "
			    "a pod file to say",
			    k->path);
		return;
	}
	path = xfmt("%s%s%s", shown, *shown ? "." : "", key_word(k));
	value = read_value(r, n, k, path);
	if (jv_is_valid(value))
		*section = jv_object_set(*section, jv_string(key_word(k)), value);
	else
		jv_free(value);
}

/* Keys without which the section means nothing. */
static void check_needed(const struct reading *r, const struct node *n, const char *table,
			 const char *shown)
{
	for (const struct key *k = keys; k->path; k++)
		if ((k->flags & KEY_NEEDED) && key_is_child(k, table) &&
		    !node_entry(n, key_word(k)))
			problem_add(r->problems, n->at, "%s: lacks the key '%s'", shown,
				    key_word(k));
}

/* A bare value where the section has one key that it can stand for: "web_display: novnc". */
static jv read_short(const struct reading *r, const struct node *n, const struct key *k,
		     const char *shown)
{
	OWN_FREE char *word = xstrdup(k->range);
	struct node value = *n, *child = &value;
	struct node map = {.kind = NODE_MAP, .at = n->at, .child = &child, .n = 1};
	OWN_FREE char *table = xfmt("%s%s", k->path, k->flags & KEY_LIST ? "[]" : "");

	value.key = word;
	value.key_at = n->at;
	return read_section(r, &map, table, shown);
}

static jv read_section(const struct reading *r, const struct node *n, const char *table,
		       const char *shown)
{
	OWN_FREE char *path = xstrdup(table);
	size_t len = strlen(path);
	const struct key *k;
	jv section = jv_object();

	if (len > 2 && strcmp(path + len - 2, "[]") == 0)
		path[len - 2] = '\0';
	k = key_at(path);
	if (n->kind == NODE_SCALAR && k && k->range) {
		jv_free(section);
		return read_short(r, n, k, shown);
	}
	if (n->kind != NODE_MAP && n->kind != NODE_NULL) {
		wrong_kind(r, n, shown, "a section (lines of 'key: value')");
		return section;
	}
	for (size_t i = 0; i < n->n; i++)
		if (!is_repeated(r, n, i))
			read_entry(r, n->child[i], table, shown, &section);
	check_needed(r, n, table, shown);
	return section;
}

jv read_tree(const struct node *root, const struct origin *o, struct problems *p)
{
	struct reading r = {o, p};

	return read_section(&r, root, "", "");
}

/* A default in the words of the table: read like a pod file's, so that it takes the same form. */
static jv read_fallback(const struct origin *o, const struct key *k)
{
	struct origin home = *o;
	struct problems none = {.file = "default"};
	struct reading r = {&home, &none};
	OWN_FREE char *copy = xstrdup(k->fallback);
	char *rest = copy, *word;
	struct node n = {.kind = NODE_SCALAR, .plain = true};
	jv list;

	home.compiled = false;
	if (!(k->flags & KEY_LIST)) {
		n.text = copy;
		return read_scalar(&r, &n, k, k->path);
	}
	list = jv_array();
	while ((word = strsep(&rest, " "))) {
		n.text = word;
		list = jv_array_append(list, read_scalar(&r, &n, k, k->path));
	}
	return list;
}

/* The key at `path`, where `tail` is what is left of its table path; lists are gone through. */
static void fill(jv *at, const struct origin *o, const struct key *k, const char *tail)
{
	const char *items = strstr(tail, "[].");
	OWN_FREE char *head = items ? strndup(tail, (size_t)(items - tail)) : NULL;
	jv list;

	if (!items) {
		if (!tree_has(*at, tail))
			tree_set(at, tail, read_fallback(o, k));
		return;
	}
	list = tree_get(*at, head);
	if (jv_get_kind(list) != JV_KIND_ARRAY) {
		jv_free(list);
		return;
	}
	for (int i = 0; i < jv_array_length(jv_copy(list)); i++) {
		jv item = jv_array_get(jv_copy(list), i);

		fill(&item, o, k, items + 3);
		list = jv_array_set(list, i, item);
	}
	tree_set(at, head, list);
}

void read_defaults(jv *root, const struct origin *o, const char *late)
{
	for (const struct key *k = keys; k->path; k++) {
		bool is_late = k->flags & KEY_LATE;

		if (!k->fallback || is_late != (late != NULL))
			continue;
		if (!is_late || key_is_child(k, late))
			fill(root, o, k, k->path);
	}
}
