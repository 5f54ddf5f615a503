/* SPDX-License-Identifier: Apache-2.0 */
/* pod-queue approve, deny, cancel: what a person says about one action. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/io.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/say.h"
#include "libcommon/unit.h"
#include "tools/pod-queue/agent.h"
#include "tools/pod-queue/approve.h"
#include "tools/pod-queue/cmds.h"
#include "tools/pod-queue/desk.h"
#include "tools/pod-queue/note.h"

#define ONCE_LASTS  3600  /* seconds in which the steward must have seen it */
#define EXACT_LASTS 86400 /* of an approval that stands, where nothing else is said */
#define PATIENCE_MS 120000

struct yes {
	bool once, exact, print, no_wait, json;
	const char *length;
	uint64_t seconds;
};

static int check_yes(struct yes *y, struct err *e)
{
	y->seconds = y->exact ? EXACT_LASTS : ONCE_LASTS;
	if (y->once && (y->exact || y->length))
		return err_status(e, POD_EXIT_USAGE, ERR_PLAIN,
				  "--once is for this action alone: not with --for or --exact");
	if (y->length && (unit_duration(y->length, &y->seconds) < 0 || y->seconds == 0 ||
			  y->seconds > 366u * 86400))
		return err_status(e, POD_EXIT_USAGE, ERR_PLAIN,
				  "--for wants a time such as 1h30m, at most a year");
	return 0;
}

static bool is_open(int place)
{
	return place == PLACE_NEW || place == PLACE_STAGED || place == PLACE_DELAYED;
}

static int has_ended(const struct action *a, struct err *e)
{
	return err_status(e, POD_EXIT_REFUSED, ERR_PLAIN, "action %s is %s already", a->id,
			  *a->status ? a->status : "being executed");
}

static void compose(const struct desk *d, const struct yes *y, const struct action *a,
		    struct approval *p)
{
	*p = (struct approval){.at = action_now(),
			       .scope = y->exact    ? SCOPE_EXACT
					: y->length ? SCOPE_FOR
						    : SCOPE_ONCE};
	p->until = p->at + (int64_t)y->seconds;
	memcpy(p->id, a->id, sizeof(p->id));
	memcpy(p->digest, a->digest, sizeof(p->digest));
	memcpy(p->name, a->name, sizeof(p->name));
	memcpy(p->by, d->who.name, sizeof(p->by));
}

static int hand_in(struct desk *d, const struct approval *p, const struct buf *text, struct err *e)
{
	OWN_FREE char *file = xfmt("%s.json", p->id), *refused = xfmt("%s.refused", file);
	int r;

	/* One that was refused before is no answer to this one. */
	unlinkat(d->store.dir[PLACE_DENIED], refused, 0);
	r = write_file_at(d->store.dir[PLACE_APPROVED], file, text->data, text->len, 0600, true);
	return r < 0 ? err_set(e, -r, "write %s/queue/approved/%s", d->pod.path, file)
		     : desk_wake(d, e);
}

static int approve(struct desk *d, const struct yes *y, char **argv)
{
	OWN_ACTION struct action a = {.tier = TIERS};
	OWN_BUF struct buf text = BUF_INIT;
	struct approval p;
	struct err e = {0};
	int place = desk_open(d, argv[0], &e);

	if (place == 0)
		place = desk_read(d, argv[1], &a, &e);
	if (place < 0 || (!is_open(place) && has_ended(&a, &e) < 0) ||
	    approver_check(&d->plan, &a, d->who.name, &e) < 0)
		return say_err(&e);
	compose(d, y, &a, &p);
	approval_print(&p, &text);
	if (y->print) {
		fputs(text.data, stdout);
		return say_end(POD_EXIT_OK);
	}
	if (hand_in(d, &p, &text, &e) < 0)
		return say_err(&e);
	if (y->no_wait)
		return POD_EXIT_OK;
	return desk_await(d, &a, PATIENCE_MS, &e) < 0 ? say_err(&e) : desk_tell(&a, y->json);
}

int cmd_approve(int argc, char **argv)
{
	OWN(desk_finish) struct desk d = DESK_INIT;
	struct yes y = {0};
	struct err e = {0};
	const struct opt opts[] = {
		{OPT_FLAG, 0, "once", &y.once, NULL, "this action alone (so it is anyway)"},
		{OPT_STR, 0, "for", &y.length, "DURATION", "all actions of this name, so long"},
		{OPT_FLAG, 0, "exact", &y.exact, NULL, "this very action, as often as it comes"},
		{OPT_FLAG, 0, "print", &y.print, NULL, "print the approval and write nothing"},
		{OPT_FLAG, 0, "no-wait", &y.no_wait, NULL, "do not wait for what comes of it"},
		{OPT_FLAG, 'j', "json", &y.json, NULL, "print the action as one JSON object"},
		{0},
	};
	const struct opt_usage usage = {"pod-queue approve [OPTION]... POD ID",
					"Let an action be executed, and say what came of it.", 2, 2,
					0};

	opt_parse(opts, &usage, argc, argv);
	return check_yes(&y, &e) < 0 ? say_err(&e) : approve(&d, &y, argv);
}

/* --- no --- */

static int end(const char *pod, const char *prefix, const char *status, const char *reason)
{
	OWN(desk_finish) struct desk d = DESK_INIT;
	OWN_ACTION struct action a = {.tier = TIERS};
	bool denies = strcmp(status, "denied") == 0;
	OWN_FREE char *text = NULL;
	struct err e = {0};
	int place;

	if (desk_open(&d, pod, &e) < 0 || store_lock(&d.store, &e) < 0)
		return say_err(&e);
	place = desk_read(&d, prefix, &a, &e);
	if (place < 0 || (!is_open(place) && has_ended(&a, &e) < 0))
		return say_err(&e);
	text = xfmt("%s by %s%s%.900s", status, d.who.name, reason ? ": " : "",
		    reason ? reason : "");
	if (store_end(&d.store, (enum place)place, &a, status, text, &e) < 0 ||
	    note_action(&d.pod, denies ? "action_denied" : "action_cancelled", &a, d.who.name, &e) <
		    0)
		return say_err(&e);
	return POD_EXIT_OK;
}

int cmd_deny(int argc, char **argv)
{
	const char *reason = NULL;
	const struct opt opts[] = {
		{OPT_STR, 'r', "reason", &reason, "TEXT", "why; the agent is told"},
		{0},
	};
	const struct opt_usage usage = {"pod-queue deny [OPTION]... POD ID",
					"Refuse an action that waits.", 2, 2, 0};

	opt_parse(opts, &usage, argc, argv);
	return end(argv[0], argv[1], "denied", reason);
}

int cmd_cancel(int argc, char **argv)
{
	const struct opt opts[] = {{0}};
	const struct opt_usage usage = {"pod-queue cancel [POD] ID",
					"Take back an action that has not begun; without POD, from "
					"inside one.",
					1, 2, 0};
	int n = opt_parse(opts, &usage, argc, argv);

	return n == 1 ? agent_cancel(argv[0]) : end(argv[0], argv[1], "cancelled", NULL);
}
