/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-mount/source.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "tools/pod-mount/mountinfo.h"
#include "tools/pod-mount/words.h"

#define LINKS_MAX     40
#define WRITTEN_BYTES (1024 * 1024)

char *path_of(int fd)
{
	char link[48], path[PATH_MAX];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof(path) - 1);
	if (n < 0)
		return NULL;
	path[n] = '\0';
	return path[0] == '/' ? xstrdup(path) : NULL;
}

/* --- where pods could write --- */

/* Compared within their filesystem: the host may show one directory under several names. */
static bool is_within(const struct mounts *host, const char *path, const char *dir)
{
	const struct mount_row *here = mounts_find(host, path), *there = mounts_find(host, dir);
	OWN_FREE char *in = here ? mount_fspath(here, path) : NULL;
	OWN_FREE char *at = there ? mount_fspath(there, dir) : NULL;

	return path_below(path, dir) || (in && at && here->dev == there->dev && path_below(in, at));
}

/* A list that cannot be read might name anything. */
static bool is_listed(const struct mounts *host, int pods, const char *pod, const char *path)
{
	OWN_FREE char *file = xfmt("%s/written", pod);
	OWN_BUF struct buf b = BUF_INIT;
	int r = read_file_at(pods, file, &b, WRITTEN_BYTES);
	bool found = r < 0 && r != -ENOENT && r != -ENOTDIR;
	char *save = NULL;

	if (r < 0)
		return found;
	buf_str(&b, "");
	for (char *w = strtok_r(b.data, "\n", &save); w && !found;
	     w = strtok_r(NULL, "\n", &save)) {
		OWN_FREE char *dir = word_unescape(w, strlen(w));

		found = dir[0] == '/' && is_within(host, path, dir);
	}
	return found;
}

static bool is_written(const struct mounts *host, const char *path)
{
	OWN_FREE char *all = xfmt("%s/pods", pod_state_dir());
	OWN_DIR DIR *d = opendir(all);
	const char *name;
	int more = -1;

	while (d && (more = dir_next(d, &name)) > 0)
		if (name[0] != '.' && is_listed(host, dirfd(d), name, path))
			return true;
	return more < 0; /* who cannot tell says yes */
}

int written_add(const struct pod *p, const char *path, struct err *e)
{
	OWN_BUF struct buf b = BUF_INIT, line = BUF_INIT;
	int r = read_file_at(p->dir, "written", &b, WRITTEN_BYTES);

	if (r < 0 && r != -ENOENT)
		return err_set(e, -r, "read %s/written", p->path);
	buf_str(&b, "");
	buf_char(&line, '\n');
	word_escape(&line, path);
	buf_char(&line, '\n');
	if (strncmp(b.data, line.data + 1, line.len - 1) == 0 || strstr(b.data, line.data))
		return 0;
	buf_str(&b, line.data + 1);
	r = write_file_at(p->dir, "written", b.data, b.len, 0600, true);
	return r < 0 ? err_set(e, -r, "write %s/written", p->path) : 0;
}

/* --- the way --- */

struct way {
	const struct mounts *host;
	int at;     /* so far */
	char *rest; /* still to go */
	unsigned links;
};

static void way_finish(struct way *w)
{
	own_close(&w->at);
	free(w->rest);
}

/* Off goes the first component. */
static char *take_name(struct way *w)
{
	const char *from = w->rest + strspn(w->rest, "/");
	size_t n = strcspn(from, "/");
	char *name = xfmt("%.*s", (int)n, from), *rest = xstrdup(from + n);

	free(w->rest);
	w->rest = rest;
	return name;
}

static int go_back_to_root(struct way *w)
{
	own_close(&w->at);
	w->at = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return w->at < 0 ? -errno : 0;
}

/* Judged by descriptor: what is within a place of the agent's now was so when it was opened. */
static int follow(struct way *w, int link)
{
	OWN_FREE char *dir = path_of(w->at), *rest = NULL;
	char to[PATH_MAX];
	ssize_t n = readlinkat(link, "", to, sizeof(to) - 1);

	if (n < 0)
		return -errno;
	to[n] = '\0';
	if (!dir || is_written(w->host, dir))
		return -EXDEV;
	if (++w->links > LINKS_MAX)
		return -ELOOP;
	rest = xfmt("%s/%s", to, w->rest);
	free(w->rest);
	w->rest = take_ptr(rest);
	return to[0] == '/' ? go_back_to_root(w) : 0;
}

static int go_on(struct way *w, const char *name)
{
	OWN_FD int next = openat(w->at, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (next < 0 || fstat(next, &st) < 0)
		return -errno;
	if (S_ISLNK(st.st_mode))
		return follow(w, next);
	own_close(&w->at);
	w->at = take_fd(&next);
	return 0;
}

static int by_links(const struct mounts *host, const char *path)
{
	OWN(way_finish) struct way w = {.host = host, .at = -1, .rest = xstrdup(path)};
	int r = go_back_to_root(&w);

	while (r == 0 && w.rest[strspn(w.rest, "/")]) {
		OWN_FREE char *name = take_name(&w);

		r = go_on(&w, name);
	}
	return r < 0 ? r : take_fd(&w.at);
}

int source_open(const struct mounts *host, const char *path)
{
	OWN_FD int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int fd = root < 0 ? -errno : open_beneath(root, path, O_PATH, 0);

	return fd == -ELOOP ? by_links(host, path) : fd;
}

int source_find(const struct mounts *host, const char *path, struct err *e)
{
	int fd = source_open(host, path);

	if (fd == -EXDEV)
		return err_status(e, POD_EXIT_REFUSED, ERR_PLAIN,
				  "mount %s: a symlink is on the way, where a pod may write past "
				  "review; name the path that is meant",
				  esc(path));
	return fd < 0 ? err_set(e, -fd, "mount %s", esc(path)) : fd;
}
