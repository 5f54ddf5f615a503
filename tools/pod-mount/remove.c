/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/say.h"
#include "tools/pod-mount/cmds.h"
#include "tools/pod-mount/holders.h"
#include "tools/pod-mount/journal.h"
#include "tools/pod-mount/layers.h"
#include "tools/pod-mount/quota.h"
#include "tools/pod-mount/unpack.h"

/* Pins are mounts on files of a directory that is a mount itself; the innermost go first. */
static int let_go_of_pins(const struct pod *p, struct err *e)
{
	static const char *const places[] = {"ns/user", "ns/net", "ns", NULL};

	for (const char *const *name = places; *name; name++) {
		OWN_FREE char *path = xfmt("%s/%s", p->runpath, *name);

		while (umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) == 0)
			;
		if (errno != EINVAL && errno != ENOENT)
			return err_set(e, errno, "unmount %s", path);
	}
	return 0;
}

static int move_to(int from, const char *name, int to, const char *as, struct err *e)
{
	if (renameat(from, name, to, as) < 0 && errno != ENOENT)
		return err_set(e, errno, "move %s to the archive", name);
	return 0;
}

/* The layers that only this pod names: by its stack, its snapshots, its undo records. */
static int own_layers(struct strv *ids, const struct pod *p, struct err *e)
{
	OWN_HOLDERS struct holders mine = {0}, others = {0};
	int r = holders_load_own(&mine, p, e);

	if (r == 0)
		r = holders_load(&others, p, HOLDERS_NO_POD, e);
	for (size_t i = 0; r == 0 && i < mine.ids.n; i++)
		if (!holders_has(&others, mine.ids.v[i]) && !strv_has(ids, mine.ids.v[i]))
			strv_add(ids, mine.ids.v[i]);
	return r;
}

/* What the agent made goes to the archive, with all that is needed to make a pod of it again. */
static int keep_pod(const struct pod *p, const struct strv *ids, const char *archive, struct err *e)
{
	static const char *const kept[] = {"upper",          "view",     "tracked",  "committed",
					   "committed.dirs", "pod.yaml", "pod.json", "undo",
					   "snapshots",      "stack",    NULL};
	OWN_FREE char *layers = xfmt("%s/layers", pod_state_dir());
	OWN_FD int from = open(layers, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	OWN_FD int to = open(archive, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	int r = 0;

	if (from < 0 || to < 0)
		return err_set(e, errno, "open %s", from < 0 ? layers : archive);
	if (mkdirat(to, "layers", 0700) < 0 && errno != EEXIST)
		return err_set(e, errno, "make %s/layers", archive);
	for (size_t i = 0; r == 0 && i < ids->n; i++) {
		OWN_FREE char *as = xfmt("layers/%s", ids->v[i]);

		r = move_to(from, ids->v[i], to, as, e);
	}
	/* What names layers last: as long as it is here, a second attempt knows what to move. */
	for (const char *const *name = kept; r == 0 && *name; name++)
		r = move_to(p->dir, *name, to, *name, e);
	return r;
}

static int delete_layers(const struct strv *ids, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < ids->n; i++)
		r = layer_delete(ids->v[i], e);
	return r;
}

/* The stack goes last: as long as it is there, a second attempt knows what is left to do. */
static int delete_rest(const struct pod *p, struct err *e)
{
	static const char *const names[] = {"upper",      "work",     "mask",      "mask.new",
					    "mask.list",  "tracked",  "view",      "mounts.live",
					    "provenance", UNPACK_DIR, "snapshots", "stack.live",
					    "stack",      NULL};

	for (const char *const *name = names; *name; name++) {
		int r = remove_tree_at(p->dir, *name);

		if (r < 0)
			return err_set(e, -r, "remove %s/%s", p->path, *name);
	}
	return 0;
}

/* Whoever was killed a moment ago may take another to be gone. */
static int still_lives(const struct pod *p, struct err *e)
{
	OWN_FD int pidfd = -1;
	struct pollfd gone = {.events = POLLIN};
	pid_t pid = pod_init_pid(p, &pidfd, e);

	if (pid <= 0)
		return pid;
	gone.fd = pidfd;
	return poll(&gone, 1, 1000) <= 0;
}

static int remove_pod(const struct pod *p, const char *archive, struct err *e)
{
	OWN_STRV struct strv ids = {0};
	int r = layers_recover(p, e);

	if (r == 0)
		r = journal_recover(p, e);
	if (r == 0)
		r = still_lives(p, e);
	if (r > 0)
		r = err_status(e, POD_EXIT_BUSY, ERR_PLAIN,
			       "remove pod %s: something runs in it (envpod kill %s ends it)",
			       p->name, p->name);
	if (r == 0)
		r = own_layers(&ids, p, e);
	if (r == 0)
		r = let_go_of_pins(p, e);
	if (r == 0)
		r = archive ? keep_pod(p, &ids, archive, e) : delete_layers(&ids, e);
	if (r < 0)
		return r;
	quota_drop(p);
	return delete_rest(p, e);
}

int cmd_remove(int argc, char **argv)
{
	const char *archive = NULL;
	OWN(pod_finish) struct pod p = POD_INIT;
	struct err e = {0};
	const struct opt opts[] = {
		{OPT_STR, 0, "keep", &archive, "DIR", "move layers and changes there"},
		{0},
	};
	const struct opt_usage usage = {
		"pod-mount remove [--keep DIR] POD",
		"Let go of everything pod-mount holds for a pod: pins, mask, changes, layers.", 1,
		1, 0};

	opt_parse(opts, &usage, argc, argv);
	if (pod_open(&p, argv[0], &e) < 0 || pod_lock(&p, 0, &e) < 0 ||
	    remove_pod(&p, archive, &e) < 0)
		return say_err(&e);
	return 0;
}
