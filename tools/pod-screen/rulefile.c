/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file of rules: YAML, read by libyaml into its document, of which each node knows its line and
 * column.  Nothing here follows more than one node at a time, so aliases cannot grow.
 */
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "envpod/exit.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "tools/pod-screen/pattern.h"
#include "tools/pod-screen/rule.h"
#include "tools/pod-screen/valid.h"

#define WORDS_MAX  200u
#define WORD_DEPTH 8
#define TEST_MAX   (64u << 10)

struct reader {
	struct ruleset *set;
	yaml_document_t doc;
	const char *file;
	const yaml_node_t *words; /* what {name} in a pattern stands for; NULL: nothing */
	struct err *e;
};

struct field {
	const char *key;
	int (*read)(struct reader *r, const yaml_node_t *value, struct rule *rule);
};

static int fault(struct reader *r, const yaml_mark_t *at, const char *text)
{
	return err_status(r->e, POD_EXIT_CONFIG, ERR_PLAIN, "%s:%zu:%zu: %s", esc(r->file),
			  at->line + 1, at->column + 1, text);
}

static int wrong(struct reader *r, const yaml_node_t *node, const char *text)
{
	return fault(r, &node->start_mark, text);
}

static const char *scalar(const yaml_node_t *n)
{
	return n->type == YAML_SCALAR_NODE ? (const char *)n->data.scalar.value : NULL;
}

static yaml_node_t *get(struct reader *r, int number)
{
	return yaml_document_get_node(&r->doc, number);
}

/* --- texts --- */

static int add_text(struct reader *r, const yaml_node_t *n, struct strv *to)
{
	const char *text = scalar(n);

	if (!text || strlen(text) != n->data.scalar.length)
		return wrong(r, n, "a text is due here");
	if (n->data.scalar.length > TEST_MAX || to->n >= RULES_MAX)
		return wrong(r, n, "this is too much");
	strv_add(to, text);
	return 0;
}

/* One text, or a list of them. */
static int add_texts(struct reader *r, const yaml_node_t *n, struct strv *to)
{
	if (n->type != YAML_SEQUENCE_NODE)
		return add_text(r, n, to);
	for (const yaml_node_item_t *i = n->data.sequence.items.start;
	     i < n->data.sequence.items.top; i++) {
		const int err = add_text(r, get(r, *i), to);

		if (err < 0)
			return err;
	}
	return 0;
}

static const yaml_node_t *member(struct reader *r, const yaml_node_t *map, const char *key,
				 size_t len)
{
	const yaml_node_pair_t *i = map ? map->data.mapping.pairs.start : NULL;

	for (; map && i < map->data.mapping.pairs.top; i++) {
		const char *word = scalar(get(r, i->key));

		if (word && strlen(word) == len && strncmp(word, key, len) == 0)
			return get(r, i->value);
	}
	return NULL;
}

/* --- patterns --- */

/* The name in {name} at text, which is no {1,2}: its length, or 0. */
static size_t word_name(const char *text)
{
	size_t n = 1;

	if (text[0] != '{')
		return 0;
	while ((text[n] >= 'a' && text[n] <= 'z') || text[n] == '-')
		n++;
	return n > 1 && text[n] == '}' ? n - 1 : 0;
}

static int expand(struct reader *r, const yaml_node_t *at, const char *text, unsigned depth,
		  struct buf *out)
{
	if (depth > WORD_DEPTH)
		return wrong(r, at, "words of words of words, without end");
	for (; *text; text++) {
		const size_t n = word_name(text);
		const yaml_node_t *word = n ? member(r, r->words, text + 1, n) : NULL;

		if (out->len > PATTERN_MAX)
			return wrong(r, at, "the pattern is too long");
		if (*text == '\\' && text[1]) {
			buf_add(out, text++, 2);
			continue;
		}
		if (!n) {
			buf_char(out, *text);
			continue;
		}
		if (!word || !scalar(word))
			return wrong(r, at, "a {word} that `words` does not have");
		buf_str(out, "(?:");
		if (expand(r, word, scalar(word), depth + 1, out) < 0)
			return -EINVAL;
		buf_char(out, ')');
		text += n + 1;
	}
	return 0;
}

static int add_pattern(struct reader *r, const yaml_node_t *n, struct rule *rule)
{
	OWN_BUF struct buf b = BUF_INIT;
	OWN(program_finish) struct program p;
	struct err inner = {0};
	size_t at;
	int err;

	program_init(&p,
		     READ_TEXT); /* the reading that folds characters is the more demanding one */
	if (!scalar(n))
		return wrong(r, n, "a pattern is a text");
	err = expand(r, n, scalar(n), 0, &b);
	if (err < 0)
		return err;
	if (program_add(&p, b.data ? b.data : "", false, 0, &at, &inner) < 0)
		return wrong(r, n, inner.msg);
	if (rule->patterns.n >= 100)
		return wrong(r, n, "a rule has at most 100 patterns");
	strv_add(&rule->patterns, b.data);
	return 0;
}

static int read_patterns(struct reader *r, const yaml_node_t *n, struct rule *rule)
{
	if (n->type != YAML_SEQUENCE_NODE)
		return add_pattern(r, n, rule);
	for (const yaml_node_item_t *i = n->data.sequence.items.start;
	     i < n->data.sequence.items.top; i++) {
		const int err = add_pattern(r, get(r, *i), rule);

		if (err < 0)
			return err;
	}
	return 0;
}

/* --- a rule --- */

static int read_name(struct reader *r, const yaml_node_t *n, struct rule *rule)
{
	const char *name = scalar(n);

	if (!name || !*name || strlen(name) > RULE_NAME_MAX ||
	    name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-")])
		return wrong(r, n, "a name is of small letters, digits and hyphens, at most 64");
	free(rule->name);
	rule->name = xstrdup(name);
	return 0;
}

static int read_about(struct reader *r, const yaml_node_t *n, struct rule *rule)
{
	if (!scalar(n))
		return wrong(r, n, "a sentence is due here");
	free(rule->about);
	rule->about = xstrdup(scalar(n));
	return 0;
}

static int read_category(struct reader *r, const yaml_node_t *n, struct rule *rule)
{
	const int i = scalar(n) ? word_index(category_names, CATEGORIES, scalar(n)) : -1;

	if (i < 0)
		return wrong(r, n, "category is injection, credentials, exfiltration or pii");
	rule->category = (enum category)i;
	return 0;
}

static int read_severity(struct reader *r, const yaml_node_t *n, struct rule *rule)
{
	const int i = scalar(n) ? word_index(severity_names, SEVERITIES, scalar(n)) : -1;

	if (i < 0)
		return wrong(r, n, "severity is low, medium, high or critical");
	rule->severity = (enum severity)i;
	return 0;
}

static int read_views(struct reader *r, const yaml_node_t *n, struct rule *rule)
{
	OWN_STRV struct strv words = {0};

	if (add_texts(r, n, &words) < 0)
		return -EINVAL;
	rule->views = 0;
	for (size_t i = 0; i < words.n; i++) {
		const int view = word_index(view_names, VIEWS, words.v[i]);

		if (view < 0)
			return wrong(r, n, "in is a list of raw, text, leet, spaced and decoded");
		rule->views |= 1u << view;
	}
	return 0;
}

static int read_case(struct reader *r, const yaml_node_t *n, struct rule *rule)
{
	const char *word = scalar(n);

	if (!word || (strcmp(word, "ignore") != 0 && strcmp(word, "exact") != 0))
		return wrong(r, n, "case is ignore or exact");
	rule->ignore_case = *word == 'i';
	return 0;
}

static int read_valid(struct reader *r, const yaml_node_t *n, struct rule *rule)
{
	rule->valid = scalar(n) ? valid_by_name(scalar(n)) : NULL;
	return rule->valid ? 0
			   : wrong(r, n, "validate is luhn, iban, ssn, national, random or url");
}

static int read_fields(struct reader *r, const yaml_node_t *map, const struct field *fields,
		       struct rule *rule);

static int read_hits(struct reader *r, const yaml_node_t *n, struct rule *rule)
{
	return add_texts(r, n, &rule->hits);
}

static int read_cleans(struct reader *r, const yaml_node_t *n, struct rule *rule)
{
	return add_texts(r, n, &rule->cleans);
}

static int read_tests(struct reader *r, const yaml_node_t *n, struct rule *rule)
{
	static const struct field fields[] = {{"hit", read_hits}, {"clean", read_cleans}, {0}};

	return read_fields(r, n, fields, rule);
}

static int read_fields(struct reader *r, const yaml_node_t *map, const struct field *fields,
		       struct rule *rule)
{
	if (map->type != YAML_MAPPING_NODE)
		return wrong(r, map, "keys and values are due here");
	for (const yaml_node_pair_t *i = map->data.mapping.pairs.start;
	     i < map->data.mapping.pairs.top; i++) {
		const yaml_node_t *key = get(r, i->key);
		const struct field *f = fields;
		int err;

		while (f->key && scalar(key) && strcmp(f->key, scalar(key)) != 0)
			f++;
		if (!f->key || !scalar(key))
			return wrong(r, key, "nobody knows this key");
		if (member(r, map, f->key, strlen(f->key)) != get(r, i->value))
			return wrong(r, key, "this key is there twice");
		err = f->read(r, get(r, i->value), rule);
		if (err < 0)
			return err;
	}
	return 0;
}

static const struct field rule_fields[] = {
	{"name", read_name},
	{"about", read_about},
	{"category", read_category},
	{"severity", read_severity},
	{"in", read_views},
	{"case", read_case},
	{"pattern", read_patterns},
	{"patterns", read_patterns},
	{"validate", read_valid},
	{"tests", read_tests},
	{0},
};

/* Words of people are read in every form, keys and numbers as they are. */
static unsigned default_views(enum category c)
{
	if (c == CATEGORY_CREDENTIALS || c == CATEGORY_PII)
		return 1u << VIEW_RAW | 1u << VIEW_DECODED;
	return 1u << VIEW_TEXT | 1u << VIEW_LEET | 1u << VIEW_SPACED | 1u << VIEW_DECODED;
}

/* A later rule takes the place of one that has its name. */
static struct rule *place_for(struct ruleset *s, const char *name)
{
	for (size_t i = 0; i < s->n; i++)
		if (strcmp(s->rules[i].name, name) == 0)
			return &s->rules[i];
	return NULL;
}

static int keep(struct reader *r, const yaml_node_t *n, struct rule *rule)
{
	struct rule *old = rule->name ? place_for(r->set, rule->name) : NULL;

	if (!rule->name || !rule->patterns.n)
		return wrong(r, n, "a rule needs a name, a category and a pattern");
	if (!rule->hits.n)
		return wrong(r, n, "a rule needs tests: at least one text that it hits");
	if (old && strcmp(old->file, r->file) == 0)
		return wrong(r, n, "a rule of that name is there already");
	if (!rule->views)
		rule->views = default_views(rule->category);
	if (!old && r->set->n >= RULES_MAX)
		return wrong(r, n, "too many rules");
	if (!old) {
		r->set->rules = xrealloc(r->set->rules, (r->set->n + 1) * sizeof(*rule));
		old = &r->set->rules[r->set->n++];
		*old = (struct rule){0};
	}
	rule->file = xstrdup(r->file);
	rule->line = (unsigned)n->start_mark.line + 1;
	rule->column = (unsigned)n->start_mark.column + 1;
	{
		const struct rule swap = *old;

		*old = *rule;
		*rule = swap;
	}
	return 0;
}

static void rule_drop(struct rule *rule)
{
	struct ruleset one = {rule, 1};

	if (rule->name || rule->patterns.v || rule->hits.v || rule->cleans.v || rule->about) {
		one.rules = xcalloc(1, sizeof(*rule));
		*one.rules = *rule;
		rules_finish(&one);
	}
}

static int read_rule(struct reader *r, const yaml_node_t *n)
{
	OWN(rule_drop) struct rule rule = {.severity = SEVERITY_MEDIUM};
	int err = read_fields(r, n, rule_fields, &rule);

	if (err == 0 && !member(r, n, "category", 8))
		return wrong(r, n, "a rule needs a name, a category and a pattern");
	return err < 0 ? err : keep(r, n, &rule);
}

/* --- the file --- */

static int read_disable(struct reader *r, const yaml_node_t *n, struct rule *unused)
{
	OWN_STRV struct strv names = {0};

	(void)unused;
	if (add_texts(r, n, &names) < 0)
		return -EINVAL;
	for (size_t i = 0; i < names.n; i++) {
		struct rule *rule = place_for(r->set, names.v[i]);

		if (!rule)
			return wrong(r, n, "no rule has this name (pod-screen rules lists them)");
		rule->off = true;
	}
	return 0;
}

static int read_version(struct reader *r, const yaml_node_t *n, struct rule *unused)
{
	(void)unused;
	return scalar(n) && strcmp(scalar(n), "1") == 0 ? 0 : wrong(r, n, "this is version 1");
}

static int read_words(struct reader *r, const yaml_node_t *n, struct rule *unused)
{
	(void)unused;
	if (n->type != YAML_MAPPING_NODE ||
	    n->data.mapping.pairs.top - n->data.mapping.pairs.start > (long)WORDS_MAX)
		return wrong(r, n, "words are names and patterns, at most 200");
	r->words = n;
	return 0;
}

static int read_rules(struct reader *r, const yaml_node_t *n, struct rule *unused)
{
	(void)unused;
	if (n->type != YAML_SEQUENCE_NODE)
		return wrong(r, n, "a list of rules is due here");
	for (const yaml_node_item_t *i = n->data.sequence.items.start;
	     i < n->data.sequence.items.top; i++) {
		const int err = read_rule(r, get(r, *i));

		if (err < 0)
			return err;
	}
	return 0;
}

static int read_root(struct reader *r)
{
	static const struct field fields[] = {{"version", read_version}, {"about", read_about},
					      {"words", read_words},     {"disable", read_disable},
					      {"rules", read_rules},     {0}};
	const yaml_node_t *root = yaml_document_get_root_node(&r->doc);
	OWN(rule_drop) struct rule unused = {0};
	const yaml_mark_t top = {0};

	if (!root)
		return fault(r, &top, "there is nothing in it");
	return read_fields(r, root, fields, &unused);
}

int rules_parse(struct ruleset *s, const char *file, const char *text, size_t len, struct err *e)
{
	struct reader r = {.set = s, .file = file, .e = e};
	yaml_parser_t parser;
	int err;

	if (!yaml_parser_initialize(&parser))
		return err_set(e, ENOMEM, "read %s", esc(file));
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, len);
	if (yaml_parser_load(&parser, &r.doc)) {
		err = read_root(&r);
		yaml_document_delete(&r.doc);
	} else {
		err = fault(&r, &parser.problem_mark, parser.problem ? parser.problem : "no YAML");
	}
	yaml_parser_delete(&parser);
	return err;
}
