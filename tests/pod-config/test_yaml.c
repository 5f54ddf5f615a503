/* SPDX-License-Identifier: Apache-2.0 */
/* Places of what is read, and that nothing of YAML's wilder half comes through. */
#include <string.h>

#include "tests/lib/tap.h"
#include "tools/pod-config/yaml.h"

static struct node *read_text(const char *text, struct problems *p)
{
	return yaml_read(text, strlen(text), p);
}

static void test_places(void)
{
	OWN_PROBLEMS struct problems p = {.file = "test"};
	OWN_NODE struct node *n = read_text("a: 1\nsub:\n  - x\n  - {k: \"é\", l: off}\n", &p);
	const struct node *list = node_entry(n, "SUB"), *map = list->child[1];

	is_int((intmax_t)p.errors, 0, "no errors");
	is_int(node_entry(n, "a")->at.column, 4, "column of a value");
	is_int(list->key_at.line, 2, "line of a key");
	is_int(list->at.line, 3, "line of a list");
	is_int(node_entry(map, "l")->at.column, 17, "columns are counted in characters");
	ok(!node_entry(map, "k")->plain, "quoted is not plain");
	ok(node_entry(map, "l")->plain, "plain is plain");
	is_str(node_entry(map, "l")->text, "off", "and keeps its text");
	ok(node_find(n, "sub") == list, "found by path");
	ok(!node_find(n, "sub.k.l"), "nothing below a list");
}

static void test_kinds(void)
{
	OWN_PROBLEMS struct problems p = {.file = "test"};
	OWN_NODE struct node *n = read_text("a:\nb: ''\nc: []\nd: {}\ne: null\nf: ~\n", &p);
	static const enum node_kind want[] = {NODE_NULL, NODE_SCALAR, NODE_LIST,
					      NODE_MAP,  NODE_SCALAR, NODE_SCALAR};

	for (size_t i = 0; i < 6; i++)
		is_int(n->child[i]->kind, want[i], "kind of %s", n->child[i]->key);
}

static void test_first_error(const char *text, unsigned line, unsigned column, const char *words)
{
	OWN_PROBLEMS struct problems p = {.file = "test"};
	OWN_NODE struct node *n = read_text(text, &p);

	if (!ok(p.n > 0, "'%s' has an error", words))
		return;
	is_int(p.v[0].at.line, line, "'%s': line", words);
	is_int(p.v[0].at.column, column, "'%s': column", words);
	ok(strstr(p.v[0].text, words), "'%s' is said: %s", words, p.v[0].text);
}

static void test_bounds(void)
{
	OWN_PROBLEMS struct problems p = {.file = "test"};
	size_t len = NODE_BYTES_MAX + 1;
	char *text = malloc(len);
	OWN_NODE struct node *n = NULL;

	memset(text, '\n', len);
	n = yaml_read(text, len, &p);
	ok(!n && p.errors == 1, "one byte too many is refused");
	n = yaml_read(text, len - 1, &p);
	ok(n && p.errors == 1, "the last byte is read");
	free(text);
}

int main(void)
{
	test_places();
	test_kinds();
	test_first_error("a: &x 1\n", 1, 4, "anchor &x");
	test_first_error("a: *x\n", 1, 4, "alias *x");
	test_first_error("a: !t 1\n", 1, 4, "tag !t");
	test_first_error("a: 1\nb: 2\na: 3\n", 3, 1, "stands twice, first in line 1");
	test_first_error("a: {b: 1, b: 2}\n", 1, 11, "stands twice");
	test_first_error("<<: {a: 1}\n", 1, 1, "merge key");
	test_first_error("a: 1\n--- \nb: 2\n", 2, 1, "second document");
	test_first_error("a:\n\t- b\n", 2, 1, "a tab");
	test_first_error("a: \"\xc3\xa9\xff\"\n", 1, 6, "not UTF-8");
	test_first_error("\xff\xfe"
			 "a",
			 1, 1, "not UTF-8");
	test_first_error("[a]: 1\n", 1, 1, "a key must be a word");
	test_first_error("- a\n", 1, 1, "not a list");
	test_first_error("{a: 1", 2, 1, "not valid YAML");
	test_bounds();
	return done_testing();
}
