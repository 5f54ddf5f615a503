/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-config/type.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "libcommon/buf.h"
#include "libcommon/need.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/unit.h"
#include "libcommon/words.h"

jv type_wrong(const struct spot *s, const char *fmt, ...)
{
	char text[800];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	problem_add(s->problems, s->node->at, "%s: %s", s->path, text);
	return jv_invalid();
}

static jv wrong_word(const struct spot *s, const char *want)
{
	return type_wrong(s, "'%.80s' is not %s", esc(s->node->text), want);
}

/* Is v within "MIN..MAX"?  Either may be left out; both are written as the type writes them. */
static bool in_range(const char *range, uint64_t v, int (*parse)(const char *, uint64_t *))
{
	const char *dots = range ? strstr(range, "..") : NULL;
	OWN_FREE char *low = dots ? strndup(range, (size_t)(dots - range)) : NULL;
	uint64_t bound;

	if (!dots)
		return true;
	if (low && *low && parse(low, &bound) == 0 && v < bound)
		return false;
	return !dots[2] || parse(dots + 2, &bound) < 0 || v <= bound;
}

static jv out_of_range(const struct spot *s, const char *hint)
{
	const char *range = s->key->range, *dots = strstr(range, "..");
	int low = (int)(dots - range);

	if (!dots[2])
		return type_wrong(s, "'%.80s' is less than %.*s%s", esc(s->node->text), low, range,
				  hint);
	return type_wrong(s, "'%.80s' is not between %.*s and %s%s", esc(s->node->text), low, range,
			  dots + 2, hint);
}

static jv read_bool(const struct spot *s)
{
	static const char *const words[] = {"false", "true", "no", "yes", "off", "on"};
	const char *text = s->node->text;

	if (!s->node->plain)
		return type_wrong(s, "'%.80s' in quotes is a text; write yes or no without them",
				  esc(text));
	for (size_t i = 0; i < 6; i++) {
		if (strcasecmp(text, words[i]) != 0)
			continue;
		if (s->key->range && i % 2 == 0)
			return type_wrong(s, "cannot be switched off: %s", s->key->help);
		return jv_bool(i % 2);
	}
	return wrong_word(s, "yes or no");
}

static int parse_count(const char *text, uint64_t *n)
{
	return unit_u64(text, UINT64_MAX, n);
}

static jv read_int(const struct spot *s)
{
	uint64_t n;
	int r = parse_count(s->node->text, &n);

	if (r == -EINVAL)
		return wrong_word(s, "a whole number");
	if (r < 0 || !in_range(s->key->range, n, parse_count))
		return out_of_range(s, "");
	return jv_number((double)n);
}

/* In thousandths, so that ranges are whole numbers. */
static int parse_cores(const char *text, uint64_t *thousandths)
{
	size_t n = strspn(text, "0123456789.");
	const char *dot = strchr(text, '.');

	if (n == 0 || text[n] || n > 12 || text[0] == '.' || (dot && strchr(dot + 1, '.')))
		return -EINVAL;
	*thousandths = (uint64_t)(strtod(text, NULL) * 1000.0 + 0.5);
	return 0;
}

static jv read_cores(const struct spot *s)
{
	uint64_t thousandths;

	if (parse_cores(s->node->text, &thousandths) < 0)
		return wrong_word(s, "a number such as 2 or 0.5");
	if (!in_range(s->key->range, thousandths, parse_cores))
		return out_of_range(s, "");
	return jv_number((double)thousandths / 1000.0);
}

/* JSON's numbers are exact up to 2^53, which is 8 PiB. */
#define EXACT_MAX (UINT64_C(1) << 53)

static jv read_size(const struct spot *s)
{
	const char *text = s->node->text;
	bool is_bare = text[strspn(text, "0123456789")] == '\0';
	uint64_t bytes;
	int r = unit_size(text, &bytes);

	if (r == -EINVAL)
		return wrong_word(s, "a size such as 512MB or 1.5GB");
	if (r < 0 || bytes > EXACT_MAX)
		return type_wrong(s, "'%.80s' is more than any machine has", esc(text));
	if (!in_range(s->key->range, bytes, unit_size))
		return out_of_range(s, is_bare ? " (bytes, as it has no unit)" : "");
	return jv_number((double)bytes);
}

static jv read_seconds(const struct spot *s)
{
	uint64_t seconds;
	int r = unit_duration(s->node->text, &seconds);

	if (r == -EINVAL)
		return wrong_word(s, "a time such as 90s, 30m or 1h30m");
	if (r < 0 || seconds > EXACT_MAX || !in_range(s->key->range, seconds, unit_duration))
		return out_of_range(s, "");
	return jv_number((double)seconds);
}

/* "Isolated=Filtered|None": the next word of an enum with its aliases behind '='. */
static const char *next_word(const char **range, char word[64])
{
	size_t n = strcspn(*range, "|");

	if (n == 0)
		return NULL;
	snprintf(word, 64, "%.*s", (int)n, *range);
	*range += n + ((*range)[n] != '\0');
	return word;
}

struct words {
	char text[12][64];
};

static const char *word_at(const void *from, int i)
{
	const struct words *w = from;

	return i < 12 && w->text[i][0] ? w->text[i] : NULL;
}

static jv no_such_word(const struct spot *s)
{
	struct words w = {0};
	OWN_BUF struct buf all = BUF_INIT;
	OWN_FREE char *pair = xfmt("%s=%.200s", s->key->path, s->node->text);
	const char *range = s->key->range, *near, *why = key_refusal(pair);
	char word[64];

	for (int i = 0; i < 11 && next_word(&range, word); i++) {
		word[strcspn(word, "=")] = '\0';
		snprintf(w.text[i], sizeof(w.text[i]), "%s", word);
		buf_fmt(&all, "%s%s", i ? ", " : "", word);
	}
	near = nearest(s->node->text, word_at, &w);
	if (why)
		return type_wrong(s, "'%.80s' is not supported: %s", esc(s->node->text), why);
	return type_wrong(s, "'%.80s' is not one of %s%s%s%s", esc(s->node->text), all.data,
			  near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
}

static jv read_enum(const struct spot *s)
{
	const char *range = s->key->range;
	char word[64];

	while (next_word(&range, word)) {
		char *alias = strchr(word, '=');

		if (alias)
			*alias++ = '\0';
		if (strcasecmp(s->node->text, word) == 0)
			return jv_string(word);
		if (!alias || strcasecmp(s->node->text, alias) != 0)
			continue;
		problem_note(s->problems, s->node->at, "%s: '%s' is taken as %s", s->path,
			     esc(s->node->text), word);
		return jv_string(word);
	}
	return no_such_word(s);
}

static jv read_text(const struct spot *s)
{
	return jv_string(s->node->text);
}

static jv read_string(const struct spot *s)
{
	if (s->node->text[strspn(s->node->text, " \t\n")] == '\0')
		return type_wrong(s, "is empty");
	return jv_string(s->node->text);
}

static jv read_pixels(const struct spot *s)
{
	unsigned width, height;
	char extra;

	if (sscanf(s->node->text, "%5ux%5u%c", &width, &height, &extra) != 2)
		return wrong_word(s, "a resolution such as 1280x720");
	if (width < 320 || width > 7680 || height < 200 || height > 4320)
		return wrong_word(s, "between 320x200 and 7680x4320");
	return jv_string_fmt("%ux%u", width, height);
}

/* Which one: its node's name, its number, or its place on a bus; the plugins know. */
static jv read_gpu(const struct spot *s)
{
	static const char *const yes[] = {"true", "yes", "on"}, *const no[] = {"false", "no",
									       "off"};
	const char *text = s->node->text;
	size_t n = strlen(text);

	for (size_t i = 0; i < 3 && s->node->plain; i++)
		if (strcasecmp(text, yes[i]) == 0 || strcasecmp(text, no[i]) == 0)
			return jv_bool(strcasecmp(text, yes[i]) == 0);
	for (const char *c = text; *c && n <= 64; c++)
		if (!isalnum((unsigned char)*c) && !strchr(":._-", *c))
			n = 65;
	if (n == 0 || n > 64)
		return wrong_word(s, "yes, no, or a GPU such as renderD128, 0 or 0000:01:00.0 "
				     "(envpod plugins shows them)");
	return jv_string(text);
}

/* "gpu-dri primary=yes": the words are the plugin's own. */
static jv read_plugin(const struct spot *s)
{
	const char *text = s->node->text;
	OWN_FREE char *name = strndup(text, strcspn(text, " "));
	OWN_STRV struct strv words = {0};
	struct err e = {0};

	if (need_check_plugin(name, &e) < 0)
		return type_wrong(s, "%s", e.msg);
	if (words_split(&words, text) < 0)
		return wrong_word(s, "a plugin and its words, one blank between them");
	return jv_string(text);
}

/* Where checkpoints go: file:/PATH, command:/PROGRAM WORD..., syslog or syslog:/SOCKET. */
static jv read_anchor(const struct spot *s)
{
	static const char *const kinds[] = {"file:", "command:", "syslog:"};
	const char *text = s->node->text;
	OWN_FREE char *path = NULL, *clean = NULL;

	if (strcmp(text, "syslog") == 0)
		return jv_string(text);
	for (size_t i = 0; i < 3; i++)
		if (strncmp(text, kinds[i], strlen(kinds[i])) == 0)
			path = i == 1 ? strndup(text + 8, strcspn(text + 8, " "))
				      : xstrdup(text + strlen(kinds[i]));
	clean = path ? path_clean("/", path) : NULL;
	if (!path || path[0] != '/' || !path[1] || strcmp(clean, path) != 0 || strchr(text, '\n') ||
	    strlen(text) > 1024)
		return wrong_word(s, "file:/PATH, command:/PROGRAM WORD... or syslog");
	return jv_string(text);
}

static const struct {
	const char *name;
	jv (*read)(const struct spot *s);
} types[T_COUNT] = {
	[T_SECTION] = {"section", NULL},
	[T_MAP] = {"map", NULL},
	[T_BOOL] = {"boolean", read_bool},
	[T_INT] = {"integer", read_int},
	[T_CORES] = {"number", read_cores},
	[T_SIZE] = {"size", read_size},
	[T_SECONDS] = {"duration", read_seconds},
	[T_ENUM] = {"word", read_enum},
	[T_TEXT] = {"text", read_text},
	[T_STRING] = {"string", read_string},
	[T_POD] = {"pod", type_pod},
	[T_USER] = {"user", type_user},
	[T_PATH] = {"path", type_path},
	[T_HOMEPATH] = {"home-path", type_homepath},
	[T_PODPATH] = {"absolute-path", type_podpath},
	[T_PROFILE] = {"profile", type_profile},
	[T_APP] = {"program", type_app},
	[T_VARIABLE] = {"variable", type_variable},
	[T_CPUS] = {"cpu-list", type_cpus},
	[T_NAME] = {"domain", type_name_pattern},
	[T_ALLOW] = {"domain:ports", type_allow},
	[T_TARGET] = {"target", type_target},
	[T_UPSTREAM] = {"resolver", type_upstream},
	[T_CIDR] = {"cidr", type_cidr},
	[T_SUBNET] = {"subnet", type_subnet},
	[T_FORWARD] = {"forward", type_forward},
	[T_PORT] = {"port", type_port},
	[T_RATE] = {"rate", type_rate},
	[T_BANDWIDTH] = {"bandwidth", type_bandwidth},
	[T_PIXELS] = {"resolution", read_pixels},
	[T_HEADER] = {"header", type_header},
	[T_METHOD] = {"method", type_method},
	[T_JQ] = {"jq", type_jq},
	[T_GPU] = {"gpu", read_gpu},
	[T_PLUGIN] = {"plugin", read_plugin},
	[T_ANCHOR] = {"anchor", read_anchor},
};

jv type_read(const struct spot *s)
{
	return types[s->key->type].read(s);
}

const char *type_name(enum type t)
{
	return types[t].name;
}

enum type type_named(const char *name, size_t len)
{
	int t = 0;

	while (t < T_COUNT &&
	       (strlen(types[t].name) != len || memcmp(types[t].name, name, len) != 0))
		t++;
	return (enum type)t;
}
