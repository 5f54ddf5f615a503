/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-mount/current.h"

#include <fcntl.h>
#include <unistd.h>

#include "tools/pod-mount/snapshotlive.h"

/* Its own stack stays as it is: its view stands on it, and its upper goes on. */
static int add_copy(struct stack *s, const struct pod *p, struct err *e)
{
	char id[LAYER_ID_MAX + 1];
	int r;

	if (!upper_used(p))
		return 0;
	if (s->n >= LAYERS_MAX)
		return err_set(e, ERR_PLAIN, "pod %s has %d layers, as many as can be stacked",
			       p->name, LAYERS_MAX);
	r = live_copy(p, s, id, e);
	if (r == 0)
		stack_push(s, id, "auto", "-");
	return r;
}

int current_stack(struct stack *s, const struct pod *p, struct err *e)
{
	int r = stack_load(s, p, e);

	if (r == 0)
		r = pod_init_pid(p, NULL, e);
	if (r < 0)
		return r;
	return r > 0 ? add_copy(s, p, e) : layer_close(p, s, "auto", e);
}

int current_done(const struct pod *p, struct err *e)
{
	if (faccessat(p->dir, "copying", F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return live_copy_done(p, e);
	return errno == ENOENT ? 0 : err_set(e, errno, "look for %s/copying", p->path);
}
