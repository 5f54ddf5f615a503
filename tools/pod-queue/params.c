/* SPDX-License-Identifier: Apache-2.0 */
/* Do the parameters of an action fit what it takes? */
#include <stdio.h>
#include <string.h>

#include "libcommon/jsonr.h"
#include "tools/pod-queue/catalog.h"

void params_print(const struct param *v, size_t n, struct buf *out)
{
	for (size_t i = 0; i < n; i++)
		buf_fmt(out, "%s%s%s:%s", i ? " " : "", v[i].name, v[i].required ? "*" : "",
			param_word(v[i].kind));
	buf_str(out, "");
}

size_t params_parse(struct param *v, size_t max, const char *text)
{
	size_t n = 0;

	while (n < max && param_next(&text, &v[n]))
		n++;
	return n;
}

static bool fits(enum param_kind kind, char first)
{
	static const char *const begins[] = {
		[PARAM_TEXT] = "\"",  [PARAM_FLAG] = "tf", [PARAM_NUMBER] = "-0123456789",
		[PARAM_LIST] = "[\"", [PARAM_MAP] = "{",   [PARAM_ANY] = NULL};

	return !begins[kind] || (first && strchr(begins[kind], first));
}

static const struct param *find(const struct param *v, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(v[i].name, name) == 0)
			return &v[i];
	return NULL;
}

int entry_check(const struct param *v, size_t n, const char *params, struct err *e)
{
	bool seen[CATALOG_PARAMS] = {false};
	char key[PARAM_NAME];
	struct json j;

	json_init(&j, params, strlen(params));
	if (json_open(&j, '{'))
		while (json_member(&j, key, sizeof(key))) {
			const struct param *p = find(v, n, key);

			if (!p)
				return err_set(e, ERR_PLAIN, "params: there is no %.31s", key);
			if (!fits(p->kind, json_peek(&j)))
				return err_set(e, ERR_PLAIN, "params: %s: a %s was expected",
					       p->name, param_word(p->kind));
			seen[p - v] = true;
			json_skip(&j);
		}
	json_end(&j);
	if (j.fault)
		return err_set(e, ERR_PLAIN, "params: %s", j.fault);
	for (size_t i = 0; i < n; i++)
		if (v[i].required && !seen[i])
			return err_set(e, ERR_PLAIN, "params: %s is missing", v[i].name);
	return 0;
}
