/* SPDX-License-Identifier: Apache-2.0 */
/* pod-dash routes: the table for people, or as the OpenAPI document of share/dashboard. */
#include <stdio.h>
#include <string.h>

#include "envpod/exit.h"
#include "libcommon/jsonw.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/say.h"
#include "tools/pod-dash/cmds.h"
#include "tools/pod-dash/route.h"

static void print_text(void)
{
	for (size_t i = 0; i < routes_count(); i++) {
		printf("%-7s%-42s%-8s", routes[i].method, routes[i].path,
		       role_names[routes[i].role]);
		for (const char *const *w = routes[i].words;
		     w < routes[i].words + ROUTE_WORDS && *w; w++)
			printf(" %s", *w);
		putchar('\n');
	}
}

static const char *type_of(enum field_kind kind)
{
	return kind == FIELD_BOOL ? "boolean" : kind == FIELD_NUMBER ? "number" : "string";
}

static void add_schema(struct buf *b, const struct field *f)
{
	jw_open(b, '{');
	jw_kstr(b, "type", f->many ? "array" : type_of(f->kind));
	if (f->many) {
		jw_key(b, "items");
		jw_open(b, '{');
		jw_kstr(b, "type", type_of(f->kind));
		jw_close(b, '}');
	}
	jw_close(b, '}');
}

/* Is it one of the path's? */
static bool in_path(const struct route *r, const struct field *f)
{
	OWN_FREE char *word = xfmt("{%s}", f->name);

	return strstr(r->path, word) != NULL;
}

static bool is_needed(const struct route *r, const struct field *f)
{
	for (const char *const *w = r->words; w < r->words + ROUTE_WORDS && *w; w++)
		if ((**w == '$' || **w == '*') && strcmp(*w + 1, f->name) == 0)
			return true;
	return false;
}

static void add_parameters(struct buf *b, const struct route *r)
{
	bool question = strcmp(r->method, "GET") == 0;

	jw_key(b, "parameters");
	jw_open(b, '[');
	for (const struct field *f = r->fields; f < r->fields + ROUTE_FIELDS && f->name; f++) {
		if (!in_path(r, f) && !question)
			continue;
		jw_open(b, '{');
		jw_kstr(b, "name", f->name);
		jw_kstr(b, "in", in_path(r, f) ? "path" : "query");
		jw_kbool(b, "required", in_path(r, f) || is_needed(r, f));
		jw_key(b, "schema");
		add_schema(b, f);
		jw_close(b, '}');
	}
	jw_close(b, ']');
}

static void add_body(struct buf *b, const struct route *r)
{
	jw_key(b, "requestBody");
	jw_open(b, '{');
	jw_key(b, "content");
	jw_open(b, '{');
	jw_key(b, "application/json");
	jw_open(b, '{');
	jw_key(b, "schema");
	jw_open(b, '{');
	jw_kstr(b, "type", "object");
	jw_key(b, "properties");
	jw_open(b, '{');
	for (const struct field *f = r->fields; f < r->fields + ROUTE_FIELDS && f->name; f++) {
		if (in_path(r, f))
			continue;
		jw_key(b, f->name);
		add_schema(b, f);
	}
	for (int i = 0; i < 5; i++)
		jw_close(b, '}');
}

static void add_answers(struct buf *b, const struct route *r)
{
	static const struct {
		const char *status, *text;
	} all[] = {
		{"400", "The request says what it may not."},
		{"401", "Nobody is logged in."},
		{"403", "The login's role, or the host, does not allow it."},
		{"404", "There is no such pod."},
		{"409", "Refused by policy or for a conflict; nothing was changed."},
		{"422", "The command failed, or a file is wrong; error says why."},
		{"423", "Another command holds the pod: try again."},
	};

	jw_key(b, "responses");
	jw_open(b, '{');
	jw_key(b, r->done && strcmp(r->done, "created") == 0 && strchr(r->path, '{') == NULL
			  ? "201"
			  : "200");
	jw_open(b, '{');
	jw_kstr(b, "description", r->done ? r->done : "what the command prints");
	jw_close(b, '}');
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		jw_key(b, all[i].status);
		jw_open(b, '{');
		jw_kstr(b, "description", all[i].text);
		jw_close(b, '}');
	}
	jw_close(b, '}');
}

static void add_route(struct buf *b, const struct route *r)
{
	char method[8];
	size_t i;

	for (i = 0; r->method[i] && i < sizeof(method) - 1; i++)
		method[i] = (char)(r->method[i] | 32);
	method[i] = '\0';
	jw_key(b, method);
	jw_open(b, '{');
	jw_kstr(b, "summary", r->text);
	jw_kstr(b, "x-role", role_names[r->role]);
	add_parameters(b, r);
	if (strcmp(r->method, "GET") != 0)
		add_body(b, r);
	add_answers(b, r);
	jw_close(b, '}');
}

/* The first route of a path brings all its methods. */
static bool is_first(size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (strcmp(routes[i].path, routes[at].path) == 0)
			return false;
	return true;
}

static void print_openapi(void)
{
	OWN_BUF struct buf b = BUF_INIT;

	jw_open(&b, '{');
	jw_kstr(&b, "openapi", "3.1.0");
	jw_key(&b, "info");
	jw_open(&b, '{');
	jw_kstr(&b, "title", "envpod dashboard");
	jw_kstr(&b, "version", "1");
	jw_kstr(&b, "description",
		"Each request is a command of envpod; see pod-dash(1). Changes need the login's cookie, "
		"Origin and X-Envpod: 1, or a token. Lists are lines for Accept: application/x-ndjson.");
	jw_close(&b, '}');
	jw_key(&b, "paths");
	jw_open(&b, '{');
	for (size_t i = 0; i < routes_count(); i++) {
		if (!is_first(i))
			continue;
		jw_key(&b, routes[i].path);
		jw_open(&b, '{');
		for (size_t k = i; k < routes_count(); k++)
			if (strcmp(routes[k].path, routes[i].path) == 0)
				add_route(&b, &routes[k]);
		jw_close(&b, '}');
	}
	jw_close(&b, '}');
	jw_close(&b, '}');
	puts(b.data);
}

int cmd_routes(int argc, char **argv)
{
	bool openapi = false;
	const struct opt opts[] = {
		{OPT_FLAG, 0, "openapi", &openapi, NULL, "as an OpenAPI document, in JSON"},
		{0},
	};
	const struct opt_usage usage = {
		"pod-dash routes [--openapi]",
		"List what /api/v1 has: method, path, role, and the command it is.", 0, 0, 0};

	opt_parse(opts, &usage, argc, argv);
	if (openapi)
		print_openapi();
	else
		print_text();
	return say_end(POD_EXIT_OK);
}
