/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-mount/pick.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/own.h"
#include "libcommon/say.h"
#include "tools/pod-mount/editor.h"
#include "tools/pod-mount/hunkedit.h"
#include "tools/pod-mount/list.h"
#include "tools/pod-mount/patch.h"
#include "tools/pod-mount/patches.h"

enum answer {
	TAKE = 'y',
	LEAVE = 'n',
	TAKE_ALL = 'a',
	LEAVE_ALL = 'd',
	SPLIT = 's',
	EDIT = 'e',
	QUIT = 'q'
};

struct picker {
	const struct pick_ask *ask;
	struct survey *s;
	bool quit, gone; /* gone: nobody is there to answer */
};

/* What is asked about of one file: a hunk is a span of runs. */
struct file {
	const struct change *c;
	struct hunk_choice *k;
	struct patch p;
	size_t hunk, hunks; /* for people: "(2/5)" */
	int decided;        /* TAKE_ALL or LEAVE_ALL: the rest of the file is */
};

static void say_help(const char *letters)
{
	printf("y - commit this\n"
	       "n - do not commit this\n"
	       "q - quit: neither this nor anything behind it\n"
	       "a - commit this and the rest of the file\n"
	       "d - commit neither this nor the rest of the file\n");
	if (strchr(letters, SPLIT))
		printf("s - split this hunk into smaller ones\n");
	if (strchr(letters, EDIT))
		printf("e - edit this hunk by hand\n");
	printf("? - this help\n");
}

/* One letter; an end of input is an answer, too: nothing is to be done. */
static int ask(struct picker *k, const char *prompt, const char *letters)
{
	char line[128];

	for (;;) {
		printf("%s [", prompt);
		for (const char *l = letters; *l; l++)
			printf("%c,", *l);
		printf("?]? ");
		fflush(stdout);
		if (!fgets(line, sizeof(line), stdin)) {
			putchar('\n');
			k->quit = k->gone = true;
			return QUIT;
		}
		if (line[0] && line[1] == '\n' && strchr(letters, line[0]) && line[0] != '\n')
			return line[0];
		say_help(letters);
	}
}

/* Note what an answer decides beyond the hunk; is the hunk itself taken? */
static bool decide(struct picker *k, struct file *f, int answer)
{
	if (answer == QUIT)
		k->quit = true;
	if (answer == TAKE_ALL || answer == LEAVE_ALL)
		f->decided = answer;
	return answer == TAKE || answer == TAKE_ALL;
}

static void print_hunk(const struct file *f, size_t from, size_t to)
{
	OWN_BUF struct buf text = BUF_INIT;

	patch_put_hunk(&text, &f->p, from, to);
	patches_write(&text);
}

/* False: ask again; *text is what was left in the editor, and what it begins with next time. */
static bool edit_hunk(struct file *f, size_t from, size_t to, struct buf *text)
{
	struct err e = {0};

	if (text->len == 0)
		hunk_edit_offer(text, &f->p, from, to);
	if (editor_run(text, "hunk.diff", &e) == 0 &&
	    hunk_edit_read(&f->k->edits, &f->p, from, to, text->data, text->len, &e) >= 0)
		return true;
	say_error("%s", e.msg);
	return false;
}

static int ask_about_hunk(struct picker *k, struct file *f, size_t from, size_t to)
{
	OWN_FREE char *prompt = xfmt("(%zu/%zu) Commit this hunk", f->hunk, f->hunks);
	OWN_BUF struct buf edited = BUF_INIT;
	int answer;

	print_hunk(f, from, to);
	do
		answer = ask(k, prompt, to - from > 1 ? "ynqadse" : "ynqade");
	while (answer == EDIT && !edit_hunk(f, from, to, &edited));
	return answer;
}

static void ask_hunk(struct picker *k, struct file *f, size_t from, size_t to)
{
	bool take;
	int answer;

	if (k->quit || f->decided) {
		take = !k->quit && f->decided == TAKE_ALL;
	} else {
		answer = ask_about_hunk(k, f, from, to);
		if (answer == SPLIT) {
			f->hunks += to - from - 1;
			for (; from < to; from++, f->hunk++)
				ask_hunk(k, f, from, from + 1);
			f->hunk--;
			return;
		}
		take = decide(k, f, answer);
	}
	memset(f->k->take + from, take, to - from);
}

static void ask_mode(struct picker *k, struct file *f)
{
	OWN_FREE char *prompt = xfmt("Commit the change of mode %04o -> %04o",
				     f->c->old_mode & 07777, f->c->mode & 07777);

	if (f->c->what & WHAT_MODE)
		f->k->with_mode = decide(k, f, ask(k, prompt, "ynqad"));
}

static size_t count_hunks(const struct patch *p)
{
	size_t n = 0;

	for (size_t i = 0; i < p->n; i = patch_hunk_end(p, i))
		n++;
	return n;
}

/* Everything of it was taken: then owner and attributes, which no hunk shows, come along. */
static bool takes_all(const struct file *f)
{
	size_t taken = 0;

	for (size_t i = 0; i < f->k->n; i++)
		taken += f->k->take[i];
	return taken == f->k->n && (f->k->with_mode || !(f->c->what & WHAT_MODE));
}

static bool takes_none(const struct file *f)
{
	for (size_t i = 0; i < f->k->n; i++)
		if (f->k->take[i])
			return false;
	return !f->k->with_mode && f->k->edits.n == 0;
}

static void ask_file(struct picker *k, struct file *f)
{
	f->k->take = xcalloc(f->p.n + 1, sizeof(*f->k->take));
	f->k->n = f->p.n;
	f->hunk = 1;
	f->hunks = count_hunks(&f->p);
	ask_mode(k, f);
	for (size_t i = 0, end; i < f->p.n; i = end, f->hunk++) {
		end = patch_hunk_end(&f->p, i);
		ask_hunk(k, f, i, end);
	}
	f->k->whole = takes_all(f);
	if (takes_none(f))
		hunks_drop(k->ask->hunks);
}

static void print_change(const struct picker *k, const struct change *c)
{
	OWN_BUF struct buf line = BUF_INIT;

	list_line(&line, k->s, c, k->ask->cwd);
	printf("%s\n", line.data);
}

static const char *question(const struct change *c)
{
	switch (c->kind) {
	case CHANGE_ADDED:
		return "Commit this addition";
	case CHANGE_DELETED:
		return "Commit this deletion";
	case CHANGE_TYPE:
		return "Commit this change of type";
	default:
		return "Commit this change";
	}
}

static void print_text(const struct half *old, const struct half *new)
{
	OWN_BUF struct buf text = BUF_INIT;
	OWN_PATCH struct patch p;

	patch_make(&p, old->data.data ? old->data.data : "", old->data.len,
		   new->data.data ? new->data.data : "", new->data.len);
	patch_put(&text, &p);
	patches_write(&text);
}

static void ask_whole(struct picker *k, const struct change *c, const struct half *old,
		      const struct half *new)
{
	struct file f = {.c = c};

	if (!old->binary && !new->binary && (old->mode || new->mode))
		print_text(old, new);
	else if (old->binary || new->binary)
		printf("The contents are not text, or too large to be shown.\n");
	if (!decide(k, &f, ask(k, question(c), "ynqad")))
		return;
	f.k = hunks_add(k->ask->hunks, k->s, c);
	f.k->whole = f.k->by_name = true;
}

static bool can_part(const struct change *c, const struct half *old, const struct half *new)
{
	return c->kind == CHANGE_MODIFIED && S_ISREG(c->mode) && S_ISREG(c->old_mode) &&
	       !old->binary && !new->binary && c->what &WHAT_CONTENT;
}

static void ask_change(struct picker *k, const struct change *c)
{
	struct half old = HALF_INIT, new = HALF_INIT;
	struct file f = {.c = c};

	print_change(k, c);
	content_half(&old, k->s, c, SIDE_HOST);
	content_half(&new, k->s, c, SIDE_POD);
	if (can_part(c, &old, &new)) {
		f.k = hunks_add(k->ask->hunks, k->s, c);
		f.k->by_name = true;
		patch_make(&f.p, old.data.data ? old.data.data : "", old.data.len,
			   new.data.data ? new.data.data : "", new.data.len);
		ask_file(k, &f);
		patch_finish(&f.p);
	} else
		ask_whole(k, c, &old, &new);
	buf_finish(&old.data);
	buf_finish(&new.data);
}

static bool is_taken(const struct hunks *h, const struct change *c)
{
	OWN_BUF struct buf path = BUF_INIT;

	change_path(c, &path);
	for (size_t i = h->n; i-- > 0;)
		if (strcmp(h->v[i].path, path.data) == 0)
			return h->v[i].whole;
	return false;
}

/* A directory goes when all that was in it does; nobody is asked about it. */
static void take_emptied(struct picker *k, size_t i)
{
	const struct changes *list = &k->s->changes;
	struct hunk_choice *choice;

	if (list->v[i].kind != CHANGE_DELETED)
		return;
	for (size_t n = i + 1, end = changes_end(list, i); n < end; n++)
		if (list->v[n].chosen && !list_is_implied(k->s, n) &&
		    !is_taken(k->ask->hunks, &list->v[n]))
			return;
	choice = hunks_add(k->ask->hunks, k->s, &list->v[i]);
	choice->whole = choice->by_name = true;
}

static void ask_all(struct picker *k)
{
	const struct changes *list = &k->s->changes;

	for (size_t i = 0; i < list->n && !k->quit; i++)
		if (list->v[i].chosen && !list_is_implied(k->s, i))
			ask_change(k, &list->v[i]);
	for (size_t i = 0; i < list->n && !k->gone; i++)
		if (list->v[i].chosen && list_is_implied(k->s, i))
			take_emptied(k, i);
}

int pick_hunks(const struct pick_ask *a, struct err *e)
{
	OWN_SURVEY struct survey s = SURVEY_INIT;
	struct picker k = {.ask = a, .s = &s};
	struct survey_opts o = {.all = a->all, .setup = a->setup};

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return err_status(e, POD_EXIT_USAGE, ERR_PLAIN,
				  "-p asks on a terminal; commit --hunks takes part of a patch "
				  "without asking");
	if (survey_open(&s, a->pod, &o, e) < 0 || survey_walk(&s, e) < 0 ||
	    selection_apply(a->sel, &s.changes, true, e) < 0)
		return -e->code;
	pod_unlock(&s.pod);
	ask_all(&k);
	while (k.gone && a->hunks->n > 0)
		hunks_drop(a->hunks);
	return 0;
}
