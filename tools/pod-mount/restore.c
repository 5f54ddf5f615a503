/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-mount/restore.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/record.h"
#include "libcommon/say.h"
#include "tools/pod-mount/quota.h"
#include "tools/pod-mount/undo.h"

static int put_stack(const struct journal *j, const char *name, const struct stack *s,
		     struct err *e)
{
	OWN_BUF struct buf b = BUF_INIT;
	int r;

	stack_text(&b, s);
	r = write_file_at(j->dir, name, b.data, b.len, 0600, true);
	return r < 0 ? err_set(e, -r, "write undo/%s/%s", j->id, name) : 0;
}

static int get_stack(struct stack *s, int dir, const char *id, const char *name, struct err *e)
{
	return stack_load_at(s, dir, name, e) < 0 ? err_wrap(e, "undo/%s", id) : 0;
}

/* The layers themselves must be there, or the pod would never start again. */
static int check_layers(const struct stack *s, struct err *e)
{
	for (size_t i = 0; i < s->n; i++) {
		OWN_FD int fd = layer_open(s->v[i].id, "tree");

		if (fd < 0)
			return err_set(e, -fd, "open layer %s", s->v[i].id);
	}
	return 0;
}

static bool is_same(const struct stack *a, const struct stack *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (strcmp(a->v[i].id, b->v[i].id) != 0)
			return false;
	return true;
}

/* The record that this one takes back says so, before this one is done. */
static int mark_undone(const struct pod *p, const struct journal *j, struct err *e)
{
	OWN_FREE char *path = xfmt("undo/%s", j->undoes);
	OWN_FD int dir = *j->undoes ? open_beneath(p->dir, path, O_RDONLY | O_DIRECTORY, 0) : -1;
	int r = !*j->undoes ? 0
		: dir < 0   ? dir
			    : write_file_at(dir, "undone", j->id, strlen(j->id), 0600, true);

	return r < 0 ? err_set(e, -r, "write %s/undone", path) : 0;
}

/* What an undo record keeps of a pod is not counted as its own any more (quota.h). */
static void count(const struct pod *p, const struct journal *j, const struct stack *want)
{
	OWN_STACK struct stack was = {0};
	struct err none = {0};

	if (get_stack(&was, j->dir, j->id, "stack", &none) == 0)
		quota_exchange(p, &was, want);
}

static int apply(const struct pod *p, struct journal *j, const struct stack *want, struct err *e)
{
	int r = stack_save(want, p, e);

	if (r == 0)
		count(p, j, want);
	if (r == 0)
		r = mark_undone(p, j, e);
	return r < 0 ? r : journal_end(j, JOURNAL_DONE, e);
}

static int replace(const struct pod *p, const struct stack *now, const struct stack *want,
		   struct journal *j, struct err *e)
{
	int r = journal_begin(j, p, e);

	if (r == 0)
		r = put_stack(j, "stack", now, e);
	if (r == 0)
		r = put_stack(j, "stack.new", want, e);
	if (r == 0)
		r = journal_prepared(j, e);
	return r == 0 ? apply(p, j, want, e) : r;
}

static int check_still(const struct pod *p, struct err *e)
{
	pid_t pid = pod_init_pid(p, NULL, e);

	if (pid <= 0)
		return pid;
	return err_status(e, POD_EXIT_BUSY, ERR_PLAIN,
			  "a program runs in pod %s, and its files cannot be exchanged under it: "
			  "envpod stop %s first",
			  p->name, p->name);
}

static int restore(const struct pod *p, const struct stack *want, struct journal *j,
		   char id[JOURNAL_ID], struct err *e)
{
	OWN_STACK struct stack now = {0};
	int r = check_layers(want, e);

	*id = '\0';
	if (r == 0)
		r = check_still(p, e);
	if (r == 0)
		r = stack_load(&now, p, e);
	if (r == 0)
		r = layer_close(p, &now, "auto", e);
	if (r < 0 || is_same(&now, want))
		return r;
	r = replace(p, &now, want, j, e);
	memcpy(id, j->id, JOURNAL_ID);
	return r;
}

int restore_stack(const struct pod *p, const struct stack *want, const char *undoes,
		  char id[JOURNAL_ID], struct err *e)
{
	OWN_JOURNAL struct journal j = JOURNAL_INIT;

	snprintf(j.verb, sizeof(j.verb), "%s", undoes ? "unrestore" : "restore");
	snprintf(j.undoes, sizeof(j.undoes), "%s", undoes ? undoes : "");
	return restore(p, want, &j, id, e);
}

int restore_grounds(const struct pod *p, const struct stack *want, uint64_t files,
		    char id[JOURNAL_ID], struct err *e)
{
	OWN_JOURNAL struct journal j = JOURNAL_INIT;

	snprintf(j.verb, sizeof(j.verb), "reset");
	j.files = files;
	return restore(p, want, &j, id, e);
}

bool restore_is(const char *verb)
{
	return strcmp(verb, "restore") == 0 || strcmp(verb, "unrestore") == 0 ||
	       strcmp(verb, "reset") == 0;
}

static int record(const struct pod *p, const char *verb, const char *id, struct err *e)
{
	OWN_EVENT struct event ev;

	event_init(&ev, p->name, "mount", verb);
	event_str(&ev, "undo", id);
	return record_event(&ev, true, e);
}

int undo_restore(struct undo *u, struct err *e)
{
	OWN_STACK struct stack old = {0};
	char id[JOURNAL_ID];
	int r = get_stack(&old, u->old.dir, u->what->id, "stack", e);

	if (r == 0)
		r = check_still(&u->pod, e);
	if (r < 0 || u->dry)
		return r;
	r = restore_stack(&u->pod, &old, u->what->id, id, e);
	return r == 0 && *id ? record(&u->pod, "unrestore", id, e) : r;
}

static int forget(const struct pod *p, struct journal *j, struct err *e)
{
	OWN_FD int undo = open_beneath(p->dir, "undo", O_RDONLY | O_DIRECTORY, 0);
	int r = undo < 0 ? undo : 0;

	if (r < 0)
		return err_set(e, -r, "open %s/undo", p->path);
	r = journal_end(j, JOURNAL_UNDONE, e);
	if (r == 0)
		remove_tree_at(undo, j->id);
	return r;
}

/* Once it is prepared it goes forward; before that nothing but the record was made. */
int restore_recover(const struct pod *p, struct journal *j, struct err *e)
{
	OWN_STACK struct stack want = {0};
	bool forward = j->state == JOURNAL_PREPARED;
	int r = forward ? get_stack(&want, j->dir, j->id, "stack.new", e) : 0;

	if (r == 0)
		r = forward ? apply(p, j, &want, e) : forget(p, j, e);
	if (r < 0)
		return r;
	say_warn("pod %s: a restore that was cut off is %s now", p->name,
		 forward ? "finished" : "undone");
	return record(p, forward ? "restore_finished" : "restore_undone", j->id, e);
}
