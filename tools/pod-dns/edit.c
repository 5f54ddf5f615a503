/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changing which names a pod may resolve: policy/dns.json is replaced, a running pod-dns sees it.
 * All of a command holds or nothing of it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/record.h"
#include "libcommon/say.h"
#include "libcommon/unit.h"
#include "tools/pod-dns/book.h"
#include "tools/pod-dns/cmds.h"
#include "tools/pod-dns/takeback.h"

struct edit {
	struct strv list[LIST_COUNT]; /* what was asked for, by what it changes */
	const char *allow_from, *deny_from;
	int64_t now, until;
	bool reload;         /* change nothing, have it read once more */
	struct strv out, in; /* entries as book_text() says them */
	struct plan plan;
	struct book book;
	struct rules *scratch; /* to check entries by */
};

static void edit_finish(struct edit *d)
{
	for (int i = 0; i < LIST_COUNT; i++)
		strv_finish(&d->list[i]);
	strv_finish(&d->out);
	strv_finish(&d->in);
	plan_finish(&d->plan);
	book_finish(&d->book);
	rules_free(d->scratch);
}

static const char *const plan_keys[] = {"dns.allow", "dns.deny", "dns.remap"};

/* The entry of the pod file with this pattern, or NULL; behind the = of a remap nothing counts. */
static const char *in_plan(const struct edit *d, enum policy_list list, const char *pattern)
{
	const char *value;
	size_t i = 0;

	while ((value = plan_next(&d->plan, plan_keys[list], &i))) {
		OWN_FREE char *name = xstrdup(value);

		name[strcspn(name, "=")] = '\0';
		if (pattern_equal(name, pattern))
			return value;
	}
	return NULL;
}

/* An addition takes the place of whatever was said of the same pattern before. */
static int add(struct edit *d, enum policy_list list, const char *name, const char *to,
	       struct err *e)
{
	const struct policy_entry entry = {list, name, to, d->until};
	int r = list == LIST_REMAP ? rules_remap(d->scratch, name, to, e)
				   : rules_add(d->scratch, (enum rule_kind)list, name, e);
	const char *planned;

	if (r < 0) {
		e->status = POD_EXIT_USAGE;
		return r;
	}
	book_take(&d->book, list + LIST_REMOVE_ALLOW, name);
	book_take(&d->book, list, name);
	planned = in_plan(d, list, name);
	if (list != LIST_REMAP && planned && strcasecmp(planned, name) == 0)
		return 0; /* the pod file says the same, and for good */
	book_put(&d->book, &entry);
	return 0;
}

static int add_remap(struct edit *d, const char *text, struct err *e)
{
	OWN_FREE char *name = xstrdup(text);
	char *equals = strchr(name, '=');

	if (!equals)
		return err_status(e, POD_EXIT_USAGE, ERR_PLAIN,
				  "remap '%.300s': want NAME=ADDRESS or NAME=NAME", esc(text));
	*equals = '\0';
	return add(d, LIST_REMAP, name, equals + 1, e);
}

/* What the pod file has is taken back by an entry of its own. */
static int drop(struct edit *d, enum policy_list removal, const char *name, struct err *e)
{
	enum policy_list list = removal - LIST_REMOVE_ALLOW;
	const struct policy_entry entry = {removal, name, "", 0};
	bool planned = in_plan(d, list, name) != NULL;
	unsigned taken = book_take(&d->book, list, name);

	if (!taken && !planned)
		return err_status(e, POD_EXIT_FAILED, ERR_PLAIN,
				  "no entry says %s '%.200s' (pod-dns check says which entry "
				  "decides a name)",
				  policy_lists[list], esc(name));
	if (planned)
		book_put(&d->book, &entry);
	return 0;
}

static int apply(struct edit *d, struct err *e)
{
	int r = 0;

	/* Removals first, so that one command can replace an entry. */
	for (int list = LIST_COUNT - 1; list >= 0; list--)
		for (size_t i = 0; i < d->list[list].n && r == 0; i++) {
			const char *text = d->list[list].v[i];

			r = list >= LIST_REMOVE_ALLOW ? drop(d, (enum policy_list)list, text, e)
			    : list == LIST_REMAP      ? add_remap(d, text, e)
						      : add(d, (enum policy_list)list, text, "", e);
		}
	return r;
}

/* On record before it holds. */
static int put_on_record(const struct edit *d, const char *pod, struct err *e)
{
	OWN_EVENT struct event ev = {0};
	char until[32];

	event_init(&ev, pod, "dns", "policy_change");
	for (int list = 0; list < LIST_COUNT; list++)
		if (d->list[list].n)
			event_strv(&ev, policy_lists[list], d->list[list].v);
	if (d->until)
		event_str(&ev, "until", time_text(d->until, until));
	if (d->out.n)
		event_strv(&ev, "taken_out", d->out.v);
	if (d->in.n)
		event_strv(&ev, "put_in", d->in.v);
	if (d->reload)
		event_bool(&ev, "reload", true);
	return record_event(&ev, true, e);
}

static int write_book(struct edit *d, const struct pod *pod, struct err *e)
{
	char id[UNDO_ID];
	int r = takeback_register(&d->book, pod, id, e);

	if (r < 0)
		return r;
	r = book_write(&d->book, d->now, pod, e);
	if (r < 0 && *id)
		undo_withdraw(pod, id);
	return r;
}

static int carry_out(struct edit *d, const char *name, struct err *e)
{
	OWN(pod_finish) struct pod pod = POD_INIT;

	if (pod_check_caller(e) < 0 || pod_open(&pod, name, e) < 0 ||
	    plan_open(&d->plan, &pod, e) < 0)
		return -EINVAL;
	if (book_open(&d->book, &pod, e) < 0)
		return -EINVAL;
	d->scratch = rules_new(MODE_ALLOWLIST, false);
	if (takeback_apply(&d->book, &d->out, &d->in, d->now, e) < 0 || apply(d, e) < 0 ||
	    put_on_record(d, pod.name, e) < 0)
		return -EINVAL;
	return write_book(d, &pod, e);
}

/* A denied name stays denied whatever allows it: said at once, not found out later. */
static void warn_of_denials(const struct edit *d, const char *name)
{
	OWN(pod_finish) struct pod pod = POD_INIT;
	OWN_PLAN struct plan plan = {0};
	struct err e = {0};
	struct rules *rules = rules_of_pod(name, &pod, &plan, &e);
	char text[RULES_TEXT_MAX];

	for (size_t i = 0; rules && i < d->list[LIST_ALLOW].n; i++) {
		const char *pattern = d->list[LIST_ALLOW].v[i];
		struct name n;
		struct verdict v;

		pattern += strspn(pattern, "*");
		pattern += *pattern == '.';
		if (name_from_text(&n, pattern, strcspn(pattern, ":")) < 0)
			continue;
		rules_judge(rules, &n, &v);
		if (v.decision == DECISION_DENY && v.prefix)
			say_warn("%s is still refused: %s", esc(pattern),
				 verdict_text(rules, &v, text));
	}
	rules_free(rules);
}

/* Names one a line; what follows a # is a remark. */
static int read_names(struct strv *to, const char *path, struct err *e)
{
	OWN_FILE FILE *own = strcmp(path, "-") == 0 ? NULL : fopen(path, "re");
	FILE *f = strcmp(path, "-") == 0 ? stdin : own;
	OWN_FREE char *line = NULL;
	size_t size = 0;

	if (!f)
		return err_set(e, errno, "open %s", esc(path));
	while (getline(&line, &size, f) > 0) {
		char *name = line + strspn(line, " \t");

		name[strcspn(name, " \t\r\n#")] = '\0';
		if (*name)
			strv_add(to, name);
	}
	return ferror(f) ? err_set(e, EIO, "read %s", esc(path)) : 0;
}

static int read_lists(struct edit *d, struct err *e)
{
	const struct {
		const char *path;
		enum policy_list list;
	} files[] = {{d->allow_from, LIST_ALLOW}, {d->deny_from, LIST_DENY}};
	int r = 0;

	for (size_t i = 0; i < 2 && r == 0; i++)
		if (files[i].path)
			r = read_names(&d->list[files[i].list], files[i].path, e);
	return r;
}

static bool asks_nothing(const struct edit *d)
{
	if (d->reload || d->out.n || d->in.n)
		return false;
	for (int i = 0; i < LIST_COUNT; i++)
		if (d->list[i].n)
			return false;
	return true;
}

int cmd_edit(int argc, char **argv)
{
	OWN(edit_finish) struct edit d = {.now = time(NULL), .book = BOOK_INIT};
	const char *how_long = NULL;
	uint64_t seconds;
	struct err e = {0};
	const struct opt opts[] = {
		{OPT_LIST, 'a', "allow", &d.list[LIST_ALLOW], "NAME",
		 "let the pod resolve it (x.y, *.x.y, **.x.y, x.y:22,443)"},
		{OPT_LIST, 'd', "deny", &d.list[LIST_DENY], "NAME", "refuse it whatever allows it"},
		{OPT_LIST, 0, "remove-allow", &d.list[LIST_REMOVE_ALLOW], "NAME",
		 "take back an allow entry, and cut its connections"},
		{OPT_LIST, 0, "remove-deny", &d.list[LIST_REMOVE_DENY], "NAME",
		 "take back a deny entry"},
		{OPT_LIST, 'm', "remap", &d.list[LIST_REMAP], "NAME=TARGET",
		 "answer it with another address or name"},
		{OPT_LIST, 0, "remove-remap", &d.list[LIST_REMOVE_REMAP], "NAME",
		 "take back a remap"},
		{OPT_STR, 0, "allow-from", &d.allow_from, "FILE",
		 "allow every name in it, one a line; - is standard input"},
		{OPT_STR, 0, "deny-from", &d.deny_from, "FILE", "deny every name in it"},
		{OPT_LIST, 0, "take-out", &d.out, "ENTRY", "this very entry; 3 if it is not there"},
		{OPT_LIST, 0, "put-in", &d.in, "ENTRY", "this entry; 3 if its place is taken"},
		{OPT_FLAG, 0, "reload", &d.reload, NULL, "have the running resolver read it anew"},
		{OPT_STR, 0, "for", &how_long, "DURATION",
		 "what is added ends after so long (1h30m)"},
		{0},
	};
	const struct opt_usage usage = {"pod-dns edit OPTION... POD",
					"Change which names a pod may resolve; it holds at once.",
					1, 1, 0};

	opt_parse(opts, &usage, argc, argv);
	if (read_lists(&d, &e) < 0)
		return say_err(&e);
	if (asks_nothing(&d))
		die(POD_EXIT_USAGE, "say what to change (see pod-dns edit --help)");
	if (how_long &&
	    (unit_duration(how_long, &seconds) < 0 || seconds == 0 || seconds > 366 * 86400))
		die(POD_EXIT_USAGE, "--for '%s': want a duration up to a year, such as 1h30m",
		    esc(how_long));
	d.until = how_long ? d.now + (int64_t)seconds : 0;
	if (carry_out(&d, argv[0], &e) < 0)
		return say_err(&e);
	warn_of_denials(&d, argv[0]);
	return POD_EXIT_OK;
}
