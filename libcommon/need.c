/* SPDX-License-Identifier: Apache-2.0 */
#include "libcommon/need.h"

#include <ctype.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "envpod/exit.h"
#include "libcommon/io.h"
#include "libcommon/jsonr.h"
#include "libcommon/jsonw.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/unit.h"
#include "libcommon/words.h"

#define FILE_MAX (NEED_MAX * NEED_LINE_MAX)

/* Each kind's keys; all of them must be there. */
static const struct {
	const char *name;
	const char *keys[NEED_VALUES];
} kinds[NEED_KINDS] = {
	[NEED_DEVICE] = {"device", {"path"}},
	[NEED_ENV] = {"env", {"name", "value"}},
};

void need_finish(struct need *n)
{
	for (size_t i = 0; i < NEED_VALUES; i++)
		free(n->values[i]);
	*n = (struct need){0};
}

static int wrong(struct err *e, const char *what, const char *word)
{
	return err_status(e, POD_EXIT_FAILED, ERR_PLAIN, "%s: %s", what, esc(word));
}

static int find_kind(struct need *n, const char *word, struct err *e)
{
	for (int i = 0; i < NEED_KINDS; i++) {
		if (strcmp(kinds[i].name, word) == 0) {
			n->kind = (enum need_kind)i;
			return 0;
		}
	}
	return wrong(e, "there is no such kind of need", word);
}

static int take_value(struct need *n, const char *key, const char *value, struct err *e)
{
	for (size_t i = 0; i < NEED_VALUES; i++) {
		const char *known = kinds[n->kind].keys[i];

		if (!known || strcmp(known, key) != 0)
			continue;
		if (n->values[i])
			return wrong(e, "a need says it twice", key);
		n->values[i] = xstrdup(value);
		return 0;
	}
	return wrong(e, "that kind of need has no such key", key);
}

static int check_text(const char *s, struct err *e)
{
	for (const char *p = s; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			return wrong(e, "a need has a control character in it", s);
	/* JSON would put another character in the place of each bad byte: another path. */
	if (!utf8_ok(s))
		return wrong(e, "a need is not UTF-8", s);
	return *s && strlen(s) < NEED_LINE_MAX / 2
		       ? 0
		       : wrong(e, "a value of a need is empty or too long", s);
}

static int check_path(const char *s, struct err *e)
{
	OWN_FREE char *clean = path_clean("/", s);

	return s[0] == '/' && s[1] && strcmp(clean, s) == 0 ? 0
							    : wrong(e, "no plain absolute path", s);
}

static int check_variable(const char *s, struct err *e)
{
	size_t n = strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_");

	return s[n] == '\0' && !isdigit((unsigned char)*s) ? 0
							   : wrong(e, "no name of a variable", s);
}

static int check(const struct need *n, struct err *e)
{
	for (size_t i = 0; i < NEED_VALUES && kinds[n->kind].keys[i]; i++) {
		if (!n->values[i])
			return wrong(e, "a need lacks the key", kinds[n->kind].keys[i]);
		if (n->kind == NEED_ENV && i == 1 && !*n->values[i])
			continue; /* a variable may be empty */
		if (check_text(n->values[i], e) < 0)
			return -EINVAL;
	}
	return n->kind == NEED_ENV ? check_variable(n->values[0], e) : check_path(n->values[0], e);
}

int need_make(struct need *n, const char *kind, const char *const *kv, struct err *e)
{
	int r;

	*n = (struct need){0};
	r = find_kind(n, kind, e);
	for (; r == 0 && kv[0]; kv += 2)
		r = kv[1] ? take_value(n, kv[0], kv[1], e)
			  : wrong(e, "a need has a key without a value", kv[0]);
	return r < 0 ? r : check(n, e);
}

int need_parse(struct need *n, const char *line, size_t len, struct err *e)
{
	char word[32], key[32];
	OWN_FREE char *value = xcalloc(1, NEED_LINE_MAX);
	struct json j;
	int r = 0;

	*n = (struct need){0};
	json_init(&j, line, len);
	if (!json_open(&j, '{') || !json_member(&j, key, sizeof(key)) || strcmp(key, "need") != 0 ||
	    !json_string(&j, word, sizeof(word)))
		return err_status(e, POD_EXIT_FAILED, ERR_PLAIN,
				  "a line of it is not {\"need\":KIND,…}");
	r = find_kind(n, word, e);
	while (r == 0 && json_member(&j, key, sizeof(key)))
		if (json_string(&j, value, NEED_LINE_MAX))
			r = take_value(n, key, value, e);
	if (r == 0 && !json_end(&j))
		r = err_status(e, POD_EXIT_FAILED, ERR_PLAIN, "a line of it is no JSON: %s",
			       j.fault ? j.fault : "more follows");
	return r < 0 ? r : check(n, e);
}

void need_format(const struct need *n, struct buf *b)
{
	jw_open(b, '{');
	jw_kstr(b, "need", kinds[n->kind].name);
	for (size_t i = 0; i < NEED_VALUES && kinds[n->kind].keys[i]; i++)
		jw_kstr(b, kinds[n->kind].keys[i], n->values[i]);
	jw_close(b, '}');
	buf_char(b, '\n');
}

/* --- what a kind may ask for --- */

static const struct ceiling {
	const char *kind;
	enum need_kind need;
	const char *pattern; /* of values[0]; '*' does not match '/' in devices */
	const char *unless;  /* the word without which it may not */
} ceilings[] = {
	{"gpu", NEED_DEVICE, "/dev/dri/renderD[0-9]*", NULL},
	{"gpu", NEED_DEVICE, "/dev/dri/card[0-9]*", "primary=yes"},
	{"gpu", NEED_DEVICE, "/dev/kfd", NULL},
	{"gpu", NEED_DEVICE, "/dev/nvidia*", NULL},
	{"gpu", NEED_DEVICE, "/dev/nvidia-caps/nvidia-cap[0-9]*", NULL},
	{"gpu", NEED_ENV, "NVIDIA_*", NULL},
	{"gpu", NEED_ENV, "LIBVA_DRIVER_NAME", NULL},
	{"null", NEED_ENV, "POD_NULL*", NULL},
};

#define CEILINGS (sizeof(ceilings) / sizeof(ceilings[0]))

static bool has_word(char *const *opts, const char *word)
{
	while (opts && *opts)
		if (strcmp(*opts++, word) == 0)
			return true;
	return false;
}

static bool is_kind(const char *plugin, const char *kind)
{
	size_t n = strlen(kind);

	return strncmp(plugin, kind, n) == 0 && (plugin[n] == '-' || plugin[n] == '\0');
}

int need_judge(const struct need *n, const char *plugin, char *const *opts, struct err *e)
{
	const char *lacking = NULL;

	for (size_t i = 0; i < CEILINGS; i++) {
		const struct ceiling *c = &ceilings[i];

		if (c->need != n->kind || !is_kind(plugin, c->kind) ||
		    fnmatch(c->pattern, n->values[0], n->kind == NEED_DEVICE ? FNM_PATHNAME : 0) !=
			    0)
			continue;
		if (!c->unless || has_word(opts, c->unless))
			return 0;
		lacking = c->unless;
	}
	if (lacking)
		err_status(e, POD_EXIT_REFUSED, ERR_PLAIN,
			   "plugin %s wants %s, which the pod file does not give it (%s)", plugin,
			   esc(n->values[0]), lacking);
	else
		err_status(e, POD_EXIT_REFUSED, ERR_PLAIN,
			   "plugin %s wants the %s %s, which none of its kind may have", plugin,
			   kinds[n->kind].name, esc(n->values[0]));
	return -EINVAL;
}

int need_check_plugin(const char *name, struct err *e)
{
	size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-");

	if (n > 0 && n < 64 && name[n] == '\0' && name[0] != '-' && name[n - 1] != '-')
		for (size_t i = 0; i < CEILINGS; i++)
			if (is_kind(name, ceilings[i].kind))
				return 0;
	return err_status(e, POD_EXIT_CONFIG, ERR_PLAIN,
			  "'%s' is no name of a plugin: KIND-NAME, of the kind gpu, or null",
			  esc(name));
}
