/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-queue/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/path.h"

const char *const place_names[STORE_DIRS] = {"new",  "delayed", "staged",  "running",
					     "done", "denied",  "approved"};

static int open_dir(int at, const char *name, const char *path, struct err *e)
{
	int fd;

	if (mkdirat(at, name, 0700) < 0 && errno != EEXIST)
		return err_set(e, errno, "make %s/queue/%s", path, name);
	fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? err_set(e, errno, "open %s/queue/%s", path, name) : fd;
}

int store_open(struct store *s, const struct pod *pod, struct err *e)
{
	s->pod = pod;
	s->root = open_dir(pod->dir, "queue", pod->path, e);
	if (s->root < 0)
		return s->root;
	for (int i = 0; i < STORE_DIRS; i++) {
		s->dir[i] = open_dir(s->root, place_names[i], pod->path, e);
		if (s->dir[i] < 0)
			return s->dir[i];
	}
	return 0;
}

void store_finish(struct store *s)
{
	store_unlock(s);
	for (int i = 0; i < STORE_DIRS; i++)
		own_close(&s->dir[i]);
	own_close(&s->root);
}

bool store_exists(const struct pod *pod)
{
	return faccessat(pod->dir, "queue", F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

int store_lock(struct store *s, struct err *e)
{
	int fd = openat(s->root, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return err_set(e, errno, "open %s/queue/lock", s->pod->path);
	while (flock(fd, LOCK_EX) < 0)
		if (errno != EINTR) {
			int r = err_set(e, errno, "lock the queue of pod %s", s->pod->name);

			close(fd);
			return r;
		}
	s->lock = fd;
	return 0;
}

void store_unlock(struct store *s)
{
	own_close(&s->lock);
	s->lock = -1;
}

static void file_of(const char *id, char out[ACTION_ID + 8])
{
	snprintf(out, ACTION_ID + 8, "%s.json", id);
}

bool store_id_of(const char *file, char id[ACTION_ID])
{
	snprintf(id, ACTION_ID, "%.16s", file);
	return action_is_id(id) && strcmp(file + ACTION_ID - 1, ".json") == 0;
}

int store_find(const struct store *s, const char *id)
{
	char file[ACTION_ID + 8];

	file_of(id, file);
	for (int i = 0; i < PLACES; i++)
		if (faccessat(s->dir[i], file, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
			return i;
	return -ENOENT;
}

int store_read(const struct store *s, enum place place, const char *id, struct action *a,
	       struct err *e)
{
	OWN_BUF struct buf text = BUF_INIT;
	char file[ACTION_ID + 8];
	int r;

	file_of(id, file);
	r = read_file_at(s->dir[place], file, &text, ACTION_FILE);
	if (r < 0)
		return err_set(e, -r, "read %s/queue/%s/%s", s->pod->path, place_names[place],
			       file);
	r = action_parse(a, text.data ? text.data : "", text.len, e);
	if (r == 0 && strcmp(a->id, id) != 0)
		r = err_set(e, ERR_PLAIN, "it says that it is %s", a->id);
	if (r < 0)
		action_finish(a);
	return r < 0 ? err_wrap(e, "%s/queue/%s/%s", s->pod->path, place_names[place], file) : 0;
}

int store_add(const struct store *s, enum place place, const struct action *a, struct err *e)
{
	OWN_BUF struct buf text = BUF_INIT;
	char file[ACTION_ID + 8];
	int r;

	file_of(a->id, file);
	action_print(a, &text);
	r = write_file_at(s->dir[place], file, text.data, text.len, 0600, true);
	return r < 0 ? err_set(e, -r, "write %s/queue/%s/%s", s->pod->path, place_names[place],
			       file)
		     : 0;
}

int store_move(const struct store *s, enum place from, enum place to, const struct action *a,
	       struct err *e)
{
	char file[ACTION_ID + 8];
	int r = store_add(s, from, a, e);

	if (r < 0)
		return r;
	file_of(a->id, file);
	if (renameat(s->dir[from], file, s->dir[to], file) < 0)
		return err_set(e, errno, "move %s/queue/%s/%s to %s", s->pod->path,
			       place_names[from], file, place_names[to]);
	if (fsync(s->dir[to]) < 0 || fsync(s->dir[from]) < 0)
		return err_set(e, errno, "sync %s/queue", s->pod->path);
	return 0;
}

static enum place end_place(const char *status)
{
	bool denied = strcmp(status, "denied") == 0 || strcmp(status, "blocked") == 0;

	return denied ? PLACE_DENIED : PLACE_DONE;
}

/* What a governed command was to be told. */
static void forget_input(const struct store *s, const char *id)
{
	OWN_FREE char *file = xfmt("input/%s", id);

	unlinkat(s->root, file, 0);
}

int store_end(const struct store *s, enum place from, struct action *a, const char *status,
	      const char *reason, struct err *e)
{
	snprintf(a->status, sizeof(a->status), "%s", status);
	a->ended = action_now();
	free(take_ptr(a->reason));
	if (reason)
		a->reason = xfmt("%.1000s", reason);
	forget_input(s, a->id);
	return store_move(s, from, end_place(status), a, e);
}

int store_list(const struct store *s, enum place place, struct strv *ids, struct err *e)
{
	int fd = openat(s->dir[place], ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	OWN_DIR DIR *d = fd < 0 ? NULL : fdopendir(fd);
	char id[ACTION_ID];
	const char *name;
	int r;

	if (!d) {
		r = err_set(e, errno, "open %s/queue/%s", s->pod->path, place_names[place]);
		own_close(&fd);
		return r;
	}
	while ((r = dir_next(d, &name)) > 0)
		if (store_id_of(name, id))
			strv_add(ids, id);
	return r < 0 ? err_set(e, -r, "read %s/queue/%s", s->pod->path, place_names[place]) : 0;
}

int store_match(const struct store *s, const char *prefix, char id[ACTION_ID], struct err *e)
{
	int found = -ENOENT;

	if (!*prefix)
		return err_set(e, ERR_PLAIN, "an action's id was expected");
	for (int place = 0; place < PLACES; place++) {
		OWN_STRV struct strv ids = {0};

		if (store_list(s, (enum place)place, &ids, e) < 0)
			return -e->code;
		for (size_t i = 0; i < ids.n; i++) {
			if (strncmp(ids.v[i], prefix, strlen(prefix)) != 0)
				continue;
			if (found >= 0)
				return err_set(e, ERR_PLAIN,
					       "%s begins more than one action of pod %s",
					       esc(prefix), s->pod->name);
			found = place;
			snprintf(id, ACTION_ID, "%s", ids.v[i]);
		}
	}
	return found >= 0 ? found
			  : err_set(e, ENOENT, "pod %s: no action %s", s->pod->name, esc(prefix));
}
