/* SPDX-License-Identifier: Apache-2.0 */
#include "libcommon/web_files.h"

#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "libcommon/buf.h"
#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/path.h"

#define DEPTH_MAX 8

static const struct {
	const char *end, *type;
} types[] = {
	{".html", "text/html; charset=utf-8"},
	{".js", "text/javascript; charset=utf-8"},
	{".mjs", "text/javascript; charset=utf-8"},
	{".css", "text/css; charset=utf-8"},
	{".json", "application/json"},
	{".svg", "image/svg+xml"},
	{".png", "image/png"},
	{".ico", "image/x-icon"},
	{".woff2", "font/woff2"},
	{".wasm", "application/wasm"},
	{".txt", "text/plain; charset=utf-8"},
};

static const char *type_of(const char *name)
{
	const char *end = strrchr(name, '.');

	for (size_t i = 0; end && i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(end, types[i].end) == 0)
			return types[i].type;
	return NULL;
}

const struct web_file *web_files_find(const struct web_files *f, const char *path)
{
	for (size_t i = 0; i < f->n; i++)
		if (strcmp(f->v[i].path, path) == 0)
			return &f->v[i];
	return NULL;
}

static void tag(struct web_file *one)
{
	unsigned char hash[16];
	char hex[33];

	crypto_generichash(hash, sizeof(hash), (const unsigned char *)one->data, one->len, NULL, 0);
	sodium_bin2hex(hex, sizeof(hex), hash, sizeof(hash));
	snprintf(one->tag, sizeof(one->tag), "\"%s\"", hex);
}

static int add(struct web_files *f, int dir, const char *name, const char *path, struct err *e)
{
	OWN_FD int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	OWN_BUF struct buf b = BUF_INIT;
	int r = fd < 0 ? -errno : read_fd(fd, &b, WEB_FILES_BYTES - f->bytes);

	if (r < 0)
		return err_set(e, -r, "read %s", path);
	if (f->n == WEB_FILES_MAX)
		return err_set(e, EFBIG, "more than %d files", WEB_FILES_MAX);
	f->v = xrealloc(f->v, (f->n + 1) * sizeof(*f->v));
	f->v[f->n] = (struct web_file){.path = xstrdup(path), .type = type_of(name), .len = b.len};
	f->v[f->n].data = buf_take(&b);
	f->bytes += f->v[f->n].len;
	tag(&f->v[f->n++]);
	return 0;
}

static int read_dir(struct web_files *f, int at, const char *prefix, int depth, struct err *e)
{
	OWN_FD int fd = dup(at);
	OWN_DIR DIR *d = fd < 0 ? NULL : fdopendir(fd);
	const char *name;
	int r = 0, more;

	if (!d)
		return err_set(e, errno, "open %s/", prefix);
	take_fd(&fd);
	while (r == 0 && (more = dir_next(d, &name)) > 0) {
		OWN_FREE char *path = xfmt("%s/%s", prefix, name);
		struct stat st;

		if (*name == '.' || fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		if (S_ISREG(st.st_mode) && type_of(name) && !web_files_find(f, path)) {
			r = add(f, at, name, path, e);
		} else if (S_ISDIR(st.st_mode) && depth < DEPTH_MAX) {
			OWN_FD int sub =
				openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

			r = sub < 0 ? err_set(e, errno, "open %s", path)
				    : read_dir(f, sub, path, depth + 1, e);
		}
	}
	return r;
}

int web_files_read(struct web_files *f, const char *dir, const char *prefix, struct err *e)
{
	OWN_FD int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return err_set(e, errno, "open %s", dir);
	if (sodium_init() < 0)
		return err_set(e, ERR_PLAIN, "start libsodium");
	return read_dir(f, fd, prefix, 0, e) < 0 ? err_wrap(e, "%s", dir) : 0;
}

void web_files_finish(struct web_files *f)
{
	for (size_t i = 0; i < f->n; i++) {
		free(f->v[i].path);
		free(f->v[i].data);
	}
	free(f->v);
	*f = (struct web_files){0};
}

void web_files_answer(struct web_request *q, const struct web_file *file)
{
	const char *has = MHD_lookup_connection_value(q->mhd, MHD_HEADER_KIND, "If-None-Match");
	const char *const headers[] = {"ETag", file->tag, "Cache-Control", "no-cache", NULL};
	bool same = has && strcmp(has, file->tag) == 0;

	web_answer_kept(q, same ? 304 : 200, file->type, file->data, same ? 0 : file->len, headers);
}
