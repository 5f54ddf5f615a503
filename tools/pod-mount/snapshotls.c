/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "libcommon/jsonw.h"
#include "libcommon/own.h"
#include "libcommon/unit.h"
#include "tools/pod-mount/names.h"
#include "tools/pod-mount/snapshot.h"

#define DEPTH_MAX 400

struct tally {
	uint64_t files, bytes;
};

/* An inode with several names counts with its first share of bytes for each. */
static void count_dir(struct tally *t, int fd, unsigned depth)
{
	struct names names = {0};

	if (depth > DEPTH_MAX || names_read(&names, fd, 0) < 0)
		return;
	for (size_t i = 0; i < names.n; i++) {
		const char *name = name_text(&names, i);
		OWN_FD int sub = -1;
		struct stat st;

		if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		t->bytes += (uint64_t)st.st_blocks * 512 / (S_ISDIR(st.st_mode) ? 1 : st.st_nlink);
		t->files += !S_ISDIR(st.st_mode);
		if (S_ISDIR(st.st_mode))
			sub = openat(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (sub >= 0)
			count_dir(t, sub, depth + 1);
	}
	names_finish(&names);
}

static void count(struct tally *t, const struct stack *s)
{
	for (size_t i = 0; i < s->n; i++) {
		OWN_FD int fd = layer_open(s->v[i].id, "tree");

		if (fd >= 0)
			count_dir(t, fd, 0);
	}
}

static void time_text(uint64_t seconds, char out[UNIT_TIME_LEN])
{
	time_t t = (time_t)seconds;
	struct tm tm;

	gmtime_r(&t, &tm);
	strftime(out, UNIT_TIME_LEN, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

static void print_json(const struct snapshot *s, const char *when, const struct tally *t)
{
	OWN_BUF struct buf b = BUF_INIT;

	jw_open(&b, '{');
	jw_kstr(&b, "id", s->id);
	if (strcmp(s->name, "-") != 0)
		jw_kstr(&b, "name", s->name);
	jw_kstr(&b, "time", when);
	jw_kstr(&b, "kind", s->kind);
	jw_knum(&b, "layers", (int64_t)s->stack.n);
	if (t) {
		jw_knum(&b, "files", (int64_t)t->files);
		jw_knum(&b, "bytes", (int64_t)t->bytes);
	}
	jw_close(&b, '}');
	printf("%s\n", b.data);
}

static void print_text(const struct snapshot *s, const char *when, const struct tally *t)
{
	char size[16];

	printf("%-8s  %-20s  %-5s  %6zu", s->id, when, s->kind, s->stack.n);
	if (t)
		printf("  %8llu  %8s", (unsigned long long)t->files, unit_human(t->bytes, size));
	printf("  %s\n", s->name);
}

int snapshot_ls(const struct snapshot_ask *a, struct err *e)
{
	OWN_SNAPSHOTS struct snapshots all = {0};
	int r = snapshots_load(&all, a->pod, true, e);

	if (r == 0 && all.n && !a->json)
		printf("%-8s  %-20s  %-5s  %6s%s  %s\n", "ID", "TIME", "KIND", "LAYERS",
		       a->size ? "     FILES     BYTES" : "", "NAME");
	for (size_t i = 0; r == 0 && i < all.n; i++) {
		struct tally t = {0};
		char when[UNIT_TIME_LEN];

		if (a->size)
			count(&t, &all.v[i].stack);
		time_text(all.v[i].seconds, when);
		(a->json ? print_json : print_text)(&all.v[i], when, a->size ? &t : NULL);
	}
	return r;
}
