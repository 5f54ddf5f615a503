/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-queue/types.h"

#include <stdio.h>
#include <string.h>

const char *const tier_names[TIERS] = {"immediate", "delayed", "staged", "blocked"};

#define EXTERNAL true, false
#define INTERNAL false, false
#define GOVERNED false, true

/* clang-format off */
const struct type types[] = {
	{"http_get", TIER_IMMEDIATE, EXTERNAL, "url* headers:map", "fetch a URL"},
	{"http_post", TIER_STAGED, EXTERNAL, "url* body:any content_type headers:map", "send a POST request"},
	{"http_put", TIER_STAGED, EXTERNAL, "url* body:any content_type headers:map", "send a PUT request"},
	{"http_patch", TIER_STAGED, EXTERNAL, "url* body:any content_type headers:map", "send a PATCH request"},
	{"http_delete", TIER_STAGED, EXTERNAL, "url* headers:map", "send a DELETE request"},
	{"webhook", TIER_STAGED, EXTERNAL, "url* payload*:any secret_header headers:map", "post a JSON payload"},
	{"file_create", TIER_IMMEDIATE, INTERNAL, "path* content", "make a new file"},
	{"file_write", TIER_IMMEDIATE, INTERNAL, "path* content* append:flag", "replace or extend a file"},
	{"file_copy", TIER_IMMEDIATE, INTERNAL, "src* dst*", "copy a file"},
	{"dir_create", TIER_IMMEDIATE, INTERNAL, "path*", "make a directory"},
	{"file_delete", TIER_DELAYED, INTERNAL, "path* recursive:flag", "delete a file"},
	{"dir_delete", TIER_DELAYED, INTERNAL, "path* recursive:flag", "delete a directory"},
	{"file_move", TIER_DELAYED, INTERNAL, "src* dst*", "move a file"},
	{"git_commit", TIER_STAGED, INTERNAL, "message* paths:list working_dir", "commit to the repository"},
	{"git_push", TIER_STAGED, INTERNAL, "remote branch working_dir", "push a branch"},
	{"git_pull", TIER_IMMEDIATE, INTERNAL, "remote branch working_dir", "pull a branch"},
	{"git_checkout", TIER_IMMEDIATE, INTERNAL, "branch* create:flag working_dir", "check a branch out"},
	{"git_branch", TIER_IMMEDIATE, INTERNAL, "name* delete:flag working_dir", "make or delete a branch"},
	{"git_tag", TIER_IMMEDIATE, INTERNAL, "name* message push:flag working_dir", "make a tag"},
	{"custom", TIER_STAGED, INTERNAL, NULL, "a program of the pod's owner"},
	{"request", TIER_STAGED, GOVERNED, "description*", "ask a person for something, in words"},
	{"commit", TIER_STAGED, GOVERNED, NULL, "bring changes to the host: pod-mount asks, no agent"},
	{"rollback", TIER_STAGED, GOVERNED, NULL, "drop changes: likewise"},
	{"snapshot", TIER_IMMEDIATE, GOVERNED, "name", "keep the pod's state as it is now"},
	{"domain", TIER_STAGED, GOVERNED, "name* for", "let the pod resolve a name"},
	{0},
};
/* clang-format on */

static const struct {
	const char *word;
	enum param_kind kind;
} kinds[] = {
	{"text", PARAM_TEXT}, {"flag", PARAM_FLAG}, {"number", PARAM_NUMBER},
	{"list", PARAM_LIST}, {"map", PARAM_MAP},   {"any", PARAM_ANY},
};

enum tier tier_of(const char *word)
{
	int t = 0;

	while (t < TIERS && strcmp(tier_names[t], word) != 0)
		t++;
	return (enum tier)t;
}

const struct type *type_find(const char *name)
{
	for (const struct type *t = types; t->name; t++)
		if (strcmp(t->name, name) == 0)
			return t;
	return NULL;
}

bool type_is_ours(const struct type *t)
{
	return t->is_governed && !t->params;
}

const char *param_word(enum param_kind kind)
{
	return kinds[kind].word;
}

static enum param_kind kind_of(const char *word, size_t len)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strlen(kinds[i].word) == len && strncmp(kinds[i].word, word, len) == 0)
			return kinds[i].kind;
	return PARAM_ANY;
}

bool param_next(const char **at, struct param *p)
{
	size_t len = strcspn(*at, " "), name = strcspn(*at, "*: ");
	const char *colon = memchr(*at, ':', len);

	if (len == 0)
		return false;
	*p = (struct param){.required = memchr(*at, '*', len) != NULL};
	snprintf(p->name, sizeof(p->name), "%.*s", (int)name, *at);
	if (colon)
		p->kind = kind_of(colon + 1, len - (size_t)(colon + 1 - *at));
	*at += len + strspn(*at + len, " ");
	return true;
}
