/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-config/edit.h"

#include <string.h>

#include "libcommon/jsonw.h"
#include "libcommon/own.h"
#include "tools/pod-config/yaml.h"

#define INDENT 2

struct edit {
	struct buf *text;
	const struct key *key;
	const char *value; /* NULL: out with it */
	struct problems *p;
};

static bool refuse(const struct edit *ed, const struct node *n, const char *why)
{
	problem_add(ed->p, n->at, "%s: %s; change it by hand", ed->key->path, why);
	return false;
}

/* --- finding the key --- */

/* The entry of a map for the key at `path`, which ends in the map's word for it, or an alias's. */
static struct node *entry_of(const struct node *map, const char *path, const struct alias **as)
{
	const char *dot = strrchr(path, '.');
	size_t up = dot ? (size_t)(dot - path) + 1 : 0;
	struct node *n = node_entry(map, path + up);

	*as = NULL;
	for (const struct alias *a = aliases; !n && a->from; a++) {
		if (strcmp(a->to, path) != 0 || strncmp(a->from, path, up) != 0 ||
		    strchr(a->from + up, '.'))
			continue;
		n = node_entry(map, a->from + up);
		*as = n ? a : NULL;
	}
	return n;
}

/* How deep the file goes towards a key. */
struct spot {
	struct node *n, *up;
	const struct alias *as; /* the spelling of its last word, unless it is the usual one */
	const char *rest;       /* of the path: what is not there */
};

static struct spot walk(struct node *root, const char *path)
{
	struct spot s = {.n = root, .rest = path};

	while (*s.rest && s.n->kind == NODE_MAP) {
		size_t word = strcspn(s.rest, ".");
		OWN_FREE char *head = strndup(path, (size_t)(s.rest - path) + word);
		const struct alias *as;
		struct node *next = entry_of(s.n, head, &as);

		if (!next)
			break;
		s = (struct spot){next, s.n, as, s.rest + word + (s.rest[word] == '.')};
	}
	return s;
}

/* --- places in the text --- */

/* Byte of a character. */
static size_t byte_at(const struct edit *ed, size_t character)
{
	const char *s = ed->text->data;
	size_t i = 0;

	while (i < ed->text->len && (character > 0 || (s[i] & 0xc0) == 0x80)) {
		character -= (s[i] & 0xc0) != 0x80;
		i++;
	}
	return i;
}

static size_t line_start(const struct edit *ed, size_t at)
{
	while (at > 0 && ed->text->data[at - 1] != '\n')
		at--;
	return at;
}

/* The beginning of the next line, or the end of the text. */
static size_t line_end(const struct edit *ed, size_t at)
{
	const char *eol = memchr(ed->text->data + at, '\n', ed->text->len - at);

	return eol ? (size_t)(eol - ed->text->data) + 1 : ed->text->len;
}

static void splice(struct edit *ed, size_t from, size_t to, const struct buf *with)
{
	struct buf made = BUF_INIT;

	buf_add(&made, ed->text->data, from);
	buf_add(&made, with->data ? with->data : "", with->len);
	buf_add(&made, ed->text->data + to, ed->text->len - to);
	buf_finish(ed->text);
	*ed->text = made;
}

/* --- writing it --- */

/* Words and numbers as they are, anything else in quotes. */
static void put_value(struct buf *b, const char *value)
{
	static const char safe[] = "0123456789abcdefghijklmnopqrstuvwxyz"
				   "ABCDEFGHIJKLMNOPQRSTUVWXYZ._/+-";

	OWN_BUF struct buf quoted = BUF_INIT;

	if (value[0] && value[strspn(value, safe)] == '\0' && !strchr("-+", value[0])) {
		buf_str(b, value);
		return;
	}
	jw_string(&quoted, value);
	buf_add(b, quoted.data, quoted.len);
}

/* "a.b": VALUE as braces have it: "a: {b: VALUE}". */
static void put_flow(const struct edit *ed, struct buf *b, const char *path)
{
	size_t open = 0;

	for (const char *dot; (dot = strchr(path, '.')); path = dot + 1, open++)
		buf_fmt(b, "%.*s: {", (int)(dot - path), path);
	buf_fmt(b, "%s: ", path);
	put_value(b, ed->value);
	while (open--)
		buf_char(b, '}');
}

/* The same in lines. */
static void put_lines(const struct edit *ed, struct buf *b, const char *path, unsigned indent)
{
	for (const char *dot; (dot = strchr(path, '.')); path = dot + 1, indent += INDENT)
		buf_fmt(b, "%*s%.*s:\n", (int)indent, "", (int)(dot - path), path);
	buf_fmt(b, "%*s%s: ", (int)indent, "", path);
	put_value(b, ed->value);
	buf_char(b, '\n');
}

static void insert_lines(struct edit *ed, size_t at, const char *path, unsigned indent)
{
	OWN_BUF struct buf b = BUF_INIT;

	if (at > 0 && ed->text->data[at - 1] != '\n')
		buf_char(&b, '\n');
	put_lines(ed, &b, path, indent);
	splice(ed, at, at, &b);
}

static void insert_flow(struct edit *ed, size_t at, const char *path, const char *behind)
{
	OWN_BUF struct buf b = BUF_INIT;

	put_flow(ed, &b, path);
	buf_str(&b, behind);
	splice(ed, at, at, &b);
}

/* Behind the last entry of a section, in lines like its first. */
static bool add_entry(struct edit *ed, const struct node *map, const char *path)
{
	size_t to = byte_at(ed, map->to);

	if (map->flow) {
		insert_flow(ed, byte_at(ed, map->from) + 1, path, map->n ? ", " : "");
		return true;
	}
	if (map->n == 0) { /* a file that says nothing yet */
		insert_lines(ed, ed->text->len, path, 0);
		return true;
	}
	if (to == 0 || ed->text->data[to - 1] != '\n') /* a block of text ends with its line */
		to = line_end(ed, to);
	insert_lines(ed, to, path, map->child[0]->key_at.column - 1);
	return true;
}

/* "processor:" with nothing behind it becomes a section. */
static bool fill_section(struct edit *ed, const struct node *n, const struct node *up,
			 const char *path)
{
	size_t at = byte_at(ed, n->from);
	OWN_BUF struct buf b = BUF_INIT;

	if (!up->flow) {
		insert_lines(ed, line_end(ed, at), path, n->key_at.column - 1 + INDENT);
		return true;
	}
	buf_str(&b, " {");
	put_flow(ed, &b, path);
	buf_char(&b, '}');
	splice(ed, at, at, &b);
	return true;
}

/* A spelling that has a unit in its name is replaced with its value. */
static bool replace(struct edit *ed, const struct node *n, const struct alias *as)
{
	size_t from = byte_at(ed, as && as->unit ? n->key_from : n->from), to = byte_at(ed, n->to);
	OWN_BUF struct buf b = BUF_INIT;

	if (n->kind != NODE_SCALAR && n->kind != NODE_NULL)
		return refuse(ed, n, "is not said as one value here");
	if (as && as->unit)
		buf_fmt(&b, "%s: ", key_word(ed->key));
	else if (n->kind == NODE_NULL)
		buf_char(&b, ' ');
	put_value(&b, ed->value);
	if (to > from && ed->text->data[to - 1] == '\n')
		buf_char(&b, '\n');
	splice(ed, from, to, &b);
	return true;
}

/* --- taking it out --- */

static bool is_blank(const char *s, size_t from, size_t to)
{
	while (from < to && strchr(" \t\r\n", s[from]))
		from++;
	return from == to || s[from] == '#';
}

/* One comma goes with it. */
static bool drop_flow(struct edit *ed, size_t from, size_t to)
{
	const char *s = ed->text->data;
	const struct buf none = BUF_INIT;
	size_t end = to + strspn(s + to, " ");

	if (s[end] == ',') {
		to = end + 1 + strspn(s + end + 1, " ");
	} else {
		while (from > 0 && s[from - 1] == ' ')
			from--;
		from -= from > 0 && s[from - 1] == ',';
	}
	splice(ed, from, to, &none);
	return true;
}

static bool drop(struct edit *ed, const struct node *n, const struct node *up)
{
	size_t from = byte_at(ed, n->key_from), to = byte_at(ed, n->to);
	size_t start = line_start(ed, from), end = line_end(ed, to);
	const struct buf none = BUF_INIT;

	if (n->kind != NODE_SCALAR && n->kind != NODE_NULL)
		return refuse(ed, n, "is not said as one value here");
	if (up->flow)
		return drop_flow(ed, from, to);
	if (strspn(ed->text->data + start, " ") < from - start ||
	    !is_blank(ed->text->data, to, end))
		return refuse(ed, n, "does not stand in a line of its own");
	splice(ed, start, to > start && ed->text->data[to - 1] == '\n' ? to : end, &none);
	return true;
}

/* --- the whole --- */

static bool change(struct edit *ed, struct node *root)
{
	struct spot s = walk(root, ed->key->path);

	if (*s.rest == '\0')
		return ed->value ? replace(ed, s.n, s.as) : drop(ed, s.n, s.up);
	if (!ed->value)
		return true;
	if (s.n->kind == NODE_MAP)
		return add_entry(ed, s.n, s.rest);
	if (s.n->kind == NODE_NULL)
		return fill_section(ed, s.n, s.up, s.rest);
	return refuse(ed, s.n, "there is no section to put it into");
}

/* --- did only that change? --- */

static bool is_nothing(const struct node *n)
{
	return n->kind == NODE_NULL || (n->kind == NODE_MAP && n->n == 0);
}

/* Take the key out of a tree, and sections on the way that hold nothing else. */
static struct node *detach(struct node *root, const char *path)
{
	OWN_FREE char *head = xstrdup(path);
	struct spot s = walk(root, head);
	struct node *got = *s.rest ? NULL : node_detach(s.up, s.n);
	char *dot;

	while ((dot = strrchr(head, '.'))) {
		*dot = '\0';
		s = walk(root, head);
		if (*s.rest == '\0' && is_nothing(s.n))
			node_free(node_detach(s.up, s.n));
	}
	return got;
}

static bool is_same(const struct node *a, const struct node *b)
{
	if (a->kind != b->kind || a->n != b->n || a->plain != b->plain)
		return false;
	if (a->kind == NODE_SCALAR && strcmp(a->text, b->text) != 0)
		return false;
	for (size_t i = 0; i < a->n; i++) {
		const struct node *x = a->child[i], *y = b->child[i];

		if ((x->key == NULL) != (y->key == NULL) ||
		    (x->key && strcmp(x->key, y->key) != 0) || !is_same(x, y))
			return false;
	}
	return true;
}

/* Takes root, the tree of before. */
static bool check(const struct edit *ed, struct node *root)
{
	OWN_PROBLEMS struct problems ignored = {.file = ""};
	OWN_NODE struct node *new = yaml_read(ed->text->data, ed->text->len, &ignored);
	OWN_NODE struct node *was = detach(root, ed->key->path), *now = NULL;

	if (!new || ignored.errors)
		return refuse(ed, root, "cannot be put into this file");
	now = detach(new, ed->key->path);
	if ((now != NULL) != (ed->value != NULL) ||
	    (now && (now->kind != NODE_SCALAR || strcmp(now->text, ed->value) != 0)) ||
	    !is_same(root, new))
		return refuse(ed, root, "cannot be put into this file without changing more of it");
	return true;
}

bool edit_key(struct buf *text, const struct key *k, const char *value, struct problems *p)
{
	OWN_BUF struct buf before = BUF_INIT;
	struct edit ed = {text, k, value, p};
	OWN_NODE struct node *root = NULL;

	buf_add(text, "", 0);
	buf_add(&before, text->data, text->len);
	root = yaml_read(text->data, text->len, p);
	if (!root || p->errors)
		return false;
	if (change(&ed, root) && check(&ed, root))
		return true;
	buf_finish(text);
	*text = before;
	before = (struct buf)BUF_INIT;
	return false;
}
