/* SPDX-License-Identifier: Apache-2.0 */
/* Paths, users, programs and processors of the host, by their text: nothing is looked up. */
#include <ctype.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "libcommon/buf.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/unit.h"
#include "tools/pod-config/type.h"

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGIT "0123456789"

static jv wrong_word(const struct spot *s, const char *want)
{
	return type_wrong(s, "'%.80s' is not %s", esc(s->node->text), want);
}

/* Does text hold only these bytes, at least one and at most max? */
static bool is_made_of(const char *text, const char *bytes, size_t max)
{
	size_t n = strspn(text, bytes);

	return n > 0 && n <= max && text[n] == '\0';
}

/* Absolute and clean; "~" is the invoking user's home; base NULL: relative ones are refused. */
static jv clean_path(const struct spot *s, const char *base)
{
	const char *text = s->node->text, *home = s->origin->owner.home;
	OWN_FREE char *clean = NULL;

	if (!*text)
		return type_wrong(s, "is an empty path");
	if (text[0] == '~' && text[1] && text[1] != '/')
		return type_wrong(s, "'%.80s': only ~ and ~/ are known, for your own home",
				  esc(text));
	if (text[0] == '~')
		clean = path_clean(home, text[1] ? text + 2 : ".");
	else if (text[0] == '/' || base)
		clean = path_clean(base ? base : "/", text);
	else
		return type_wrong(s, "'%.80s' must begin with / or ~", esc(text));
	/* JSON would put another character in the place of each bad byte: another path. */
	if (!utf8_ok(clean))
		return type_wrong(s, "'%.80s' lies in a directory whose name is not UTF-8",
				  esc(text));
	if (strlen(clean) >= PATH_MAX)
		return type_wrong(s, "is longer than %d bytes", PATH_MAX - 1);
	return jv_string(clean);
}

/* A pod.json is compiled: what is relative there was written by hand, and to no place we know. */
static jv relative_path(const struct spot *s, const char *base)
{
	return clean_path(s, s->origin->compiled ? NULL : base);
}

jv type_path(const struct spot *s)
{
	return relative_path(s, s->key->range ? s->key->range : s->origin->dir);
}

jv type_homepath(const struct spot *s)
{
	return relative_path(s, s->origin->owner.home);
}

jv type_podpath(const struct spot *s)
{
	return clean_path(s, NULL);
}

/* Only what looks like a file is taken for one, lest a misspelt "strickt" become a path. */
static bool is_file(const char *text)
{
	size_t n = strlen(text);

	return strchr(text, '/') || text[0] == '~' ||
	       (n > 5 && strcasecmp(text + n - 5, ".json") == 0);
}

jv type_profile(const struct spot *s)
{
	static const char *const words[] = {"default", "browser", "strict", "none"};
	const char *text = s->node->text;

	for (size_t i = 0; i < 4; i++)
		if (strcasecmp(text, words[i]) == 0)
			return jv_string(words[i]);
	if (is_file(text))
		return relative_path(s, s->origin->dir);
	if (!*text)
		return jv_string("default");
	return wrong_word(s, "default, browser, strict, none, or the path of a .json file");
}

jv type_app(const struct spot *s)
{
	if (s->node->text[0] == '/')
		return type_podpath(s);
	if (!is_made_of(s->node->text, LOWER UPPER DIGIT "._+-", 255) || s->node->text[0] == '-')
		return wrong_word(s, "the name or path of a program");
	return jv_string(s->node->text);
}

jv type_pod(const struct spot *s)
{
	struct err e = {0};

	if (s->key->range && strcmp(s->node->text, s->key->range) == 0)
		return jv_string(s->node->text);
	if (pod_check_name(s->node->text, &e) < 0)
		return type_wrong(s, "%s", e.msg);
	return jv_string(s->node->text);
}

/* What /etc/passwd can hold, directory services' DOMAIN\user included. */
jv type_user(const struct spot *s)
{
	const char *text = s->node->text;
	size_t n = strlen(text);
	uint64_t uid;

	if (n > 0 && text[strspn(text, DIGIT)] == '\0' && unit_u64(text, UINT32_MAX - 1, &uid) < 0)
		return wrong_word(s, "the number of a user");
	for (size_t i = 0; i < n; i++)
		if (text[i] == 0x7f || (unsigned char)text[i] <= ' ' || strchr(":/,", text[i]))
			n = 0;
	if (n == 0 || n > 63 || text[0] == '-')
		return wrong_word(s, "the name or number of a user");
	return jv_string(text);
}

jv type_variable(const struct spot *s)
{
	if (!is_made_of(s->node->text, LOWER UPPER DIGIT "_", 255) ||
	    isdigit((unsigned char)s->node->text[0]))
		return wrong_word(s, "a variable name (A-Z, 0-9 and _)");
	return jv_string(s->node->text);
}

#define CPU_MAX 8191

/* One "N" or "N-M"; returns what follows it, or NULL. */
static const char *cpu_span(const char *text)
{
	char *end;
	unsigned long first, last;

	if (!isdigit((unsigned char)*text))
		return NULL;
	first = last = strtoul(text, &end, 10);
	if (*end == '-') {
		if (!isdigit((unsigned char)end[1]))
			return NULL;
		last = strtoul(end + 1, &end, 10);
	}
	return first <= last && last <= CPU_MAX ? end : NULL;
}

jv type_cpus(const struct spot *s)
{
	const char *at = s->node->text;

	while ((at = cpu_span(at)) && *at == ',')
		at++;
	if (!at || *at)
		return wrong_word(s, "a list of processors such as 0-3,6");
	return jv_string(s->node->text);
}
