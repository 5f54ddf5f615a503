/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Taking back what a note says (libcommon/undo.h): its command is run as it stands there, without a
 * shell, under the same checks as anybody's.  What it registers itself is how to do it again.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/record.h"
#include "libcommon/spawn.h"
#include "tools/pod-mount/undo.h"

#define WAIT_MS 10000

static int say_command(const struct undo *u)
{
	const struct strv *run = &u->what->note.run;

	if (u->json)
		return 0;
	printf("%s %s:", u->what->id, esc(u->what->verb));
	for (size_t i = 0; i < run->n; i++)
		printf(" %s", esc(run->v[i]));
	putchar('\n');
	return 0;
}

/* The answers of tools go to stderr: our stdout is the list of what was undone. */
static int run_command(const struct undo *u, struct err *e)
{
	const struct spawn_io io = {.in = -1, .out = STDERR_FILENO, .err = -1};
	int status;

	fflush(stdout);
	if (setenv(UNDO_ENV, u->what->id, 1) < 0)
		return err_set(e, errno, "set " UNDO_ENV);
	status = spawn_wait(u->what->note.run.v, &io, e);
	unsetenv(UNDO_ENV);
	if (status == POD_EXIT_REFUSED)
		return err_status(e, status, ERR_PLAIN,
				  "undo %s (%s): it is not as it was left; nothing was changed",
				  u->what->id, esc(u->what->verb));
	if (status > 0)
		return err_status(e, status < 128 ? status : POD_EXIT_FAILED, ERR_PLAIN,
				  "undo %s (%s): %s ended with %d", u->what->id, esc(u->what->verb),
				  u->what->note.run.v[0], status);
	return status;
}

/* The record that the command made, or one of our own where it made none. */
static int find_or_make(const struct undo *u, char id[UNDO_ID], struct err *e)
{
	OWN_UNDO_RECORDS struct undo_records now = {0};
	OWN_UNDO_NOTE struct undo_note n = {0};
	int r = undo_records_load(&now, &u->pod, e);

	if (r < 0)
		return r;
	for (size_t i = now.n; i-- > 0;)
		if (strcmp(now.v[i].undoes, u->what->id) == 0) {
			snprintf(id, UNDO_ID, "%s", now.v[i].id);
			return 0;
		}
	strv_add(&n.what, "undo");
	for (size_t i = 0; i < u->what->note.what.n; i++)
		strv_add(&n.what, u->what->note.what.v[i]);
	n.never = xstrdup("what was taken back is asked for anew");
	snprintf(n.undoes, sizeof(n.undoes), "%s", u->what->id);
	return undo_register(&u->pod, &n, id, e);
}

static int put_on_record(const struct undo *u, const char *name, const char *id, const char *why,
			 struct err *e)
{
	OWN_EVENT struct event ev;

	event_init(&ev, u->pod.name, "mount", name);
	if (id)
		event_str(&ev, "undo", id);
	event_str(&ev, "undoes", u->what->id);
	event_strv(&ev, "what", u->what->note.what.v);
	if (why)
		event_str(&ev, "reason", why);
	return record_event(&ev, true, e);
}

static int carry_out(struct undo *u, char id[UNDO_ID], struct err *e)
{
	int r;

	/* The command takes locks of its own. */
	pod_unlock(&u->pod);
	r = run_command(u, e);
	if (r < 0)
		return r;
	r = pod_lock(&u->pod, WAIT_MS, e);
	if (r == 0)
		r = find_or_make(u, id, e);
	return r == 0 ? undo_mark(&u->pod, u->what->id, id, e) : r;
}

int undo_by_command(struct undo *u, struct err *e)
{
	const struct undo_note *n = &u->what->note;
	char id[UNDO_ID];
	struct err ignored = {0};

	if (n->never)
		return err_status(e, POD_EXIT_REFUSED, ERR_PLAIN,
				  "undo %s (%s): it cannot be taken back: %s", u->what->id,
				  esc(u->what->verb), esc(n->never));
	if (u->dry)
		return say_command(u);
	if (carry_out(u, id, e) < 0) {
		put_on_record(u, err_exit(e) == POD_EXIT_REFUSED ? "undo_refused" : "undo_failed",
			      NULL, e->msg, &ignored);
		return -e->code;
	}
	if (!u->json)
		printf("Undone: %s, %s.\n", esc(u->what->verb), u->what->id);
	return put_on_record(u, "undo", id, NULL, e);
}
