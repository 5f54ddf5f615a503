/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events, not libyaml's document loader: the loader resolves aliases (a few lines can stand for a
 * billion nodes) and forgets which scalars were quoted.  What is merely forbidden is reported and
 * read on, so that one look shows all of it; what breaks the syntax ends the reading.
 */
#include "tools/pod-config/yaml.h"

#include <string.h>
#include <yaml.h>

#include "libcommon/buf.h"
#include "libcommon/path.h"

struct reader {
	yaml_parser_t yaml;
	const char *data;
	size_t len;
	struct problems *p;
	unsigned depth, count;
	bool stop; /* reported, and nothing more can be read */
};

static struct place place_of(yaml_mark_t mark)
{
	return (struct place){.line = (unsigned)mark.line + 1, .column = (unsigned)mark.column + 1};
}

/* Bytes that are no UTF-8 stop libyaml before it counts lines: it gives their offset alone. */
static struct place place_at(const struct reader *r, size_t offset)
{
	struct place at = {1, 1};

	for (size_t i = 0; i < offset && i < r->len; i++) {
		at.column++;
		if ((r->data[i] & 0xc0) == 0x80)
			at.column--;
		if (r->data[i] == '\n')
			at = (struct place){at.line + 1, 1};
	}
	return at;
}

static struct node *new_node(enum node_kind kind, const yaml_event_t *ev)
{
	struct node *n = node_new(kind, place_of(ev->start_mark));

	n->from = ev->start_mark.index;
	n->to = ev->end_mark.index;
	return n;
}

/* Behind what it holds; only a closing bracket is an end of its own. */
static void close_node(struct node *n, const yaml_event_t *end)
{
	if (n->flow)
		n->to = end->end_mark.index;
	else if (n->n)
		n->to = n->child[n->n - 1]->to;
}

static bool is_tab_at(const struct reader *r, yaml_mark_t mark)
{
	const char *line = r->data;

	for (size_t i = 0; i < mark.line && line; i++) {
		line = memchr(line, '\n', r->len - (size_t)(line - r->data));
		if (line)
			line++;
	}
	return line && (size_t)(line - r->data) + mark.column < r->len && line[mark.column] == '\t';
}

/* What people mostly meant by it. */
static const char *syntax_hint(const yaml_parser_t *y)
{
	static const struct {
		const char *words, *hint;
	} hints[] = {
		{"while scanning an alias", "; a text that begins with * needs quotes"},
		{"while scanning an anchor", "; a text that begins with & needs quotes"},
		{"cannot start any token", "; a text that begins with it needs quotes"},
		{"mapping values are not allowed", "; a text with ': ' in it needs quotes"},
	};

	for (size_t i = 0; i < sizeof(hints) / sizeof(hints[0]); i++)
		if (strstr(y->problem, hints[i].words) ||
		    (y->context && strstr(y->context, hints[i].words)))
			return hints[i].hint;
	return "";
}

static void syntax_error(struct reader *r)
{
	const yaml_parser_t *y = &r->yaml;
	struct place at = place_of(y->problem_mark);

	r->stop = true;
	if (y->error == YAML_READER_ERROR)
		problem_add(r->p, place_at(r, y->problem_offset), "not UTF-8 text: %s", y->problem);
	else if (y->error == YAML_MEMORY_ERROR)
		problem_add(r->p, place_of(y->mark), "out of memory");
	else if (is_tab_at(r, y->problem_mark))
		problem_add(r->p, at, "a tab: YAML is indented with spaces alone");
	else
		problem_add(r->p, at, "not valid YAML: %s%s%s%s%s", y->problem,
			    y->context ? " (" : "", y->context ? y->context : "",
			    y->context ? ")" : "", syntax_hint(y));
}

static bool next_event(struct reader *r, yaml_event_t *ev)
{
	if (r->stop)
		return false;
	if (yaml_parser_parse(&r->yaml, ev))
		return true;
	syntax_error(r);
	return false;
}

/* Anchors and tags are told apart from plain values by these two members of each event kind. */
static void refuse_marks(struct reader *r, const yaml_event_t *ev)
{
	const yaml_char_t *anchor = NULL, *tag = NULL;

	if (ev->type == YAML_SCALAR_EVENT) {
		anchor = ev->data.scalar.anchor;
		tag = ev->data.scalar.tag;
	} else if (ev->type == YAML_SEQUENCE_START_EVENT) {
		anchor = ev->data.sequence_start.anchor;
		tag = ev->data.sequence_start.tag;
	} else if (ev->type == YAML_MAPPING_START_EVENT) {
		anchor = ev->data.mapping_start.anchor;
		tag = ev->data.mapping_start.tag;
	}
	if (anchor)
		problem_add(r->p, place_of(ev->start_mark),
			    "anchor &%.80s: a pod file says everything where it stands",
			    esc((const char *)anchor));
	if (tag)
		problem_add(r->p, place_of(ev->start_mark), "tag %.80s: the key says its type",
			    esc((const char *)tag));
}

static struct node *read_node(struct reader *r, const yaml_event_t *ev);

static struct node *read_scalar(struct reader *r, const yaml_event_t *ev)
{
	const char *text = (const char *)ev->data.scalar.value;
	bool plain = ev->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	bool is_empty = plain && ev->data.scalar.length == 0;
	struct node *n = new_node(is_empty ? NODE_NULL : NODE_SCALAR, ev);

	n->plain = plain;
	n->text = xstrdup(text);
	if (strlen(text) != ev->data.scalar.length) {
		problem_add(r->p, n->at, "a NUL byte in a text");
		n->kind = NODE_BROKEN;
	}
	return n;
}

static struct node *read_alias(struct reader *r, const yaml_event_t *ev)
{
	problem_add(r->p, place_of(ev->start_mark),
		    "alias *%.80s: a pod file says everything where it stands (a text that begins "
		    "with * needs quotes)",
		    esc((const char *)ev->data.alias.anchor));
	return node_new(NODE_BROKEN, place_of(ev->start_mark));
}

static struct node *read_list(struct reader *r, const yaml_event_t *start)
{
	struct node *list = new_node(NODE_LIST, start);
	yaml_event_t ev;

	list->flow = start->data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE;
	while (next_event(r, &ev)) {
		bool is_end = ev.type == YAML_SEQUENCE_END_EVENT;

		if (!is_end)
			node_append(list, read_node(r, &ev));
		else
			close_node(list, &ev);
		yaml_event_delete(&ev);
		if (is_end)
			break;
	}
	return list;
}

static void check_key(struct reader *r, const struct node *map, const struct node *key)
{
	if (strcmp(key->text, "<<") == 0 && key->plain)
		problem_add(r->p, key->at,
			    "merge key <<: a pod file says everything where it stands");
	for (size_t i = 0; i < map->n; i++) {
		if (strcmp(map->child[i]->key, key->text) != 0)
			continue;
		problem_add(r->p, key->at, "key '%.80s' stands twice, first in line %u",
			    esc(key->text), map->child[i]->key_at.line);
		return;
	}
}

/* A map's entry: the key is read, the value follows. */
static void read_entry(struct reader *r, struct node *map, const yaml_event_t *ev)
{
	OWN_NODE struct node *key = read_node(r, ev);
	struct node *value;
	yaml_event_t next;

	if (r->stop || !next_event(r, &next))
		return;
	value = read_node(r, &next);
	yaml_event_delete(&next);
	value->key = xstrdup(key->text ? key->text : "");
	value->key_at = key->at;
	value->key_from = key->from;
	if (key->kind == NODE_SCALAR) {
		check_key(r, map, key);
		node_append(map, value);
		return;
	}
	if (key->kind != NODE_BROKEN)
		problem_add(r->p, key->at, "a key must be a word, not %s", node_kind_name(key));
	node_free(value);
}

static struct node *read_map(struct reader *r, const yaml_event_t *start)
{
	struct node *map = new_node(NODE_MAP, start);
	yaml_event_t ev;

	map->flow = start->data.mapping_start.style == YAML_FLOW_MAPPING_STYLE;
	while (next_event(r, &ev)) {
		bool is_end = ev.type == YAML_MAPPING_END_EVENT;

		if (!is_end)
			read_entry(r, map, &ev);
		else
			close_node(map, &ev);
		yaml_event_delete(&ev);
		if (is_end)
			break;
	}
	return map;
}

static void give_up(struct reader *r, const yaml_event_t *ev, const char *why, int limit)
{
	problem_add(r->p, place_of(ev->start_mark), "more than %d %s", limit, why);
	r->stop = true;
}

static struct node *read_node(struct reader *r, const yaml_event_t *ev)
{
	struct node *n;

	refuse_marks(r, ev);
	if (++r->count > NODE_COUNT_MAX)
		give_up(r, ev, "values in one file", NODE_COUNT_MAX);
	else if (r->depth == NODE_DEPTH_MAX)
		give_up(r, ev, "levels of lists and sections", NODE_DEPTH_MAX);
	if (r->stop)
		return node_new(NODE_BROKEN, place_of(ev->start_mark));
	r->depth++;
	if (ev->type == YAML_SEQUENCE_START_EVENT)
		n = read_list(r, ev);
	else if (ev->type == YAML_MAPPING_START_EVENT)
		n = read_map(r, ev);
	else if (ev->type == YAML_SCALAR_EVENT)
		n = read_scalar(r, ev);
	else
		n = read_alias(r, ev);
	r->depth--;
	return n;
}

static void refuse_directives(struct reader *r, const yaml_event_t *ev)
{
	if (ev->data.document_start.version_directive ||
	    ev->data.document_start.tag_directives.start !=
		    ev->data.document_start.tag_directives.end)
		problem_add(r->p, place_of(ev->start_mark), "%%YAML and %%TAG have no place here");
}

/* The document's one value, if any; everything else between the stream's two ends. */
static void read_event(struct reader *r, const yaml_event_t *ev, struct node **root)
{
	switch (ev->type) {
	case YAML_STREAM_START_EVENT:
	case YAML_DOCUMENT_END_EVENT:
		return;
	case YAML_DOCUMENT_START_EVENT:
		refuse_directives(r, ev);
		if (!*root)
			return;
		problem_add(r->p, place_of(ev->start_mark),
			    "a second document: a pod file describes one pod");
		r->stop = true;
		return;
	default:
		*root = read_node(r, ev);
	}
}

static struct node *checked_root(struct reader *r, struct node *root)
{
	if (!r->stop && (!root || root->kind == NODE_NULL)) {
		node_free(root);
		return node_new(NODE_MAP, (struct place){1, 1});
	}
	if (!r->stop && root->kind == NODE_MAP)
		return root;
	if (!r->stop && root->kind != NODE_BROKEN)
		problem_add(r->p, root->at, "a pod file is a list of 'key: value' lines, not %s",
			    node_kind_name(root));
	node_free(root);
	return NULL;
}

struct node *yaml_read(const char *data, size_t len, struct problems *p)
{
	struct reader r = {.data = data, .len = len, .p = p};
	struct node *root = NULL;
	yaml_event_t ev;
	bool is_end = false;

	if (len > NODE_BYTES_MAX) {
		problem_add(p, (struct place){1, 1}, "longer than %d bytes", NODE_BYTES_MAX);
		return NULL;
	}
	if (!yaml_parser_initialize(&r.yaml)) {
		problem_add(p, (struct place){1, 1}, "out of memory");
		return NULL;
	}
	yaml_parser_set_encoding(&r.yaml, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&r.yaml, (const unsigned char *)data, len);
	while (!is_end && next_event(&r, &ev)) {
		is_end = ev.type == YAML_STREAM_END_EVENT;
		if (!is_end)
			read_event(&r, &ev, &root);
		yaml_event_delete(&ev);
	}
	yaml_parser_delete(&r.yaml);
	return checked_root(&r, root);
}
