/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-vault/store.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/path.h"

#define FILE_MAX (SEAL_VALUE_MAX + 256)
#define SUFFIX   ".new"

static struct seal seal_of(const struct scope *s, const struct entry *entry)
{
	return (struct seal){(const unsigned char *)s->key.data, s->id, entry->name,
			     entry->version};
}

static void staged_name(const char *name, char out[SEAL_NAME_MAX + 8])
{
	snprintf(out, SEAL_NAME_MAX + 8, "%s" SUFFIX, name);
}

int store_stage(int dir, const struct scope *s, const struct entry *entry,
		const struct secret *value, struct err *e)
{
	struct seal seal = seal_of(s, entry);
	OWN_BUF struct buf file = BUF_INIT;
	char name[SEAL_NAME_MAX + 8];
	int r;

	seal_value(&seal, value->data, value->len, &file);
	staged_name(entry->name, name);
	r = write_file_at(dir, name, file.data, file.len, 0600, true);
	return r < 0 ? err_set(e, -r, "write the sealed secret %s", entry->name) : 0;
}

/* Is it there, in the version that counts? */
static bool load(int dir, const char *name, const struct entry *entry, struct buf *file)
{
	uint64_t version;

	buf_clear(file);
	return read_file_at(dir, name, file, FILE_MAX) == 0 &&
	       seal_version(file->data, file->len, &version) == 0 && version == entry->version;
}

int store_open(int dir, const struct scope *s, const struct entry *entry, struct secret *value,
	       struct err *e)
{
	struct seal seal = seal_of(s, entry);
	OWN_BUF struct buf file = BUF_INIT;
	char staged[SEAL_NAME_MAX + 8];
	int r;

	staged_name(entry->name, staged);
	if (!load(dir, staged, entry, &file) && !load(dir, entry->name, entry, &file)) {
		buf_clear(&file);
		r = read_file_at(dir, entry->name, &file, FILE_MAX);
		if (r < 0)
			return err_set(e, -r, "read the sealed secret %s", entry->name);
	}
	r = seal_open(&seal, file.data, file.len, value, e);
	return r < 0 ? err_wrap(e,
				"secret %s: its file is damaged, or was put there from elsewhere "
				"(set it anew)",
				entry->name)
		     : 0;
}

/* The secret that a file belongs to, and whether it is a prepared one; false: not ours. */
static bool name_of(const char *file, char name[SEAL_NAME_MAX], bool *staged)
{
	size_t n = strcspn(file, ".");

	*staged = strcmp(file + n, SUFFIX) == 0;
	if (n >= SEAL_NAME_MAX || (file[n] && !*staged))
		return false;
	memcpy(name, file, n);
	name[n] = '\0';
	return is_key_name(name);
}

static int settle_file(int dir, const struct scope *s, const char *file)
{
	OWN_BUF struct buf data = BUF_INIT;
	const struct entry *entry;
	char name[SEAL_NAME_MAX];
	bool staged;
	int r = 0;

	/* ".KEY.new.PID" is what a write that was killed left. */
	if (file[0] == '.' && file[1] && file[1] != '.')
		return unlinkat(dir, file, 0) < 0 ? -errno : 0;
	if (!name_of(file, name, &staged))
		return 0;
	entry = scope_find(s, name);
	if (!entry || (staged && !load(dir, file, entry, &data)))
		r = unlinkat(dir, file, 0);
	else if (staged)
		r = renameat(dir, file, dir, name);
	return r < 0 && errno != ENOENT ? -errno : 0;
}

static DIR *list(int dir)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? NULL : fdopendir(fd);
}

int store_settle(int dir, const struct scope *s, struct err *e)
{
	OWN_DIR DIR *d = list(dir);
	struct dirent *ent;
	int r = d ? 0 : -errno;

	/* A name removed or renamed while the directory is read is met once or not at all. */
	while (r == 0 && (ent = readdir(d)))
		r = settle_file(dir, s, ent->d_name);
	if (r == 0 && fsync(dir) < 0)
		r = -errno;
	return r < 0 ? err_set(e, -r, "tidy up the sealed secrets of %s", s->name) : 0;
}

bool store_has_any(int dir)
{
	OWN_DIR DIR *d = list(dir);
	struct dirent *ent;
	char name[SEAL_NAME_MAX];
	bool staged, any = false;

	while (!any && d && (ent = readdir(d)))
		any = name_of(ent->d_name, name, &staged) && !staged;
	return any;
}
