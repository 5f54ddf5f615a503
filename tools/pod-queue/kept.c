/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-queue/kept.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/unit.h"

#define UNDO_FILE    "undo.json"
#define KEPT_FILE    "kept"
#define ACTION_SAVED "action.json"
#define KEPT_LEAST   16384 /* bytes: below them nothing fits */

static int set_option(int fs, const char *key, const char *value)
{
	return fsconfig(fs, FSCONFIG_SET_STRING, key, value, 0);
}

static int new_tmpfs(uint64_t room)
{
	OWN_FD int fs = fsopen("tmpfs", FSOPEN_CLOEXEC);
	char size[24];

	snprintf(size, sizeof(size), "%llu",
		 (unsigned long long)(room < KEPT_MAX_BYTES ? room : KEPT_MAX_BYTES));
	if (fs < 0 || set_option(fs, "size", size) < 0 || set_option(fs, "nr_inodes", "4") < 0 ||
	    set_option(fs, "mode", "0700") < 0 ||
	    fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return -1;
	return fsmount(fs, FSMOUNT_CLOEXEC,
		       MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
}

/* It is never attached anywhere: the file is all there is of it, and goes with its descriptor. */
int kept_new(uint64_t room, struct err *e)
{
	OWN_FD int mnt = new_tmpfs(room);
	int fd = mnt < 0 ? -1 : openat(mnt, KEPT_FILE, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	return fd < 0 ? err_set(e, errno, "make a file for what reversing needs") : fd;
}

/* Of queue/undo: a directory of files for each action. */
static int weigh(int undo, uint64_t *bytes)
{
	int fd = openat(undo, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), more;
	OWN_DIR DIR *d = fd < 0 ? NULL : fdopendir(fd);
	const char *name;

	if (!d)
		return -errno;
	while ((more = dir_next(d, &name)) > 0) {
		OWN_FD int sub = open_beneath(undo, name, O_RDONLY | O_DIRECTORY, 0);

		for (const char *const *f =
			     (const char *const[]){UNDO_FILE, KEPT_FILE, ACTION_SAVED, NULL};
		     sub >= 0 && *f; f++) {
			struct stat st;

			if (fstatat(sub, *f, &st, AT_SYMLINK_NOFOLLOW) == 0)
				*bytes += (uint64_t)st.st_blocks * 512;
		}
	}
	return more;
}

int kept_room(const struct store *s, const struct plan *pl, uint64_t *room, struct err *e)
{
	uint64_t most = plan_u64(pl, "undo.max_size", 10ull << 30) / 4, held = 0;
	uint64_t storage = plan_u64(pl, "budget.storage", 0);
	OWN_FD int undo = open_beneath(s->root, "undo", O_RDONLY | O_DIRECTORY, 0);
	int r = undo < 0 ? undo : weigh(undo, &held);
	char size[16];

	if (r < 0 && !is_absent(r)) /* where nothing can be saved, its record will say so */
		return err_set(e, -r, "look at %s/queue/undo", s->pod->path);
	if (storage && storage < most)
		most = storage;
	*room = held < most ? most - held : 0;
	if (*room >= KEPT_LEAST)
		return 0;
	return err_status(e, POD_EXIT_REFUSED, ERR_PLAIN,
			  "what is kept to take back actions of pod %s has reached %s: older of it "
			  "goes after undo.max_age, and more fits with a larger undo.max_size "
			  "(pod-config set %s undo.max_size=SIZE)",
			  s->pod->name, unit_human(most, size), s->pod->name);
}

char *kept_path(const char *id)
{
	return xfmt("queue/undo/%s", id);
}

static int open_dir(const struct store *s, const char *id, bool make, struct err *e)
{
	OWN_FREE char *path = xfmt("undo/%s", id);
	int fd, r = make ? mkdir_p_at(s->root, path, 0700) : 0;

	if (r < 0)
		return err_set(e, -r, "make %s/queue/%s", s->pod->path, path);
	fd = open_beneath(s->root, path, O_RDONLY | O_DIRECTORY, 0);
	return fd < 0 ? err_set(e, -fd, "open %s/queue/%s", s->pod->path, path) : fd;
}

static int copy(int from, int to)
{
	struct stat st;
	off_t at = 0;

	if (fstat(from, &st) < 0)
		return -errno;
	while (at < st.st_size && at < (off_t)KEPT_MAX_BYTES)
		if (sendfile(to, from, &at, (size_t)(st.st_size - at)) <= 0)
			return errno ? -errno : -EIO;
	return fsync(to) < 0 ? -errno : 0;
}

static int save_kept(int dir, int kept)
{
	OWN_FD int to =
		openat(dir, KEPT_FILE, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);

	return to < 0 ? -errno : copy(kept, to);
}

static int save_action(int dir, const struct action *a)
{
	OWN_BUF struct buf text = BUF_INIT;
	struct action brief = *a;

	brief.params = brief.result = NULL;
	action_print(&brief, &text);
	return write_file_at(dir, ACTION_SAVED, text.data, text.len, 0600, true);
}

int kept_save(const struct store *s, const struct action *a, const struct buf *undo, int kept,
	      struct err *e)
{
	OWN_FD int dir = open_dir(s, a->id, true, e);
	int r = dir < 0 ? dir : save_kept(dir, kept);

	if (dir < 0)
		return dir;
	if (r == 0)
		r = save_action(dir, a);
	if (r == 0 && undo->len > 0)
		r = write_file_at(dir, UNDO_FILE, undo->data, undo->len, 0600, true);
	return r < 0 ? err_set(e, -r, "write %s/queue/undo/%s", s->pod->path, a->id) : 0;
}

void kept_drop(const struct store *s, const char *id)
{
	OWN_FREE char *path = xfmt("undo/%s", id);

	remove_tree_at(s->root, path);
}

static int load_action(int dir, const char *id, struct action *a, struct err *e)
{
	OWN_BUF struct buf text = BUF_INIT;
	int r = read_file_at(dir, ACTION_SAVED, &text, ACTION_FILE);

	if (r < 0)
		return err_set(e, -r, "read queue/undo/%s/%s", id, ACTION_SAVED);
	return action_parse(a, text.data ? text.data : "", text.len, e);
}

int kept_load(const struct store *s, const char *id, struct action *a, struct buf *undo,
	      struct err *e)
{
	OWN_FD int dir = open_dir(s, id, false, e);
	int fd, r = dir < 0 ? dir : load_action(dir, id, a, e);

	if (r < 0)
		return r;
	r = read_file_at(dir, UNDO_FILE, undo, 2u << 20);
	fd = r < 0 ? -1 : openat(dir, KEPT_FILE, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? err_set(e, r < 0 ? -r : errno, "read %s/queue/undo/%s", s->pod->path, id)
		      : fd;
}
