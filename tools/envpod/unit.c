/* SPDX-License-Identifier: Apache-2.0 */
/*
 * envpod start --foreground is the service: the run's own supervisor, which ends with the run's
 * status, so that systemd knows how it went.  What the pod runs lives in groups of its own, outside
 * the unit's; `envpod stop` ends it, and what else envpod left in the unit's group is killed.
 */
#include "tools/envpod/unit.h"

#include <string.h>

#include "envpod/exit.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/pod.h"

#define FRONT "envpod-pod-"
#define TAIL  ".service"

static bool is_plain(const char *word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				    "/._-+:=,@%$";

	return *word && word[strspn(word, plain)] == '\0';
}

void unit_word(struct buf *b, const char *word)
{
	const char *quote = is_plain(word) ? "" : "\"";

	buf_str(b, quote);
	for (; *word; word++) {
		if (*word == '"' || *word == '\\')
			buf_char(b, '\\');
		if (*word == '%')
			buf_char(b, *word);
		buf_char(b, *word);
	}
	buf_str(b, quote);
}

/* A value that is the rest of its line: nothing is taken apart but specifiers. */
static void add_path(struct buf *b, const char *key, const char *path)
{
	buf_fmt(b, "%s=", key);
	for (; *path; path++) {
		if (*path == '%')
			buf_char(b, '%');
		buf_char(b, *path);
	}
	buf_char(b, '\n');
}

static void add_command(struct buf *b, const char *key, const struct unit *u, const char *words)
{
	buf_fmt(b, "%s=", key);
	unit_word(b, u->program);
	buf_fmt(b, " %s %s\n", words, u->pod);
}

/* A unit is text of lines; what ends one with a backslash goes on in the next. */
static int check_text(const char *text, struct err *e)
{
	size_t n = strlen(text);
	bool good = utf8_ok(text) && n && text[n - 1] != '\\' && text[n - 1] != ' ';

	for (const char *p = text; *p && good; p++)
		good = (unsigned char)*p >= ' ' && *p != 0x7f;
	return good ? 0
		    : err_status(e, POD_EXIT_USAGE, ERR_PLAIN, "a unit of systemd cannot name '%s'",
				 esc(text));
}

static int check(const struct unit *u, struct err *e)
{
	int r = check_text(u->program, e);

	if (r == 0 && strpbrk(u->program, "\"'\\"))
		r = err_status(e, POD_EXIT_USAGE, ERR_PLAIN,
			       "systemd starts no program with quotes in its path: %s",
			       esc(u->program));
	if (r == 0 && u->workdir && u->workdir[0] != '/')
		r = err_status(e, POD_EXIT_USAGE, ERR_PLAIN, "%s is not an absolute path",
			       esc(u->workdir));
	if (r == 0 && u->workdir)
		r = check_text(u->workdir, e);
	for (size_t i = 0; r == 0 && i < u->env.n; i++)
		r = check_text(u->env.v[i], e);
	return r == 0 ? check_text(u->state, e) : r;
}

static void add_head(struct buf *b, const struct unit *u)
{
	buf_fmt(b,
		UNIT_MARK "\n[Unit]\nDescription=envpod pod %s\nDocumentation=man:envpod(1)\n"
			  "Wants=network-online.target\nAfter=network-online.target\n"
			  "RequiresMountsFor=",
		u->pod);
	unit_word(b, u->state);
	if (u->workdir) {
		buf_char(b, ' ');
		unit_word(b, u->workdir);
	}
	buf_str(b, "\n\n");
}

/* A run that was asked to end by SIGTERM says 143: that is no failure. */
static void add_service(struct buf *b, const struct unit *u)
{
	OWN_FREE char *name = unit_name(u->pod);

	buf_fmt(b, "[Service]\nType=exec\nEnvironment=" UNIT_VARIABLE "=%s\n", name);
	for (size_t i = 0; i < u->env.n; i++) {
		buf_str(b, "Environment=");
		unit_word(b, u->env.v[i]);
		buf_char(b, '\n');
	}
	add_path(b, "WorkingDirectory", u->workdir ? u->workdir : "/");
	add_command(b, "ExecStart", u, "start --foreground");
	add_command(b, "ExecStop", u, "stop");
	buf_fmt(b,
		"Restart=%s\nRestartSec=5\nSuccessExitStatus=143\nKillMode=mixed\n"
		"TimeoutStopSec=60\n\n",
		u->restart);
}

int unit_text(struct buf *b, const struct unit *u, struct err *e)
{
	int r = check(u, e);

	if (r < 0)
		return r;
	add_head(b, u);
	add_service(b, u);
	buf_str(b, "[Install]\nWantedBy=multi-user.target\n");
	return 0;
}

bool unit_is_ours(const char *text)
{
	return strncmp(text, UNIT_MARK "\n", sizeof(UNIT_MARK)) == 0;
}

char *unit_name(const char *pod)
{
	return xfmt(FRONT "%s" TAIL, pod);
}

char *unit_pod(const char *name)
{
	size_t n = strlen(name), ends = sizeof(FRONT) - 1 + sizeof(TAIL) - 1;
	struct err ignored = {0};
	OWN_FREE char *pod = NULL;

	if (n <= ends || strncmp(name, FRONT, sizeof(FRONT) - 1) != 0 ||
	    strcmp(name + n - (sizeof(TAIL) - 1), TAIL) != 0)
		return NULL;
	pod = xfmt("%.*s", (int)(n - ends), name + sizeof(FRONT) - 1);
	return pod_check_name(pod, &ignored) == 0 ? take_ptr(pod) : NULL;
}
