/* SPDX-License-Identifier: Apache-2.0 */
/*
 *     1  copying             a symlink to the new ID
 *     2  layers/.new-ID/     everything of the layer
 *     3  .new-ID -> layers/ID
 *     4  stack               names ID in the old one's place
 *     5  copying             is removed
 *
 * Before 4 the copy is nobody's and goes; after it, it is the pod's.  A copy of a live upper is
 * made in the same way, but that a snapshot names it and not the stack (snapshotlive.c).
 */
#include "tools/pod-mount/private.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "tools/pod-mount/treecopy.h"

static int open_layers(struct err *e)
{
	OWN_FREE char *path = xfmt("%s/layers", pod_state_dir());
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? err_set(e, errno, "open %s", path) : fd;
}

static int copy_layer(int layers, const char *id, const char *as, struct err *e)
{
	OWN_FREE char *temp = xfmt(".new-%s", as);
	OWN_FD int from = layer_open(id, ""), to = -1;
	int r = from < 0 ? from : 0;

	if (r == 0 && mkdirat(layers, temp, 0700) < 0)
		r = -errno;
	if (r == 0) {
		to = openat(layers, temp, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		r = to < 0 ? -errno : tree_link(from, to);
	}
	if (r == 0 && renameat(layers, temp, layers, as) < 0)
		r = -errno;
	return r < 0 ? err_set(e, -r, "copy layer %s", id) : 0;
}

/* A live pod's view goes on standing on what the stack no longer names. */
static int remember_view(const struct pod *p, const struct stack *s, struct err *e)
{
	OWN_BUF struct buf b = BUF_INIT;
	int r = pod_init_pid(p, NULL, e);

	if (r <= 0)
		return r;
	if (faccessat(p->dir, "stack.live", F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return 0;
	if (errno != ENOENT)
		return err_set(e, errno, "look for %s/stack.live", p->path);
	stack_text(&b, s);
	r = write_file_at(p->dir, "stack.live", b.data, b.len, 0600, false);
	return r < 0 ? err_set(e, -r, "write %s/stack.live", p->path) : 0;
}

void private_view_ended(const struct pod *p)
{
	unlinkat(p->dir, "stack.live", 0);
}

int layer_make_private(const struct pod *p, struct stack *s, size_t i, struct err *e)
{
	OWN_FD int layers = open_layers(e);
	char id[LAYER_ID_MAX + 1], old[LAYER_ID_MAX + 1];
	int r = layers < 0 ? layers : remember_view(p, s, e);

	if (r < 0)
		return r;
	layer_new_id(id);
	memcpy(old, s->v[i].id, sizeof(old));
	if (symlinkat(id, p->dir, "copying") < 0)
		return err_set(e, errno, "write %s/copying", p->path);
	r = copy_layer(layers, old, id, e);
	if (r == 0) {
		memcpy(s->v[i].id, id, sizeof(id));
		r = stack_save(s, p, e);
	}
	if (r < 0) {
		struct err ignore = {0};

		memcpy(s->v[i].id, old, sizeof(old));
		private_recover(p, &ignore);
		return r;
	}
	return unlinkat(p->dir, "copying", 0) < 0 ? err_set(e, errno, "remove %s/copying", p->path)
						  : 0;
}

int private_recover(const struct pod *p, struct err *e)
{
	OWN_STACK struct stack s = {0};
	OWN_FREE char *temp = NULL;
	OWN_FD int layers = -1;
	char id[LAYER_ID_MAX + 1];
	ssize_t n = readlinkat(p->dir, "copying", id, sizeof(id) - 1);
	int r;

	if (n < 0)
		return errno == ENOENT ? 0 : err_set(e, errno, "read %s/copying", p->path);
	id[n] = '\0';
	r = stack_load(&s, p, e);
	layers = r < 0 ? -1 : open_layers(e);
	if (layers < 0)
		return -e->code;
	temp = xfmt(".new-%s", id);
	if (id[strspn(id, LAYER_ID_CHARS)] == '\0' && !stack_has(&s, id) && !layer_held(p, id)) {
		r = remove_tree_at(layers, temp);
		if (r == 0)
			r = remove_tree_at(layers, id);
		if (r < 0)
			return err_set(e, -r, "remove %s/layers/%s", pod_state_dir(), id);
	}
	return unlinkat(p->dir, "copying", 0) < 0 ? err_set(e, errno, "remove %s/copying", p->path)
						  : 0;
}
