/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-mount/outfit.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/plan.h"
#include "tools/pod-mount/mask.h"
#include "tools/pod-mount/maskmake.h"
#include "tools/pod-mount/treecopy.h"

#define FILE_MAX (16u << 20)

struct outfit {
	int from, to;
	const char *path, *name;
	struct err *e;
};

static int failed(const struct outfit *o, int code, const char *file)
{
	return err_set(o->e, code, "copy %s/%s", o->path, file);
}

static int read_one(const struct outfit *o, const char *file, struct buf *b)
{
	int r = read_file_at(o->from, file, b, FILE_MAX);

	buf_add(b, "", 0);
	return r;
}

static int write_one(const struct outfit *o, const char *file, const struct buf *b)
{
	int r = write_file_at(o->to, file, b->data, b->len, 0600, false);

	return r < 0 ? failed(o, -r, file) : 0;
}

/* Not there is no mistake: an empty pod file is not written. */
static int copy_file(const struct outfit *o, const char *file)
{
	OWN_BUF struct buf b = BUF_INIT;
	int r = read_one(o, file, &b);

	if (r == -ENOENT)
		return 0;
	return r < 0 ? failed(o, -r, file) : write_one(o, file, &b);
}

/*
 * pod-config writes one member a line, those of the outermost object behind two blanks; a string
 * holds no newline.  So there is one such line.
 */
int outfit_rename(struct buf *out, const char *json, const char *name)
{
	static const char key[] = "\n  \"name\": \"";
	const char *at = strstr(json, key), *end = at ? strchr(at + strlen(key), '"') : NULL;

	if (!end || strstr(end, key) || (end[1] != ',' && end[1] != '\n'))
		return -EINVAL;
	buf_add(out, json, (size_t)(at - json));
	buf_fmt(out, "%s%s", key, name);
	buf_str(out, end);
	return 0;
}

static int copy_json(const struct outfit *o)
{
	OWN_BUF struct buf old = BUF_INIT, new = BUF_INIT;
	int r = read_one(o, "pod.json", &old);

	if (r == 0 && memchr(old.data, '\0', old.len))
		r = -EINVAL;
	if (r == 0)
		r = outfit_rename(&new, old.data, o->name);
	if (r == -EINVAL)
		return err_status(o->e, POD_EXIT_CONFIG, ERR_PLAIN,
				  "%s/pod.json has no name where pod-config writes it", o->path);
	return r < 0 ? failed(o, -r, "pod.json") : write_one(o, "pod.json", &new);
}

/* It names the pod.json it was made from. */
static int copy_plan(const struct outfit *o)
{
	OWN_PLAN struct plan pl = {0};
	OWN_BUF struct buf old = BUF_INIT, new = BUF_INIT;
	struct stat st;
	int r = read_one(o, "plan", &old);

	if (r < 0)
		return r == -ENOENT ? 0 : failed(o, -r, "plan");
	if (plan_parse(&pl, old.data, old.len, o->e) < 0) {
		*o->e = (struct err){0};
		return 0; /* made anew when it is wanted */
	}
	if (fstatat(o->to, "pod.json", &st, AT_SYMLINK_NOFOLLOW) < 0)
		return failed(o, errno, "pod.json");
	buf_fmt(&new, "envpod-plan 1 %llu %llu %llu\n", (unsigned long long)st.st_ino,
		(unsigned long long)st.st_mtim.tv_sec * 1000000000ull +
			(unsigned long long)st.st_mtim.tv_nsec,
		(unsigned long long)st.st_size);
	for (size_t i = 0; i < pl.keys.n; i++)
		plan_line(&new, pl.keys.v[i],
			  strcmp(pl.keys.v[i], "name") == 0 ? o->name : pl.values.v[i]);
	buf_str(&new, "end\n");
	return write_one(o, "plan", &new);
}

/* --- the mask --- */

static int open_dir(int at, const char *path)
{
	return open_beneath(at, path, O_RDONLY | O_DIRECTORY, 0);
}

/* The file becomes the new pod's own, its owner, mode and directory's times as they were. */
static int retext(int etc, const char *file, const char *text)
{
	struct stat st, dir;
	struct timespec times[2];

	if (fstatat(etc, file, &st, AT_SYMLINK_NOFOLLOW) < 0 || fstat(etc, &dir) < 0)
		return -errno;
	if (write_file_at(etc, file, text, strlen(text), 0600, false) < 0)
		return -errno;
	if (fchownat(etc, file, st.st_uid, st.st_gid, AT_SYMLINK_NOFOLLOW) < 0 ||
	    fchmodat(etc, file, st.st_mode & 07777, 0) < 0)
		return -errno;
	times[0] = dir.st_atim;
	times[1] = dir.st_mtim;
	return futimens(etc, times) < 0 ? -errno : 0;
}

/* The files in it that say the pod's name. */
static int rename_in_mask(const struct outfit *o)
{
	static const char *const files[] = {"hostname", "hosts", NULL};
	OWN_FD int etc = open_dir(o->to, "mask/_/etc");
	const struct pod as = {.dir = -1};
	struct pod named = as;
	const struct mask_ask ask = {.pod = &named};
	int r = etc < 0 ? etc : 0;

	memcpy(named.name, o->name, strlen(o->name) + 1);
	for (const char *const *f = files; *f && r == 0; f++) {
		OWN_FREE char *path = xfmt("/etc/%s", *f);
		OWN_FREE char *text = mask_text(&ask, path);

		r = retext(etc, *f, text);
	}
	return r;
}

static int link_mask(const struct outfit *o)
{
	OWN_FD int from = open_dir(o->from, "mask"), to = -1;
	int r = from < 0 ? from : 0;

	if (r == 0 && mkdirat(o->to, "mask", 0700) < 0)
		r = -errno;
	if (r == 0) {
		to = open_dir(o->to, "mask");
		r = to < 0 ? to : tree_link(from, to);
	}
	if (r == 0 && o->name)
		r = rename_in_mask(o);
	return r;
}

/* Without a mask, or without one that can be linked, the first view makes it. */
static int copy_mask(const struct outfit *o)
{
	int r;

	unlinkat(o->to, "mask.list", 0);
	r = remove_tree_at(o->to, "mask");
	if (r < 0)
		return failed(o, -r, "mask");
	if (link_mask(o) == 0)
		return copy_file(o, "mask.list");
	return remove_tree_at(o->to, "mask") < 0 ? failed(o, errno, "mask") : 0;
}

int outfit_copy(int from, const char *path, int to, const char *name, struct err *e)
{
	const struct outfit o = {from, to, path, name, e};
	int r = copy_file(&o, "pod.yaml");

	if (r == 0)
		r = copy_file(&o, "seccomp.bpf");
	if (r == 0)
		r = copy_file(&o, "written"); /* who may hold files of its layers still does */
	if (r == 0)
		r = name ? copy_json(&o) : copy_file(&o, "pod.json");
	if (r == 0)
		r = name ? copy_plan(&o) : copy_file(&o, "plan");
	return r == 0 ? copy_mask(&o) : r;
}
