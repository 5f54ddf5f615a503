/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-action/state.h"

#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libcommon/own.h"
#include "libcommon/path.h"

#define CONTENT_MAX (64u << 20) /* bytes of a file that are read for it */
#define DEPTH_MAX   256

struct sum {
	crypto_hash_sha256_state h;
};

static void add(struct sum *s, const char *text)
{
	/* with its NUL, so that no two lists of words look alike */
	crypto_hash_sha256_update(&s->h, (const unsigned char *)text, strlen(text) + 1);
}

static void add_looks(struct sum *s, const struct stat *st, const char *name)
{
	/* directories have sizes that say nothing of what they hold */
	OWN_FREE char *line = xfmt("%o %u %u %lld %lld.%09ld", st->st_mode, st->st_uid, st->st_gid,
				   S_ISDIR(st->st_mode) ? 0LL : (long long)st->st_size,
				   (long long)st->st_mtim.tv_sec, st->st_mtim.tv_nsec);

	add(s, name);
	add(s, line);
}

static int add_content(struct sum *s, int dir, const char *name)
{
	OWN_FD int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	static unsigned char block[65536];
	size_t left = CONTENT_MAX;
	ssize_t n = 0;

	if (fd < 0)
		return errno == EACCES ? 0 : -errno; /* looks have to do, then */
	while (left > 0 && (n = read(fd, block, sizeof(block))) > 0) {
		crypto_hash_sha256_update(&s->h, block, (size_t)n);
		left -= (size_t)n < left ? (size_t)n : left;
	}
	return n < 0 ? -errno : 0;
}

static int add_link(struct sum *s, int dir, const char *name)
{
	char to[PATH_MAX];
	ssize_t n = readlinkat(dir, name, to, sizeof(to) - 1);

	if (n < 0)
		return -errno;
	to[n] = '\0';
	add(s, to);
	return 0;
}

static int add_tree(struct sum *s, int dir, const char *name, unsigned depth);

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int add_names(struct sum *s, int dir, const struct strv *names, unsigned depth)
{
	for (size_t i = 0; i < names->n; i++) {
		struct stat st;
		int r = 0;

		if (fstatat(dir, names->v[i], &st, AT_SYMLINK_NOFOLLOW) < 0)
			return -errno;
		add_looks(s, &st, names->v[i]);
		if (S_ISLNK(st.st_mode))
			r = add_link(s, dir, names->v[i]);
		else if (S_ISDIR(st.st_mode))
			r = add_tree(s, dir, names->v[i], depth + 1);
		if (r < 0)
			return r;
	}
	return 0;
}

static int add_tree(struct sum *s, int dir, const char *name, unsigned depth)
{
	OWN_FD int fd =
		openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	int copy = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 3);
	OWN_DIR DIR *d = copy < 0 ? NULL : fdopendir(copy);
	OWN_STRV struct strv names = {0};
	const char *next;
	int r;

	if (!d)
		return errno == EACCES ? 0 : -errno;
	if (depth > DEPTH_MAX)
		return -ELOOP;
	while ((r = dir_next(d, &next)) > 0)
		strv_add(&names, next);
	if (names.n > 0)
		qsort(names.v, names.n, sizeof(names.v[0]), by_bytes);
	r = r < 0 ? r : add_names(s, fd, &names, depth);
	add(s, "/"); /* up again */
	return r;
}

int state_of(const struct place *p, char out[STATE_HEX], struct err *e)
{
	unsigned char hash[crypto_hash_sha256_BYTES];
	struct stat st;
	struct sum s;
	int r = place_stat(p, &st, e);

	snprintf(out, STATE_HEX, "absent");
	if (r <= 0)
		return r;
	crypto_hash_sha256_init(&s.h);
	add_looks(&s, &st, "");
	if (S_ISREG(st.st_mode))
		r = add_content(&s, p->dir, p->leaf);
	else if (S_ISLNK(st.st_mode))
		r = add_link(&s, p->dir, p->leaf);
	else if (S_ISDIR(st.st_mode))
		r = add_tree(&s, p->dir, p->leaf, 0);
	if (r < 0)
		return err_set(e, -r, "look at %s", esc(p->path));
	crypto_hash_sha256_final(&s.h, hash);
	sodium_bin2hex(out, STATE_HEX, hash, sizeof(hash));
	return 0;
}

int state_check(const struct place *p, const char *then, struct err *e)
{
	char now[STATE_HEX];
	int r = state_of(p, now, e);

	if (r < 0 || strcmp(now, then) == 0)
		return r;
	if (strcmp(now, "absent") == 0)
		return err_set(e, ERR_PLAIN, "%s is not there any more", esc(p->path));
	return err_set(e, ERR_PLAIN, "%s %s since", esc(p->path),
		       strcmp(then, "absent") == 0 ? "has come" : "was changed");
}
