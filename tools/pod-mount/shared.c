/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-mount/shared.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcommon/own.h"
#include "libcommon/path.h"
#include "tools/pod-mount/holders.h"
#include "tools/pod-mount/private.h"
#include "tools/pod-mount/whiteout.h"

/* The stack's layers that others name too. */
struct shared {
	struct survey *s;
	bool *held; /* as in stack.v */
	size_t left;
	int copied;
};

static int look(struct shared *sh, struct survey *s, struct err *e)
{
	OWN_HOLDERS struct holders h = {0};
	int r = holders_load(&h, &s->pod, HOLDERS_NO_STACK, e);

	*sh = (struct shared){.s = s, .held = xcalloc(s->stack.n + 1, sizeof(bool))};
	for (size_t i = 0; r == 0 && i < s->stack.n; i++)
		sh->left += sh->held[i] = holders_has(&h, s->stack.v[i].id);
	return r;
}

/* Does the directory itself say more than that it exists? */
static bool is_marked(int fd)
{
	OWN_FREE struct dir_marks *marks = xcalloc(1, sizeof(*marks));

	return dir_marks_read(fd, marks) < 0 || marks->opaque || marks->redirected;
}

/*
 * May settling, pruning or dropping `within` change something in this layer?  Where the way ends
 * before the directory of the path, there is nothing of it.
 */
static bool is_on_way(int tree, const char *within)
{
	OWN_FREE char *way = xstrdup(within);
	OWN_FD int at = fcntl(tree, F_DUPFD_CLOEXEC, 3);
	char *rest = way, *name;

	while (at >= 0 && (name = strsep(&rest, "/"))) {
		struct stat st;
		int next;

		if (!rest)
			return true; /* its directory is there */
		if (fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			return errno != ENOENT;
		if (!S_ISDIR(st.st_mode))
			return true;
		next = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		close(at);
		at = next;
		if (at < 0 || is_marked(at))
			return true;
	}
	return true;
}

/* The descriptors that the survey holds become ones of the copy. */
static int reopen(struct survey *s, size_t i, struct err *e)
{
	for (unsigned c = 0; c < s->covers.n; c++) {
		OWN_FREE char *name = pod_cover_name(s->covers.v[c]);
		int fd = s->trees[c].layers[s->stack.n - i];
		OWN_FD int mine = fd < 0 ? -1 : layer_cover(&s->pod, s->stack.v[i].id, name);

		if (fd >= 0 && (mine < 0 || dup3(mine, fd, O_CLOEXEC) < 0))
			return err_set(e, mine < 0 ? -mine : errno, "open layer %s",
				       s->stack.v[i].id);
	}
	return 0;
}

int shared_follow(struct survey *s, struct err *e)
{
	OWN_STACK struct stack now = {0};
	int r = stack_load(&now, &s->pod, e);

	if (r == 0 && now.n != s->stack.n)
		r = err_set(e, EBUSY, "look at the layers of pod %s", s->pod.name);
	for (size_t i = 0; r == 0 && i < now.n; i++) {
		if (strcmp(now.v[i].id, s->stack.v[i].id) == 0)
			continue;
		memcpy(s->stack.v[i].id, now.v[i].id, sizeof(now.v[i].id));
		r = reopen(s, i, e);
	}
	return r;
}

static int release(struct shared *sh, size_t i, struct err *e)
{
	int r = layer_make_private(&sh->s->pod, &sh->s->stack, i, e);

	sh->held[i] = false;
	sh->left--;
	sh->copied++;
	return r < 0 ? r : reopen(sh->s, i, e);
}

static int release_way(struct shared *sh, unsigned cover, const char *within, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < sh->s->stack.n; i++) {
		int tree = sh->held[i] ? sh->s->trees[cover].layers[sh->s->stack.n - i] : -1;

		/* Below renamed directories a path has other names in the layers. */
		if (tree >= 0 && (sh->s->renames.n > 0 || is_on_way(tree, within)))
			r = release(sh, i, e);
	}
	return r;
}

int shared_release_path(struct survey *s, unsigned cover, const char *within, struct err *e)
{
	struct shared sh;
	int r = look(&sh, s, e);

	if (r == 0 && sh.left)
		r = release_way(&sh, cover, within, e);
	free(sh.held);
	return r < 0 ? r : sh.copied;
}

int shared_release(struct survey *s, struct err *e)
{
	OWN_BUF struct buf path = BUF_INIT;
	struct shared sh;
	int r = look(&sh, s, e);

	for (size_t i = 0; r == 0 && sh.left && i < s->changes.n; i++) {
		const struct change *c = &s->changes.v[i];

		if (c->chosen)
			r = release_way(&sh, c->cover,
					survey_within(s, c->cover, change_path(c, &path)), e);
	}
	free(sh.held);
	return r < 0 ? r : sh.copied;
}
