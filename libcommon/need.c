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

#define VALUES_MAX (NEED_LINE_MAX / 2 - 512) /* bytes of all: written as JSON, it is a line */
#define WORDS_MAX  64                        /* of a command */

#define SMALL  "abcdefghijklmnopqrstuvwxyz"
#define DIGITS "0123456789"

static int wrong(struct err *e, const char *what, const char *word)
{
	return err_status(e, POD_EXIT_FAILED, ERR_PLAIN, "%s: %s", what, esc(word));
}

/* --- what the values may be --- */

static int check_path(const char *s, struct err *e)
{
	OWN_FREE char *clean = path_clean("/", s);

	return s[0] == '/' && s[1] && strcmp(clean, s) == 0 ? 0
							    : wrong(e, "no plain absolute path", s);
}

static int check_variable(const char *s, struct err *e)
{
	size_t n = strspn(s, SMALL "ABCDEFGHIJKLMNOPQRSTUVWXYZ" DIGITS "_");

	return s[n] == '\0' && !isdigit((unsigned char)*s) ? 0
							   : wrong(e, "no name of a variable", s);
}

static int check_text(const char *s, struct err *e)
{
	(void)s;
	(void)e;
	return 0;
}

/* As Debian has it. */
static int check_package(const char *s, struct err *e)
{
	size_t n = strspn(s, SMALL DIGITS "+.-");

	return n >= 2 && s[n] == '\0' && isalnum((unsigned char)*s)
		       ? 0
		       : wrong(e, "no name of a package", s);
}

static int check_name(const char *s, struct err *e)
{
	size_t n = strspn(s, SMALL DIGITS "-");

	return n <= NEED_NAME_MAX && s[n] == '\0' && islower((unsigned char)*s)
		       ? 0
		       : wrong(e, "no name of a service", s);
}

static int check_names(const char *s, struct err *e)
{
	OWN_STRV struct strv names = {0};
	int r = words_split(&names, s) < 0 ? wrong(e, "no names of services", s) : 0;

	for (size_t i = 0; i < names.n && r == 0; i++)
		r = check_name(names.v[i], e);
	return r;
}

/* Which directory a relative path would lie in nobody could say. */
static int check_command(const char *s, struct err *e)
{
	OWN_STRV struct strv words = {0};

	if (words_split(&words, s) < 0 || words.n == 0 || words.n > WORDS_MAX)
		return wrong(e, "no command", s);
	return strchr(words.v[0], '/') ? check_path(words.v[0], e) : 0;
}

static int check_group(const char *s, struct err *e)
{
	return strcmp(s, "guardian") == 0 || strcmp(s, "app") == 0
		       ? 0
		       : wrong(e, "a service is of the group guardian or app, not", s);
}

/* Each kind's keys, in the order of their values. */
static const struct {
	const char *name;
	struct {
		const char *name;
		int (*check)(const char *s, struct err *e);
		enum { MUST_SAY, MAY_BE_EMPTY, MAY_BE_ABSENT } may;
	} keys[NEED_VALUES + 1];
} kinds[NEED_KINDS] = {
	[NEED_DEVICE] = {"device", {{"path", check_path, MUST_SAY}}},
	[NEED_ENV] = {"env",
		      {{"name", check_variable, MUST_SAY}, {"value", check_text, MAY_BE_EMPTY}}},
	[NEED_PACKAGE] = {"package",
			  {{"name", check_package, MUST_SAY}, {"file", check_path, MUST_SAY}}},
	[NEED_SERVICE] = {"service",
			  {{"name", check_name, MUST_SAY},
			   {"command", check_command, MUST_SAY},
			   {"group", check_group, MUST_SAY},
			   {"ready", check_path, MAY_BE_ABSENT},
			   {"after", check_names, MAY_BE_ABSENT},
			   {"with", check_name, MAY_BE_ABSENT},
			   {"listen", check_name, MAY_BE_ABSENT}}},
	[NEED_SOCKET] = {"socket", {{"path", check_path, MUST_SAY}, {"as", check_path, MUST_SAY}}},
};

void need_finish(struct need *n)
{
	for (size_t i = 0; i < NEED_VALUES; i++)
		free(n->values[i]);
	*n = (struct need){0};
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
	for (size_t i = 0; kinds[n->kind].keys[i].name; i++) {
		if (strcmp(kinds[n->kind].keys[i].name, key) != 0)
			continue;
		if (n->values[i])
			return wrong(e, "a need says it twice", key);
		n->values[i] = xstrdup(value);
		return 0;
	}
	return wrong(e, "that kind of need has no such key", key);
}

static int check_bytes(const char *s, struct err *e)
{
	for (const char *p = s; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			return wrong(e, "a need has a control character in it", s);
	/* JSON would put another character in the place of each bad byte: another path. */
	return utf8_ok(s) ? 0 : wrong(e, "a need is not UTF-8", s);
}

static int check(struct need *n, struct err *e)
{
	size_t total = 0;
	int r = 0;

	for (size_t i = 0; kinds[n->kind].keys[i].name && r == 0; i++) {
		const char *key = kinds[n->kind].keys[i].name;

		if (!n->values[i] && kinds[n->kind].keys[i].may == MAY_BE_ABSENT)
			n->values[i] = xstrdup("");
		if (!n->values[i] || (!*n->values[i] && kinds[n->kind].keys[i].may == MUST_SAY))
			return wrong(e, "a need lacks the key", key);
		total += strlen(n->values[i]);
		r = check_bytes(n->values[i], e);
		if (r == 0 && *n->values[i])
			r = kinds[n->kind].keys[i].check(n->values[i], e);
	}
	if (r == 0 && total > VALUES_MAX)
		r = wrong(e, "a need is too long", kinds[n->kind].name);
	return r;
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
	for (size_t i = 0; kinds[n->kind].keys[i].name; i++)
		if (*n->values[i] || kinds[n->kind].keys[i].may != MAY_BE_ABSENT)
			jw_kstr(b, kinds[n->kind].keys[i].name, n->values[i]);
	jw_close(b, '}');
	buf_char(b, '\n');
}

/* --- what a kind may ask for --- */

/* What shows and sounds: their services are processes of the pod's, behind all of its walls. */
#define SEEN "desktop|display|audio|web"

static const struct ceiling {
	const char *kind; /* or several */
	enum need_kind need;
	int value;           /* which of them; one that is "" asks for nothing */
	const char *pattern; /* '*' does not match '/' in paths */
	const char *unless;  /* the word without which it may not */
} ceilings[] = {
	{"gpu", NEED_DEVICE, DEVICE_PATH, "/dev/dri/renderD[0-9]*", NULL},
	{"gpu", NEED_DEVICE, DEVICE_PATH, "/dev/dri/card[0-9]*", "primary=yes"},
	{"gpu", NEED_DEVICE, DEVICE_PATH, "/dev/kfd", NULL},
	{"gpu", NEED_DEVICE, DEVICE_PATH, "/dev/nvidia*", NULL},
	{"gpu", NEED_DEVICE, DEVICE_PATH, "/dev/nvidia-caps/nvidia-cap[0-9]*", NULL},
	{"gpu", NEED_ENV, ENV_NAME, "NVIDIA_*", NULL},
	{"gpu", NEED_ENV, ENV_NAME, "LIBVA_DRIVER_NAME", NULL},
	{"null", NEED_ENV, ENV_NAME, "POD_NULL*", NULL},
	{SEEN, NEED_ENV, ENV_NAME, "DISPLAY", NULL},
	{SEEN, NEED_ENV, ENV_NAME, "WAYLAND_DISPLAY", NULL},
	{SEEN, NEED_ENV, ENV_NAME, "XAUTHORITY", NULL},
	{SEEN, NEED_ENV, ENV_NAME, "XDG_*", NULL},
	{SEEN, NEED_ENV, ENV_NAME, "XCURSOR_*", NULL},
	{SEEN, NEED_ENV, ENV_NAME, "DBUS_SESSION_BUS_ADDRESS", NULL},
	{SEEN, NEED_ENV, ENV_NAME, "PULSE_*", NULL},
	{SEEN, NEED_ENV, ENV_NAME, "PIPEWIRE_*", NULL},
	{SEEN, NEED_ENV, ENV_NAME, "GDK_*", NULL},
	{SEEN, NEED_ENV, ENV_NAME, "QT_*", NULL},
	{SEEN, NEED_ENV, ENV_NAME, "MOZ_ENABLE_WAYLAND", NULL},
	{SEEN, NEED_ENV, ENV_NAME, "NO_AT_BRIDGE", NULL},
	{"desktop", NEED_ENV, ENV_NAME, "SWAYSOCK", NULL},
	{SEEN, NEED_PACKAGE, PACKAGE_NAME, "*", NULL},
	{SEEN, NEED_SERVICE, SERVICE_NAME, "*", NULL},
	{"web", NEED_SERVICE, SERVICE_LISTEN, "display", NULL},
	{"web", NEED_SERVICE, SERVICE_LISTEN, "audio", NULL},
	{"web", NEED_SERVICE, SERVICE_LISTEN, "upload", NULL},
	{"display", NEED_SOCKET, SOCKET_PATH, "/run/user/[0-9]*/wayland-[0-9]*", NULL},
	{"display", NEED_SOCKET, SOCKET_PATH, "/tmp/.X11-unix/X[0-9]*", NULL},
	{"display", NEED_SOCKET, SOCKET_AS, "/run/envpod/host/wayland-[0-9]*", NULL},
	{"display", NEED_SOCKET, SOCKET_AS, "/tmp/.X11-unix/X[0-9]*", NULL},
};

#define CEILINGS (sizeof(ceilings) / sizeof(ceilings[0]))

static bool has_word(char *const *opts, const char *word)
{
	while (opts && *opts)
		if (strcmp(*opts++, word) == 0)
			return true;
	return false;
}

/* "gpu-dri" is of the kind "gpu", and of "gpu|web". */
static bool is_kind(const char *plugin, const char *of)
{
	for (size_t n; *of; of += n + (of[n] == '|')) {
		n = strcspn(of, "|");
		if (strncmp(plugin, of, n) == 0 && (plugin[n] == '-' || plugin[n] == '\0'))
			return true;
	}
	return false;
}

/* Is it said of anybody what that value may be?  Of the first it always is. */
static bool is_judged(const struct need *n, int value)
{
	for (size_t i = 0; i < CEILINGS; i++)
		if (ceilings[i].need == n->kind && ceilings[i].value == value)
			return true;
	return value == 0;
}

static int judge_value(const struct need *n, int value, const char *plugin, char *const *opts,
		       struct err *e)
{
	const char *said = n->values[value], *lacking = NULL;

	for (size_t i = 0; i < CEILINGS; i++) {
		const struct ceiling *c = &ceilings[i];

		if (c->need != n->kind || c->value != value || !is_kind(plugin, c->kind) ||
		    fnmatch(c->pattern, said, c->pattern[0] == '/' ? FNM_PATHNAME : 0) != 0)
			continue;
		if (!c->unless || has_word(opts, c->unless))
			return 0;
		lacking = c->unless;
	}
	if (lacking)
		return err_status(e, POD_EXIT_REFUSED, ERR_PLAIN,
				  "plugin %s wants %s, which the pod file does not give it (%s)",
				  plugin, esc(said), lacking);
	return err_status(e, POD_EXIT_REFUSED, ERR_PLAIN,
			  "plugin %s wants the %s %s%s%s, which none of its kind may have", plugin,
			  kinds[n->kind].name, value ? kinds[n->kind].keys[value].name : "",
			  value ? "=" : "", esc(said));
}

int need_judge(const struct need *n, const char *plugin, char *const *opts, struct err *e)
{
	int r = 0;

	for (int i = 0; i < NEED_VALUES && n->values[i] && r == 0; i++)
		if (*n->values[i] && is_judged(n, i))
			r = judge_value(n, i, plugin, opts, e);
	return r;
}

int need_check_plugin(const char *name, struct err *e)
{
	size_t n = strspn(name, SMALL DIGITS "-");

	if (n > 0 && n < 64 && name[n] == '\0' && name[0] != '-' && name[n - 1] != '-')
		for (size_t i = 0; i < CEILINGS; i++)
			if (is_kind(name, ceilings[i].kind))
				return 0;
	return err_status(e, POD_EXIT_CONFIG, ERR_PLAIN,
			  "'%s' is no name of a plugin: KIND-NAME, of the kind gpu, desktop, "
			  "display, audio or web, or null",
			  esc(name));
}
