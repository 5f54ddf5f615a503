/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-config/tree.h"

#include <stdlib.h>
#include <string.h>

static jv words(const char *path)
{
	return jv_string_split(jv_string(path), jv_string("."));
}

jv tree_get(jv root, const char *path)
{
	jv value = jv_getpath(jv_copy(root), words(path));

	if (jv_get_kind(value) != JV_KIND_NULL)
		return value;
	jv_free(value);
	return jv_invalid();
}

bool tree_has(jv root, const char *path)
{
	jv value = tree_get(root, path);
	bool has = jv_is_valid(value);

	jv_free(value);
	return has;
}

bool tree_is(jv root, const char *path, const char *text)
{
	jv value = tree_get(root, path);
	bool same = false;

	if (jv_is_valid(value)) {
		value = tree_text(value);
		same = strcmp(jv_string_value(value), text) == 0;
	}
	jv_free(value);
	return same;
}

bool tree_is_set(jv root, const char *path)
{
	jv value = tree_get(root, path);
	jv_kind kind = jv_get_kind(value);
	bool is_set = kind == JV_KIND_TRUE || kind == JV_KIND_NUMBER || kind == JV_KIND_STRING;

	if (kind == JV_KIND_ARRAY)
		is_set = jv_array_length(jv_copy(value)) > 0;
	if (kind == JV_KIND_OBJECT)
		is_set = jv_object_length(jv_copy(value)) > 0;
	jv_free(value);
	return is_set;
}

double tree_number(jv root, const char *path, double fallback)
{
	jv value = tree_get(root, path);
	double number = jv_get_kind(value) == JV_KIND_NUMBER ? jv_number_value(value) : fallback;

	jv_free(value);
	return number;
}

void tree_set(jv *root, const char *path, jv value)
{
	*root = jv_setpath(*root, words(path), value);
}

void tree_set_missing(jv *root, const char *path, jv value)
{
	if (tree_has(*root, path))
		jv_free(value);
	else
		tree_set(root, path, value);
}

void tree_drop(jv *root, const char *path)
{
	if (tree_has(*root, path))
		*root = jv_delpaths(*root, JV_ARRAY(words(path)));
}

jv tree_text(jv value)
{
	return jv_get_kind(value) == JV_KIND_STRING ? value : jv_dump_string(value, 0);
}
