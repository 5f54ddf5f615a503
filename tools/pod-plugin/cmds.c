/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "envpod/exit.h"
#include "libcommon/jsonw.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/pod.h"
#include "libcommon/say.h"
#include "tools/pod-plugin/ask.h"
#include "tools/pod-plugin/cage.h"
#include "tools/pod-plugin/pod-plugin.h"

#define NOBODY 65534

/* Who plugins run as, where we are root: nobody, unless the caller knows better. */
static int enter_cage(const char *user, struct err *e)
{
	unsigned uid = NOBODY, gid = NOBODY;
	char extra;

	if (user && (sscanf(user, "%9u:%9u%c", &uid, &gid, &extra) != 2 || uid == 0 || gid == 0))
		return err_status(e, POD_EXIT_USAGE, ERR_PLAIN,
				  "--user wants UID:GID, neither of them root's, not '%s'",
				  esc(user));
	return cage_enter(uid, gid, e);
}

/* The plugins named, or all of them. */
static int find(struct plugins *all, char **names, struct err *e)
{
	int r = 0;

	if (!names[0])
		return plugin_find_all(all, e);
	for (; *names && r == 0; names++)
		r = plugin_find(all, *names, e);
	return r;
}

static void print_json(struct buf *b)
{
	jw_close(b, '}');
	puts(b->data);
}

static void list_one(const struct plugin *p, bool json, int *status)
{
	OWN_SAID struct said s = {0};
	OWN_BUF struct buf b = BUF_INIT;
	struct err e = {0};

	if (plugin_ask(p, ASK_DESCRIBE, "", NULL, &s, &e) < 0) {
		*status = say_err(&e);
		return;
	}
	if (!json) {
		printf("%-16s %s\n", p->name, esc(s.summary));
		return;
	}
	jw_open(&b, '{');
	jw_kstr(&b, "plugin", p->name);
	jw_kstr(&b, "summary", s.summary);
	jw_kstr(&b, "path", p->path);
	print_json(&b);
}

int cmd_list(int argc, char **argv)
{
	OWN_PLUGINS struct plugins all = {0};
	struct err e = {0};
	bool json = false;
	int status = POD_EXIT_OK;
	const struct opt opts[] = {
		{OPT_FLAG, 'j', "json", &json, NULL, "a JSON object a line"},
		{0},
	};
	const struct opt_usage usage = {"pod-plugin list [--json]",
					"Print which plugins there are, and what they are for.", 0,
					0, 0};

	opt_parse(opts, &usage, argc, argv);
	if (plugin_find_all(&all, &e) < 0 || enter_cage(NULL, &e) < 0)
		return say_err(&e);
	for (size_t i = 0; i < all.n; i++)
		list_one(&all.v[i], json, &status);
	return say_end(status);
}

static void print_lines(const char *lead, const struct strv *lines)
{
	for (size_t i = 0; i < lines->n; i++)
		printf("  %s%s\n", lead, esc(lines->v[i]));
}

static void print_probe(const struct plugin *p, const struct said *s, int r, bool json)
{
	OWN_BUF struct buf b = BUF_INIT;

	if (!json) {
		printf("%s: %s\n", p->name, r == 0 ? "here" : "not on this machine");
		print_lines("", &s->found);
		print_lines("note: ", &s->notes);
		return;
	}
	jw_open(&b, '{');
	jw_kstr(&b, "plugin", p->name);
	jw_kbool(&b, "here", r == 0);
	jw_kstrv(&b, "found", s->found.n ? s->found.v : (char *[]){NULL});
	jw_kstrv(&b, "notes", s->notes.n ? s->notes.v : (char *[]){NULL});
	print_json(&b);
}

/* The worst of them is the status: something failed, something is not here. */
static void probe_one(const struct plugin *p, bool json, bool asked, int *status)
{
	OWN_SAID struct said s = {0};
	struct err e = {0};
	int r = plugin_ask(p, ASK_PROBE, "", NULL, &s, &e);

	if (r < 0)
		*status = say_err(&e);
	else
		print_probe(p, &s, r, json);
	if (r == 1 && asked && *status == POD_EXIT_OK)
		*status = POD_EXIT_NO;
}

int cmd_probe(int argc, char **argv)
{
	OWN_PLUGINS struct plugins all = {0};
	struct err e = {0};
	const char *user = NULL;
	bool json = false;
	int status = POD_EXIT_OK;
	const struct opt opts[] = {
		{OPT_FLAG, 'j', "json", &json, NULL, "a JSON object a line"},
		{OPT_STR, 'u', "user", &user, "UID:GID", "ask as this user; else as nobody"},
		{0},
	};
	const struct opt_usage usage = {
		"pod-plugin probe [OPTION]... [NAME]...",
		"Print what plugins find on this machine; status 1: one that was named finds nothing.",
		0, 0, 0};
	int n = opt_parse(opts, &usage, argc, argv);

	if (find(&all, argv, &e) < 0 || enter_cage(user, &e) < 0)
		return say_err(&e);
	for (size_t i = 0; i < all.n; i++)
		probe_one(&all.v[i], json, n > 0, &status);
	return say_end(status);
}

static void say_logs(const struct plugin *p, const struct said *s)
{
	for (size_t i = 0; i < s->notes.n; i++)
		say_warn("plugin %s: %s", p->name, esc(s->notes.v[i]));
}

/* --judge is for who writes a plugin: the tools that act judge for themselves. */
static int print_needs(const struct plugin *p, const struct said *s, char *const *opts, bool judge)
{
	OWN_BUF struct buf b = BUF_INIT;
	struct err e = {0};

	for (size_t i = 0; i < s->n_needs; i++) {
		if (judge && need_judge(&s->needs[i], p->name, opts, &e) < 0)
			return say_err(&e);
		need_format(&s->needs[i], &b);
	}
	fwrite(b.len ? b.data : "", 1, b.len, stdout);
	return say_end(POD_EXIT_OK);
}

int cmd_plan(int argc, char **argv)
{
	OWN_PLUGINS struct plugins all = {0};
	OWN_SAID struct said s = {0};
	struct err e = {0};
	const char *pod = "", *user = NULL;
	bool judge = false;
	int r;
	const struct opt opts[] = {
		{OPT_STR, 'p', "pod", &pod, "POD", "the pod's name"},
		{OPT_STR, 'u', "user", &user, "UID:GID", "ask as this user; else as nobody"},
		{OPT_FLAG, 0, "judge", &judge, NULL, "judge the needs as a run would"},
		{0},
	};
	const struct opt_usage usage = {
		"pod-plugin plan [OPTION]... NAME [WORD[=VALUE]]...",
		"Print what a pod would need, one need a line; status 1: it is not on this machine.",
		1, 0, 0};

	opt_parse(opts, &usage, argc, argv);
	if ((*pod && pod_check_name(pod, &e) < 0) || plugin_find(&all, argv[0], &e) < 0 ||
	    enter_cage(user, &e) < 0)
		return say_err(&e);
	r = plugin_ask(&all.v[0], ASK_PLAN, pod, argv + 1, &s, &e);
	if (r < 0)
		return say_err(&e);
	say_logs(&all.v[0], &s);
	return r == 1 ? POD_EXIT_NO : print_needs(&all.v[0], &s, argv + 1, judge);
}
