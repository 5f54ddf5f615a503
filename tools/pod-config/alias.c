/* SPDX-License-Identifier: Apache-2.0 */
/* Other spellings of keys: moved within the tree before anything is read. */
#include <string.h>
#include <strings.h>

#include "libcommon/buf.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "tools/pod-config/read.h"

static void add_unit(struct node *n, const char *unit)
{
	char *text;

	if (!unit || n->kind != NODE_SCALAR)
		return;
	text = xfmt("%s%s", n->text, unit);
	free(n->text);
	n->text = text;
}

static void rename_entry(struct node *n, const char *word)
{
	free(n->key);
	n->key = xstrdup(word);
}

/* The section at path, made when it is missing; NULL when something else is in its place. */
static struct node *section_at(struct node *root, const char *path, struct place at)
{
	OWN_FREE char *copy = xstrdup(path);
	char *rest = copy, *word;
	struct node *n = root;

	while (n && (word = strsep(&rest, "."))) {
		struct node *next = node_entry(n, word);

		if (!next && n->kind == NODE_MAP) {
			next = node_new(NODE_MAP, at);
			next->key = xstrdup(word);
			node_append(n, next);
		}
		if (next && next->kind == NODE_NULL)
			next->kind = NODE_MAP;
		n = next;
	}
	return n && n->kind == NODE_MAP ? n : NULL;
}

struct move {
	struct node *root;
	struct problems *p;
};

static void say_move(const struct move *m, const struct node *n, const struct alias *a)
{
	problem_note(m->p, n->key_at, "key '%s' is read as %s", a->from, a->to);
}

/* Is the new place within the section the entry is in? */
static const char *same_section(const struct alias *a)
{
	const char *from = strrchr(a->from, '.'), *to = strrchr(a->to, '.');
	size_t n = from ? (size_t)(from - a->from) : 0;
	size_t m = to ? (size_t)(to - a->to) : 0;

	if (n != m || strncmp(a->from, a->to, n) != 0)
		return NULL;
	return to ? to + 1 : a->to;
}

/* True when the entry left its section. */
static bool move_entry(const struct move *m, struct node *section, struct node *n,
		       const struct alias *a)
{
	const char *word = same_section(a), *dot = strrchr(a->to, '.');
	OWN_FREE char *parent = strndup(a->to, dot ? (size_t)(dot - a->to) : 0);
	struct node *to = word ? section : section_at(m->root, parent, n->key_at);
	const struct node *there;

	if (!to)
		return false;
	word = word ? word : dot + 1;
	there = node_entry(to, word);
	if (there) {
		problem_add(m->p, n->key_at, "key '%s' says again what %s says in line %u", a->from,
			    a->to, there->key_at.line);
		node_free(node_detach(section, n));
		return true;
	}
	say_move(m, n, a);
	add_unit(n, a->unit);
	rename_entry(n, word);
	if (to == section)
		return false;
	node_append(to, node_detach(section, n));
	return true;
}

static const struct alias *alias_of(const char *path)
{
	for (const struct alias *a = aliases; a->from; a++)
		if (strcasecmp(a->from, path) == 0)
			return a;
	return NULL;
}

static void move_below(const struct move *m, struct node *n, const char *path)
{
	for (size_t i = 0; i < n->n; i++) {
		struct node *child = n->child[i];
		bool is_item = n->kind == NODE_LIST;
		OWN_FREE char *at =
			is_item ? xfmt("%s[]", path)
				: xfmt("%s%s%.200s", path, *path ? "." : "", child->key);
		const struct alias *a = is_item ? NULL : alias_of(at);

		if (a && move_entry(m, n, child, a)) {
			i--;
			continue;
		}
		move_below(m, child, a ? a->to : at);
	}
}

void read_aliases(struct node *root, struct problems *p)
{
	struct move m = {root, p};

	move_below(&m, root, "");
}
