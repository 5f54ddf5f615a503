/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-mount/content.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "tools/pod-mount/copy.h"
#include "tools/pod-mount/raw.h"

#define LINES_MAX (4u << 20) /* of one side, to be shown as lines */
#define OPEN_READ (O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY)

static int open_on_host(const struct survey *s, unsigned cover, const char *path)
{
	const char *in = survey_within(s, cover, path);

	return s->trees[cover].host < 0 ? -ENOENT
					: open_beneath(s->trees[cover].host, in, OPEN_READ, 0);
}

int content_open(const struct survey *s, const struct change *c, enum side_of side)
{
	OWN_BUF struct buf path = BUF_INIT;
	int fd;

	change_path(c, &path);
	if (side == SIDE_HOST)
		return c->old_mode ? open_on_host(s, c->cover, path.data) : -ENOENT;
	if (c->kind == CHANGE_DELETED)
		return -ENOENT;
	if (c->from)
		return open_on_host(s, c->cover, c->from);
	fd = survey_layer_fd(s, c->cover, c->source);
	return fd < 0 ? -ENOENT : raw_open(s, c, OPEN_READ);
}

static int stat_beneath(int root, const char *path, struct stat *st)
{
	const char *leaf;
	OWN_FD int dir = root < 0 ? -ENOENT : open_parent_beneath(root, path, &leaf);

	if (dir < 0)
		return dir;
	return fstatat(dir, *leaf ? leaf : ".", st, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
}

int content_stat(const struct survey *s, const struct change *c, enum side_of side, struct stat *st)
{
	OWN_BUF struct buf path = BUF_INIT;

	if (side == SIDE_HOST || c->from) {
		const char *at = side == SIDE_HOST ? change_path(c, &path) : c->from;

		return stat_beneath(s->trees[c->cover].host, survey_within(s, c->cover, at), st);
	}
	if (c->kind == CHANGE_DELETED || c->source == SOURCE_NONE)
		return -ENOENT;
	raw_path(s, c, &path);
	return stat_beneath(survey_layer_fd(s, c->cover, c->source), path.data, st);
}

int content_link(const struct survey *s, const struct change *c, enum side_of side,
		 struct buf *target)
{
	OWN_BUF struct buf path = BUF_INIT;
	const char *leaf;
	char to[4097];
	OWN_FD int dir = -1;
	ssize_t n;

	if (side == SIDE_POD) {
		buf_str(target, c->target ? c->target : "");
		return c->target ? 0 : -ENOENT;
	}
	if (s->trees[c->cover].host < 0)
		return -ENOENT;
	dir = open_parent_beneath(s->trees[c->cover].host,
				  survey_within(s, c->cover, change_path(c, &path)), &leaf);
	n = dir < 0 ? -1 : readlinkat(dir, leaf, to, sizeof(to) - 1);
	if (n >= 0)
		buf_add(target, to, (size_t)n);
	return n < 0 ? -errno : 0;
}

/* Holes and zeros are the same, and neither is hashed: but where there is something else, and all
 * of how long it is. */
static int digest_file(crypto_generichash_state *st, int fd)
{
	static const unsigned char zeros[65536];
	unsigned char block[sizeof(zeros)];
	struct stat size;
	off_t at = 0;

	if (fstat(fd, &size) < 0)
		return -errno;
	crypto_generichash_update(st, (unsigned char *)&size.st_size, sizeof(size.st_size));
	while ((at = data_from(fd, at, size.st_size)) < size.st_size) {
		ssize_t n;

		at -= at % (off_t)sizeof(block);
		n = pread(fd, block, sizeof(block), at);
		if (n <= 0)
			return n < 0 ? -errno : 0;
		if (memcmp(block, zeros, (size_t)n) != 0) {
			crypto_generichash_update(st, (unsigned char *)&at, sizeof(at));
			crypto_generichash_update(st, block, (size_t)n);
		}
		at += (off_t)sizeof(block);
	}
	return 0;
}

int content_digest(const struct survey *s, const struct change *c, enum side_of side,
		   unsigned char digest[DIGEST_BYTES])
{
	unsigned mode = side == SIDE_HOST ? c->old_mode : c->mode;
	unsigned char type = S_ISLNK(mode);
	OWN_BUF struct buf link = BUF_INIT;
	OWN_FD int fd = S_ISREG(mode) ? content_open(s, c, side) : -1;
	crypto_generichash_state st;
	int r = type ? content_link(s, c, side, &link) : fd < 0 ? -EINVAL : 0;

	crypto_generichash_init(&st, NULL, 0, DIGEST_BYTES);
	crypto_generichash_update(&st, &type, 1);
	if (r == 0 && type)
		crypto_generichash_update(&st, (const unsigned char *)link.data, link.len);
	else if (r == 0)
		r = digest_file(&st, fd);
	crypto_generichash_final(&st, digest, DIGEST_BYTES);
	return r;
}

static bool too_many_lines(const struct buf *data)
{
	const char *p = data->data, *end = p + data->len;
	size_t n = 0;

	while (p < end && (p = memchr(p, '\n', (size_t)(end - p)))) {
		n++;
		p++;
	}
	return n > LINES_MAX;
}

static bool is_binary_data(const struct buf *data)
{
	return data->len && (memchr(data->data, '\0', data->len) || too_many_lines(data));
}

void content_half(struct half *h, const struct survey *s, const struct change *c, enum side_of side)
{
	unsigned mode = side == SIDE_HOST ? c->old_mode : c->mode;
	OWN_FD int fd = -1;

	if (side == SIDE_POD && c->kind == CHANGE_DELETED)
		return;
	h->mode = git_mode(mode);
	if (S_ISLNK(mode)) {
		h->opaque = content_link(s, c, side, &h->data) < 0;
	} else if (S_ISREG(mode)) {
		fd = content_open(s, c, side);
		h->opaque = fd < 0 || read_fd(fd, &h->data, CONTENT_MAX) < 0;
	}
	h->binary = h->opaque || is_binary_data(&h->data);
}

void content_mark_binary(const struct survey *s, struct change *c)
{
	char block[8192];

	for (unsigned side = SIDE_HOST; side <= SIDE_POD; side++) {
		unsigned mode = side == SIDE_HOST ? c->old_mode : c->mode;
		OWN_FD int fd = S_ISREG(mode) ? content_open(s, c, side) : -1;
		ssize_t n = fd < 0 ? 0 : read_full(fd, block, sizeof(block));

		if (n > 0 && memchr(block, '\0', (size_t)n))
			c->marks |= MARK_BINARY;
	}
}
