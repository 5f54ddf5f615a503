/* SPDX-License-Identifier: Apache-2.0 */
/* Finding the program of an action, and saying what exactly it is. */
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/spawn.h"
#include "tools/pod-queue/catalog.h"

/* Only root may be able to change what it is. */
static bool is_roots(const struct stat *st)
{
	return st->st_uid == 0 && !(st->st_mode & (S_IWGRP | S_IWOTH));
}

static int open_below(int dir, const char *path, const char *name, struct err *e)
{
	OWN_FD int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat st, above;

	if (fd < 0)
		return errno == ENOENT ? -ENOENT : err_set(e, errno, "open %s/%s", path, name);
	if (fstat(fd, &st) < 0 || fstat(dir, &above) < 0)
		return err_set(e, errno, "look at %s/%s", path, name);
	if (!S_ISREG(st.st_mode) || !(st.st_mode & S_IXUSR) || !is_roots(&st) || !is_roots(&above))
		return err_status(e, POD_EXIT_REFUSED, ERR_PLAIN,
				  "%s/%s: an executor is a program of root's that nobody else can "
				  "write, in a directory likewise",
				  path, name);
	return take_fd(&fd);
}

static int open_in(int at, const char *path, const char *name, struct err *e)
{
	OWN_FD int dir = openat(at, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (dir < 0)
		return errno == ENOENT ? -ENOENT : err_set(e, errno, "open %s", path);
	return open_below(dir, path, name, e);
}

/* What executes the types that come with us. */
static const struct tool {
	const char *begin, *name;
	bool outside;
} tools[] = {
	{"file_", "pod-action", false},       {"dir_", "pod-action", false},
	{"git_", "pod-action", false},        {"http_", "pod-action-http", true},
	{"webhook", "pod-action-http", true}, {0},
};

static int open_tool(const char *type, bool *outside, struct err *e)
{
	const struct tool *t = tools;
	OWN_FREE char *path = NULL;
	char *slash;

	while (t->name && strncmp(type, t->begin, strlen(t->begin)) != 0)
		t++;
	if (!t->name)
		return -ENOENT;
	path = tool_path(t->name, e);
	slash = path ? strrchr(path, '/') : NULL;
	if (!slash)
		return -e->code;
	*slash = '\0';
	*outside = t->outside;
	return open_in(AT_FDCWD, path, slash + 1, e);
}

int executor_open(const struct pod *p, const struct entry *en, bool *outside, struct err *e)
{
	OWN_FREE char *ours = data_path("actions");
	int fd = open_in(p->dir, "actions", en->name, e);
	bool custom = fd != -ENOENT;

	*outside = false;
	if (fd == -ENOENT && strcmp(en->type->name, "custom") != 0)
		fd = open_in(AT_FDCWD, ours, en->type->name, e);
	if (fd == -ENOENT && !custom)
		fd = open_tool(en->type->name, outside, e);
	if (fd != -ENOENT)
		return fd;
	return err_set(e, ENOENT, "find an executor for %s in %s/actions or %s", en->name, p->path,
		       ours);
}

static int hash_file(int fd, crypto_hash_sha256_state *s, struct err *e)
{
	unsigned char data[65536];
	ssize_t n;

	while ((n = read_full(fd, data, sizeof(data))) > 0)
		crypto_hash_sha256_update(s, data, (size_t)n);
	return n < 0 ? err_set(e, (int)-n, "read an executor") : 0;
}

int executor_digest(const struct pod *p, const struct entry *en, char out[ACTION_HEX],
		    struct err *e)
{
	unsigned char hash[crypto_hash_sha256_BYTES];
	crypto_hash_sha256_state s;
	OWN_FD int fd = -1;
	bool outside;

	out[0] = '\0';
	if (en->type->is_governed)
		return 0;
	fd = executor_open(p, en, &outside, e);
	if (fd < 0)
		return fd;
	crypto_hash_sha256_init(&s);
	if (hash_file(fd, &s, e) < 0)
		return -EIO;
	crypto_hash_sha256_update(&s, (const unsigned char *)en->config, strlen(en->config));
	crypto_hash_sha256_final(&s, hash);
	sodium_bin2hex(out, ACTION_HEX, hash, sizeof(hash));
	return 0;
}

int catalog_digest(const struct pod *p, const struct entry *en, const struct action *a,
		   char out[ACTION_HEX], struct err *e)
{
	char executor[ACTION_HEX];
	int r = executor_digest(p, en, executor, e);

	if (r == 0)
		action_digest(a, executor, out);
	return r;
}
