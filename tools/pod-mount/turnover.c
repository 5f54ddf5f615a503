/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Turn-over: the upper becomes an immutable layer by rename.
 *
 *     1  turnover            a symlink to "ID:KIND" in the pod's directory: whose orphan this is,
 *                            should we die.  A symlink, because it is never half written
 *     2  layers/.new-ID/     with base and view
 *     3  upper      -> layers/.new-ID/tree
 *     4  .new-ID    -> layers/ID
 *     5  stack               names ID
 *     6  turnover            is removed
 *
 * Before 3 nothing has happened; from 3 on the layer holds the agent's only copy, and whoever comes
 * next goes on from where this stopped.  upper/ is made anew when a view needs it.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "envpod/exit.h"
#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "tools/pod-mount/base.h"
#include "tools/pod-mount/layers.h"
#include "tools/pod-mount/private.h"
#include "tools/pod-mount/provenance.h"
#include "tools/pod-mount/step.h"
#include "tools/pod-mount/view.h"

struct turn {
	const struct pod *pod;
	int layers; /* STATE/layers */
	char id[LAYER_ID_MAX + 1];
	char temp[LAYER_ID_MAX + 8];
	char kind[8];
};

static int turn_open(struct turn *t, const struct pod *p, struct err *e)
{
	OWN_FREE char *path = xfmt("%s/layers", pod_state_dir());

	t->pod = p;
	t->layers = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return t->layers < 0 ? err_set(e, errno, "open %s", path) : 0;
}

static void turn_finish(struct turn *t)
{
	own_close(&t->layers);
}

static void turn_name(struct turn *t, const char *id, const char *kind)
{
	snprintf(t->id, sizeof(t->id), "%.32s", id);
	snprintf(t->temp, sizeof(t->temp), ".new-%s", t->id);
	snprintf(t->kind, sizeof(t->kind), "%.7s", kind);
}

static int write_record(const struct turn *t, struct err *e)
{
	OWN_FREE char *text = xfmt("%s:%s", t->id, t->kind);

	if (symlinkat(text, t->pod->dir, "turnover") < 0)
		return err_set(e, errno, "write %s/turnover", t->pod->path);
	return 0;
}

static int copy_marker(const struct pod *p, int to)
{
	OWN_BUF struct buf b = BUF_INIT;
	int r = read_file_at(p->dir, "view", &b, 1 << 20);

	return r < 0 ? r : write_file_at(to, "view", b.data, b.len, 0600, false);
}

int layer_describe(const struct pod *p, const struct stack *s, int dir, int tree, struct err *e)
{
	OWN_BUF struct buf b = BUF_INIT;
	bool redirects = false;
	int r = copy_marker(p, dir);

	if (r < 0 && r != -ENOENT)
		return err_set(e, -r, "copy the view's marker");
	r = provenance_pass(p, dir);
	if (r < 0)
		return err_set(e, -r, "pass on who wrote the layer");
	r = base_write(&b, p, s, s->n, tree, &redirects, e);
	if (r < 0)
		return r;
	r = write_file_at(dir, "base", b.data, b.len, 0600, false);
	if (r == 0 && redirects)
		r = write_file_at(dir, "redirects", "", 0, 0600, false);
	return r < 0 ? err_set(e, -r, "write the base of a layer of pod %s", p->name) : 0;
}

static int prepare_layer(const struct turn *t, const struct stack *s, struct err *e)
{
	OWN_FD int upper = open_beneath(t->pod->dir, "upper", O_RDONLY | O_DIRECTORY, 0);
	OWN_FD int dir = -1;

	if (upper < 0)
		return err_set(e, -upper, "open %s/upper", t->pod->path);
	if (mkdirat(t->layers, t->temp, 0700) < 0)
		return err_set(e, errno, "make %s/layers/%s", pod_state_dir(), t->temp);
	dir = openat(t->layers, t->temp, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (dir < 0)
		return err_set(e, errno, "open %s/layers/%s", pod_state_dir(), t->temp);
	return layer_describe(t->pod, s, dir, upper, e);
}

/* Steps 4 to 6; each may have been done before. */
static int finish_turn(const struct turn *t, struct stack *s, struct err *e)
{
	if (renameat(t->layers, t->temp, t->layers, t->id) < 0 && errno != ENOENT)
		return err_set(e, errno, "put layer %s in place", t->id);
	if (!stack_has(s, t->id)) {
		stack_push(s, t->id, t->kind, "-");
		if (stack_save(s, t->pod, e) < 0)
			return -e->code;
	}
	if (unlinkat(t->pod->dir, "turnover", 0) < 0 && errno != ENOENT)
		return err_set(e, errno, "remove %s/turnover", t->pod->path);
	return 0;
}

static int move_upper(const struct turn *t, struct err *e)
{
	OWN_FREE char *tree = xfmt("%s/tree", t->temp);

	if (renameat(t->pod->dir, "upper", t->layers, tree) < 0)
		return err_set(e, errno, "turn %s/upper into a layer", t->pod->path);
	return 0;
}

static int close_upper(struct turn *t, struct stack *s, struct err *e)
{
	int r = write_record(t, e);

	if (r < 0)
		return r;
	r = prepare_layer(t, s, e);
	if (r == 0)
		r = move_upper(t, e);
	if (r < 0)
		goto undo_record;
	return finish_turn(t, s, e);

undo_record:
	remove_tree_at(t->layers, t->temp);
	unlinkat(t->pod->dir, "turnover", 0);
	return r;
}

int layer_close(const struct pod *p, struct stack *s, const char *kind, struct err *e)
{
	OWN(turn_finish) struct turn t = {.layers = -1};
	char id[LAYER_ID_MAX + 1];
	int r;

	if (!upper_used(p))
		return 0;
	if (s->n >= LAYERS_MAX)
		return err_set(
			e, ERR_PLAIN,
			"pod %s has %d layers, as many as can be stacked; commit or roll back "
			"what it holds, then go on",
			p->name, LAYERS_MAX);
	r = turn_open(&t, p, e);
	if (r < 0)
		return r;
	layer_new_id(id);
	turn_name(&t, id, kind);
	return close_upper(&t, s, e);
}

/* One that did not leave the stack, or that others name, stays. */
static int drop_one(const struct pod *p, const struct stack *s, const char *id, struct err *e)
{
	if (id[strspn(id, LAYER_ID_CHARS)] || stack_has(s, id) || layer_held(p, id))
		return 0;
	return layer_delete(id, e);
}

static int recover_drop(const struct pod *p, struct err *e)
{
	OWN_STACK struct stack s = {0};
	char text[2 * LAYER_ID_MAX + 2], *save = NULL;
	ssize_t n = readlinkat(p->dir, "dropping", text, sizeof(text) - 1);
	int r;

	if (n < 0)
		return errno == ENOENT ? 0 : err_set(e, errno, "read %s/dropping", p->path);
	text[n] = '\0';
	r = stack_load(&s, p, e);
	for (char *id = strtok_r(text, " ", &save); id && r == 0; id = strtok_r(NULL, " ", &save))
		r = drop_one(p, &s, id, e);
	if (r == 0 && unlinkat(p->dir, "dropping", 0) < 0)
		r = err_set(e, errno, "remove %s/dropping", p->path);
	return r;
}

/*
 * A layer that squash or another has taken out of the stack: "dropping" names it until its files
 * are gone, so that a crash in between leaves no tree that nobody knows.
 */
int layer_drop(const struct pod *p, struct stack *s, size_t i, struct err *e)
{
	struct layer gone = s->v[i];
	int r;

	if (symlinkat(gone.id, p->dir, "dropping") < 0)
		return err_set(e, errno, "write %s/dropping", p->path);
	stack_remove(s, i);
	r = stack_save(s, p, e);
	return r < 0 ? r : recover_drop(p, e);
}

/* What the crash left decides: no tree means that upper/ is still where it was. */
static int recover(struct turn *t, struct err *e)
{
	OWN_FREE char *tree = xfmt("%s/tree", t->temp);
	OWN_STACK struct stack s = {0};
	struct stat st;
	int r = stack_load(&s, t->pod, e), there;

	if (r < 0)
		return r;
	there = entry_find(t->layers, t->id, &st);
	if (there == 0)
		there = entry_find(t->layers, tree, &st);
	if (there < 0)
		return err_set(e, -there, "look for %s/layers/%s", pod_state_dir(), t->id);
	if (there)
		return finish_turn(t, &s, e);
	r = remove_tree_at(t->layers, t->temp);
	if (r < 0)
		return err_set(e, -r, "remove %s/layers/%s", pod_state_dir(), t->temp);
	if (unlinkat(t->pod->dir, "turnover", 0) < 0 && errno != ENOENT)
		return err_set(e, errno, "remove %s/turnover", t->pod->path);
	return 0;
}

int layers_recover(const struct pod *p, struct err *e)
{
	OWN(turn_finish) struct turn t = {.layers = -1};
	char text[64], id[LAYER_ID_MAX + 1], kind[8];
	int r = recover_drop(p, e);
	ssize_t n;

	if (r == 0)
		r = private_recover(p, e);
	if (r < 0)
		return r;
	n = readlinkat(p->dir, "turnover", text, sizeof(text) - 1);
	if (n < 0)
		return errno == ENOENT ? 0 : err_set(e, errno, "read %s/turnover", p->path);
	text[n] = '\0';
	if (sscanf(text, "%32[0-9a-f-]:%7[a-z]", id, kind) != 2)
		return err_status(e, POD_EXIT_CONFIG, ERR_PLAIN,
				  "%s/turnover says '%s', which envpod did not write", p->path,
				  esc(text));
	r = turn_open(&t, p, e);
	if (r < 0)
		return r;
	turn_name(&t, id, kind);
	return recover(&t, e);
}

int layers_recover_idle(const struct pod *p, struct err *e)
{
	pid_t pid = pod_init_pid(p, NULL, e);

	if (pid != 0)
		return pid < 0 ? pid : 0;
	return layers_recover(p, e);
}
