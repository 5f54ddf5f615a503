/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-queue/catalog.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/io.h"
#include "libcommon/jsonr.h"
#include "libcommon/jsonw.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "tools/pod-queue/canon.h"

void entry_finish(struct entry *en)
{
	free(en->description);
	free(en->config);
	en->description = en->config = NULL;
}

void catalog_finish(struct catalog *c)
{
	for (size_t i = 0; i < c->n; i++)
		entry_finish(&c->v[i]);
	free(c->v);
	*c = (struct catalog){0};
}

struct entry *catalog_find(const struct catalog *c, const char *name)
{
	for (size_t i = 0; i < c->n; i++)
		if (strcmp(c->v[i].name, name) == 0)
			return &c->v[i];
	return NULL;
}

static struct entry *add(struct catalog *c)
{
	c->v = xrealloc(c->v, (c->n + 1) * sizeof(*c->v));
	c->v[c->n] = (struct entry){.tier = TIERS, .delay = TYPE_DELAY};
	return &c->v[c->n++];
}

void entry_take_type(struct entry *en, const struct type *t)
{
	const char *at = t->params;

	en->n_params = 0;
	en->is_free = !at;
	while (at && en->n_params < CATALOG_PARAMS && param_next(&at, &en->params[en->n_params]))
		en->n_params++;
}

void catalog_add_types(struct catalog *c)
{
	for (const struct type *t = types; t->name; t++) {
		struct entry *en;

		if (strcmp(t->name, "custom") == 0 || type_is_ours(t) || catalog_find(c, t->name))
			continue;
		en = add(c);
		snprintf(en->name, sizeof(en->name), "%s", t->name);
		en->type = t;
		en->tier = t->tier;
		en->description = xstrdup(t->help);
		en->config = xstrdup("{}");
		entry_take_type(en, t);
	}
}

/* --- reading --- */

static const struct param *type_param(const struct type *t, const char *name, struct param *out)
{
	for (const char *at = t->params; at && param_next(&at, out);)
		if (strcmp(out->name, name) == 0)
			return out;
	return NULL;
}

static void read_param(struct json *j, struct entry *en)
{
	struct param *p = &en->params[en->n_params];
	char key[32], kind[16];

	if (en->n_params == CATALOG_PARAMS) {
		json_wrong(j, "more parameters than an action may have");
		return;
	}
	*p = (struct param){.kind = PARAM_ANY};
	if (!json_open(j, '{'))
		return;
	while (json_member(j, key, sizeof(key))) {
		if (strcmp(key, "name") == 0) {
			json_string(j, p->name, sizeof(p->name));
		} else if (strcmp(key, "required") == 0) {
			p->required = json_peek(j) == 't';
			json_skip(j);
		} else if (strcmp(key, "kind") == 0 && json_string(j, kind, sizeof(kind))) {
			while (p->kind > PARAM_TEXT && strcmp(param_word(p->kind), kind) != 0)
				p->kind--;
			if (strcmp(param_word(p->kind), kind) != 0)
				json_wrong(j, "kind is none of text, flag, number, list, map, any");
		} else {
			json_skip(j);
		}
	}
	if (!j->fault && !action_is_name(p->name))
		json_wrong(j, "a parameter needs a name, of letters, digits, '.', '_' and '-'");
	en->n_params++;
}

/* What is listed narrows the type: nothing it does not take can be added. */
static void narrow(struct json *j, struct entry *en)
{
	struct param own;

	for (size_t i = 0; i < en->n_params; i++) {
		if (!type_param(en->type, en->params[i].name, &own)) {
			json_wrong(j, "params: the type has none of that name");
			return;
		}
		en->params[i].kind = own.kind;
		en->params[i].required = en->params[i].required || own.required;
	}
	for (const char *at = en->type->params; at && param_next(&at, &own);) {
		bool listed = false;

		for (size_t i = 0; i < en->n_params; i++)
			listed = listed || strcmp(en->params[i].name, own.name) == 0;
		if (own.required && !listed)
			json_wrong(j, "params: one that the type needs is missing");
	}
}

static void read_type(struct json *j, struct entry *en)
{
	char word[ACTION_NAME];

	if (!json_string(j, word, sizeof(word)))
		return;
	en->type = type_find(word);
	if (!en->type || type_is_ours(en->type))
		json_wrong(j, "action_type: there is no such type");
}

static void read_delay(struct json *j, struct entry *en)
{
	int64_t n;

	if (!json_integer(j, &n))
		return;
	if (n < 0 || n > 31 * 86400)
		json_wrong(j, "delay: 0 to 2678400 seconds");
	en->delay = (uint32_t)n;
}

static void read_tier(struct json *j, struct entry *en)
{
	char word[16];

	if (json_string(j, word, sizeof(word)) && (en->tier = tier_of(word)) == TIERS)
		json_wrong(j, "tier is none of immediate, delayed, staged, blocked");
}

static void read_config(struct json *j, struct entry *en)
{
	const char *from;

	if (json_peek(j) != '{') {
		json_wrong(j, "config is an object");
		return;
	}
	from = j->p;
	if (json_skip(j)) {
		free(en->config);
		en->config = strndup(from, (size_t)(j->p - from));
	}
}

static void read_member(struct json *j, struct entry *en, const char *key, bool *is_explicit)
{
	char text[1024];

	if (strcmp(key, "name") == 0) {
		json_string(j, en->name, sizeof(en->name));
	} else if (strcmp(key, "description") == 0) {
		if (json_string(j, text, sizeof(text))) {
			free(en->description);
			en->description = xstrdup(text);
		}
	} else if (strcmp(key, "tier") == 0) {
		read_tier(j, en);
	} else if (strcmp(key, "action_type") == 0) {
		read_type(j, en);
	} else if (strcmp(key, "delay") == 0) {
		read_delay(j, en);
	} else if (strcmp(key, "config") == 0) {
		read_config(j, en);
	} else if (strcmp(key, "params") != 0) {
		json_wrong(j, "unknown key: an action has name, description, tier, action_type, "
			      "delay, config, params");
	} else if (json_open(j, '[')) {
		*is_explicit = true;
		while (json_element(j))
			read_param(j, en);
	}
}

static void end_entry(struct json *j, struct catalog *c, struct entry *en, bool is_explicit)
{
	if (!action_is_name(en->name)) {
		json_wrong(j, "an action needs a name, of letters, digits, '.', '_' and '-'");
		return;
	}
	if (!en->type)
		en->type = type_find(en->name);
	if (!en->type || type_is_ours(en->type))
		en->type = type_find("custom");
	if (catalog_find(c, en->name) != en)
		json_wrong(j, "two actions of one name");
	if (en->tier == TIERS)
		en->tier = en->type->tier;
	if (!en->description)
		en->description = xstrdup(en->type->help);
	if (!en->config)
		en->config = xstrdup("{}");
	if (!is_explicit)
		entry_take_type(en, en->type);
	else if (en->type->params)
		narrow(j, en);
}

static void read_entry(struct json *j, struct catalog *c)
{
	struct entry *en;
	bool is_explicit = false;
	char key[32];

	if (c->n == CATALOG_MAX) {
		json_wrong(j, "more than 256 actions");
		return;
	}
	en = add(c);
	en->is_named = true;
	if (json_open(j, '{'))
		while (json_member(j, key, sizeof(key)))
			read_member(j, en, key, &is_explicit);
	if (!j->fault)
		end_entry(j, c, en, is_explicit);
}

static int fault_at(const char *data, size_t at, const char *fault, struct err *e)
{
	struct json j = {.start = data, .p = data + at};
	unsigned line, column;

	json_place(&j, &line, &column);
	return err_status(e, POD_EXIT_CONFIG, ERR_PLAIN, CATALOG_FILE ":%u:%u: %s", line, column,
			  fault);
}

/* The one form first: it knows every escape.  Places are those of the file while it lasts; what is
 * wrong behind that is said by the name of the action. */
int catalog_parse(struct catalog *c, const char *data, size_t len, struct err *e)
{
	OWN_BUF struct buf text = BUF_INIT;
	const char *fault;
	struct json j;
	size_t at;

	*c = (struct catalog){0};
	if (canon_value(&text, data, len, &fault, &at) < 0)
		return fault_at(data, at, fault, e);
	json_init(&j, text.data, text.len);
	if (json_open(&j, '['))
		while (json_element(&j))
			read_entry(&j, c);
	json_end(&j);
	if (!j.fault)
		return 0;
	return err_status(e, POD_EXIT_CONFIG, ERR_PLAIN, CATALOG_FILE ": action %zu (%s): %s", c->n,
			  c->n && *c->v[c->n - 1].name ? esc(c->v[c->n - 1].name) : "no name",
			  j.fault);
}

int catalog_load(struct catalog *c, const struct pod *p, struct err *e)
{
	OWN_BUF struct buf text = BUF_INIT;
	int r = read_file_at(p->dir, CATALOG_FILE, &text, CATALOG_BYTES);

	*c = (struct catalog){0};
	if (r < 0 && r != -ENOENT)
		return err_set(e, -r, "read %s/" CATALOG_FILE, p->path);
	if (r == 0 && catalog_parse(c, text.data ? text.data : "", text.len, e) < 0) {
		catalog_finish(c);
		return err_wrap(e, "%s", p->path);
	}
	catalog_add_types(c);
	return 0;
}

/* --- writing --- */

void entry_print(const struct entry *en, struct buf *out)
{
	jw_open(out, '{');
	jw_kstr(out, "name", en->name);
	jw_kstr(out, "description", en->description);
	jw_kstr(out, "tier", tier_names[en->tier]);
	jw_kstr(out, "action_type", en->type->name);
	if (en->delay != TYPE_DELAY)
		jw_knum(out, "delay", en->delay);
	jw_key(out, "config");
	buf_str(out, en->config);
	if (!en->is_free) {
		jw_key(out, "params");
		jw_open(out, '[');
		for (size_t i = 0; i < en->n_params; i++) {
			jw_open(out, '{');
			jw_kstr(out, "name", en->params[i].name);
			jw_kstr(out, "kind", param_word(en->params[i].kind));
			jw_kbool(out, "required", en->params[i].required);
			jw_close(out, '}');
		}
		jw_close(out, ']');
	}
	jw_close(out, '}');
}

int catalog_save(const struct catalog *c, const struct pod *p, struct err *e)
{
	OWN_BUF struct buf out = BUF_INIT;
	int r;

	buf_str(&out, "[");
	for (size_t i = 0; i < c->n; i++)
		if (c->v[i].is_named) {
			buf_str(&out, out.len > 1 ? ",\n" : "\n");
			entry_print(&c->v[i], &out);
		}
	buf_str(&out, "\n]\n");
	r = write_file_at(p->dir, CATALOG_FILE, out.data, out.len, 0600, true);
	return r < 0 ? err_set(e, -r, "write %s/" CATALOG_FILE, p->path) : 0;
}
