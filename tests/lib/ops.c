/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ops [-c] [-l] [-o] SEED COUNT DIR...: COUNT random operations in each DIR, the same ones wherever
 * a tree of the same names and contents is given: names are sorted before one is chosen, contents
 * and times follow from the seed.  Prints each operation with its outcome, so that two runs can be
 * compared.
 *
 *     -c  create and fill only: to make a tree
 *     -o  owners stay
 *     -l  first give each name of a file with several a file of its own, as a turn-over of layers
 *         does
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#define MAX_ENTRIES 4096
#define COUNT(a)    (sizeof(a) / sizeof((a)[0]))

struct entry {
	char *path;
	mode_t mode;
};

static struct entry entries[MAX_ENTRIES];
static size_t nentries;
static bool owners_stay;
static uint64_t state;
static unsigned step; /* the operation's number: contents and times are made of it */

static const char *const names[] = {"a",
				    "b",
				    "c",
				    "d",
				    "e.txt",
				    "two words",
				    "-n",
				    "new\nline",
				    "\xff\xfe",
				    "ü",
				    "*",
				    "a'",
				    ".hidden",
				    "back\\slash",
				    "$HOME",
				    "~",
				    "z.very-long-name-of-a-file-that-nobody-would-type"};

/* xorshift64* */
static unsigned random_below(unsigned n)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return (unsigned)((state * 0x2545f4914f6cdd1d) >> 33) % n;
}

/* --- the tree --- */

static int add_entry(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)type;
	if (at->level > 0 && nentries < MAX_ENTRIES)
		entries[nentries++] = (struct entry){strdup(path + 2), st->st_mode};
	return 0;
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct entry *)a)->path, ((const struct entry *)b)->path);
}

static void scan(void)
{
	while (nentries > 0)
		free(entries[--nentries].path);
	nftw(".", add_entry, 16, FTW_PHYS);
	qsort(entries, nentries, sizeof(entries[0]), by_path);
}

/* A random entry of a type (0: any); NULL when there is none. */
static const struct entry *pick(mode_t type)
{
	size_t n = 0, k;

	for (size_t i = 0; i < nentries; i++)
		n += type == 0 || (entries[i].mode & S_IFMT) == type;
	if (n == 0)
		return NULL;
	k = random_below((unsigned)n);
	for (size_t i = 0; i < nentries; i++)
		if ((type == 0 || (entries[i].mode & S_IFMT) == type) && k-- == 0)
			return &entries[i];
	return NULL;
}

/* A name, mostly new, in a random directory. */
static void pick_place(char out[PATH_MAX])
{
	const struct entry *dir = random_below(4) ? pick(S_IFDIR) : NULL;
	const char *name = names[random_below(COUNT(names))];

	if (dir && strlen(dir->path) < 1000)
		snprintf(out, PATH_MAX, "%s/%s", dir->path, name);
	else
		snprintf(out, PATH_MAX, "%s", name);
}

static bool is_below(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	return strncmp(path, dir, n) == 0 && (path[n] == '/' || path[n] == '\0');
}

/* --- what operations are made of --- */

static int done(int r)
{
	return r < 0 ? -errno : 0;
}

/* One fifo is like another. */
static int stamp(const char *path)
{
	struct stat st;
	const struct timespec t = {
		1500000000 + (lstat(path, &st) == 0 && S_ISFIFO(st.st_mode) ? 0 : step), 123456789};
	const struct timespec times[2] = {t, t};

	return done(utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW));
}

static int fill(const char *path, int flags)
{
	int fd = open(path, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | flags, 0644);
	unsigned lines = 1 + random_below(random_below(8) ? 4 : 3000);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "w");

	if (!f)
		return -errno;
	for (unsigned i = 0; i < lines; i++)
		fprintf(f, "%u %u\n", step, i);
	if (fclose(f) != 0)
		return -errno;
	return stamp(path);
}

/* Names before the directory they are in, always in the same order: somebody may have to stop
 * halfway. */
static int remove_all(const char *path)
{
	for (size_t i = nentries; i-- > 0;)
		if (is_below(entries[i].path, path) && remove(entries[i].path) < 0)
			return -errno;
	return 0;
}

static int make_link(const char *path)
{
	char to[64];

	snprintf(to, sizeof(to), random_below(3) ? "target-%u" : "../x/%u", step);
	return symlink(to, path) < 0 ? -errno : stamp(path);
}

/* --- operations: they print what they act on, and return 0 or -errno --- */

static void say(const char *path)
{
	putchar(' ');
	for (; *path; path++)
		printf(*path > ' ' && *path < 0x7f ? "%c" : "\\x%02x", (unsigned char)*path);
}

/*
 * Two names of one file stay two; no others have the same time.  Of files with several names
 * overlayfs sometimes does not know which it has before it (ESTALE, or two of one): not over those.
 * Which files have several the copy does not know (-l), and who is not root may fail in between.
 */
static int rename_over(const char *from, const char *to)
{
	struct stat a, b;

	if (lstat(from, &a) == 0 && lstat(to, &b) == 0 && S_ISREG(a.st_mode) &&
	    S_ISREG(b.st_mode)) {
		if (a.st_mtim.tv_sec == b.st_mtim.tv_sec && a.st_size == b.st_size)
			return 0;
		if ((geteuid() != 0 || a.st_nlink > 1 || b.st_nlink > 1) && unlink(to) < 0)
			return -errno;
	}
	/* Over a directory with something in it: xfs and others say one or the other. */
	return rename(from, to) < 0 ? (errno == EEXIST ? -ENOTEMPTY : -errno) : 0;
}

static int op_create(void)
{
	char path[PATH_MAX];

	pick_place(path);
	say(path);
	return fill(path, O_CREAT | O_EXCL);
}

static int op_mkdir(void)
{
	char path[PATH_MAX];

	pick_place(path);
	say(path);
	return done(mkdir(path, 0755));
}

static int op_deep(void)
{
	char path[PATH_MAX];

	pick_place(path);
	say(path);
	for (unsigned i = 0; i < 6 && strlen(path) < 1000; i++) {
		mkdir(path, 0755);
		strcat(path, i % 2 ? "/in" : "/down");
	}
	return fill(path, O_CREAT | O_EXCL);
}

static int op_symlink(void)
{
	char path[PATH_MAX];

	pick_place(path);
	say(path);
	return make_link(path);
}

static int op_fifo(void)
{
	char path[PATH_MAX];

	pick_place(path);
	say(path);
	return mkfifo(path, 0600) < 0 ? -errno : stamp(path);
}

static int op_rewrite(void)
{
	const struct entry *f = pick(S_IFREG);

	if (!f)
		return 0;
	say(f->path);
	return fill(f->path, random_below(2) ? O_TRUNC : O_APPEND);
}

/* As editors do. */
static int op_replace(void)
{
	const struct entry *f = pick(S_IFREG);
	int r;

	if (!f)
		return 0;
	say(f->path);
	r = fill("replacement~", O_CREAT | O_EXCL);
	return r < 0 ? r : rename_over("replacement~", f->path);
}

static int op_truncate(void)
{
	const struct entry *f = pick(S_IFREG);
	struct stat st;

	if (!f)
		return 0;
	say(f->path);
	if (stat(f->path, &st) < 0 || st.st_size == 0)
		return 0;
	if (truncate(f->path, st.st_size / 2) < 0)
		return -errno;
	return fill(f->path, O_APPEND); /* so that it is never what it was */
}

static int op_unlink(void)
{
	const struct entry *f = pick(random_below(3) ? S_IFREG : S_IFLNK);

	if (!f)
		return 0;
	say(f->path);
	return done(unlink(f->path));
}

static int op_rmdir(void)
{
	const struct entry *d = pick(S_IFDIR);

	if (!d)
		return 0;
	say(d->path);
	return random_below(3) ? remove_all(d->path) : done(rmdir(d->path));
}

static int move(mode_t type)
{
	const struct entry *e = pick(type);
	char to[PATH_MAX];

	if (!e)
		return 0;
	pick_place(to);
	say(e->path);
	say(to);
	return is_below(to, e->path) ? 0 : rename_over(e->path, to);
}

static int op_move_file(void)
{
	return move(random_below(4) ? S_IFREG : S_IFLNK);
}
static int op_move_dir(void)
{
	return move(S_IFDIR);
}

static int op_link(void)
{
	const struct entry *f = pick(S_IFREG);
	char to[PATH_MAX];

	if (!f)
		return 0;
	pick_place(to);
	say(f->path);
	say(to);
	return done(link(f->path, to));
}

static int op_chmod(void)
{
	static const mode_t files[] = {0600, 0644, 0755, 0640, 0444};
	static const mode_t dirs[] = {0700, 0755, 0750, 0711, 01777};
	const struct entry *e = pick(random_below(2) ? S_IFREG : S_IFDIR);
	unsigned i = random_below(5);

	if (!e)
		return 0;
	say(e->path);
	return done(chmod(e->path, S_ISDIR(e->mode) ? dirs[i] : files[i]));
}

/* To the host's root, to the person the pod belongs to, to somebody else: EPERM for who is not
 * root. */
static int op_chown(void)
{
	static const uid_t ids[] = {0, 1000, 1, 1234};
	const struct entry *e = pick(0);
	uid_t uid = ids[random_below(COUNT(ids))];
	gid_t gid = ids[random_below(COUNT(ids))];

	if (!e)
		return 0;
	say(e->path);
	if (owners_stay)
		return 0;
	return done(lchown(e->path, uid, gid));
}

static int op_xattr(void)
{
	const struct entry *e = pick(random_below(3) ? S_IFREG : S_IFDIR);
	char value[32];
	const char *name = random_below(2) ? "user.one" : "user.two";

	if (!e)
		return 0;
	say(e->path);
	if (random_below(3) == 0)
		return done(removexattr(e->path, name));
	snprintf(value, sizeof(value), "%u", step);
	return done(setxattr(e->path, name, value, strlen(value), 0));
}

/* One type in the place of another. */
static int op_swap(void)
{
	const struct entry *e = pick(0);
	int r;

	if (!e)
		return 0;
	say(e->path);
	r = remove_all(e->path);
	if (r < 0)
		return r;
	switch (random_below(4)) {
	case 0:
		return done(mkdir(e->path, 0755));
	case 1:
		return make_link(e->path);
	case 2:
		return fill(e->path, O_CREAT | O_EXCL);
	default:
		return op_deep();
	}
}

/* A directory anew, with some of its names. */
static int op_renew(void)
{
	const struct entry *d = pick(S_IFDIR);
	char path[PATH_MAX];
	int r;

	if (!d || strlen(d->path) > 1000)
		return 0;
	say(d->path);
	r = remove_all(d->path);
	if (r == 0 && mkdir(d->path, 0755) < 0)
		r = -errno;
	for (unsigned i = 0; i < 3 && r == 0; i++) {
		snprintf(path, sizeof(path), "%s/%s", d->path, names[random_below(COUNT(names))]);
		r = fill(path, O_CREAT | O_TRUNC);
	}
	return r;
}

static const struct op {
	const char *name;
	int (*run)(void);
	unsigned weight;
	bool fills; /* makes a tree grow */
} ops[] = {
	{"create", op_create, 10, true},   {"mkdir", op_mkdir, 6, true},
	{"deep", op_deep, 2, true},        {"symlink", op_symlink, 4, true},
	{"fifo", op_fifo, 1, true},        {"rewrite", op_rewrite, 8, false},
	{"replace", op_replace, 4, false}, {"truncate", op_truncate, 3, false},
	{"unlink", op_unlink, 6, false},   {"rmdir", op_rmdir, 4, false},
	{"mv", op_move_file, 7, false},    {"mvdir", op_move_dir, 7, false},
	{"link", op_link, 4, true},        {"chmod", op_chmod, 5, true},
	{"chown", op_chown, 4, true},      {"xattr", op_xattr, 5, true},
	{"swap", op_swap, 4, false},       {"renew", op_renew, 3, false},
};

static const struct op *pick_op(bool fill_only)
{
	unsigned total = 0, k;

	for (size_t i = 0; i < COUNT(ops); i++)
		total += fill_only && !ops[i].fills ? 0 : ops[i].weight;
	k = random_below(total);
	for (size_t i = 0; i < COUNT(ops); i++) {
		unsigned w = fill_only && !ops[i].fills ? 0 : ops[i].weight;

		if (k < w)
			return &ops[i];
		k -= w;
	}
	return NULL;
}

/* --- hard links --- */

static void copy_xattrs(int from, int to)
{
	static const char *const known[] = {"user.one", "user.two"};
	char value[64];

	for (size_t i = 0; i < COUNT(known); i++) {
		ssize_t n = fgetxattr(from, known[i], value, sizeof(value));

		if (n >= 0)
			fsetxattr(to, known[i], value, (size_t)n, 0);
	}
}

static int copy_all(int from, int to, const struct stat *st)
{
	const struct timespec times[2] = {st->st_atim, st->st_mtim};

	for (off_t left = st->st_size; left > 0;) {
		ssize_t n = copy_file_range(from, NULL, to, NULL, (size_t)left, 0);

		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		left -= n;
	}
	copy_xattrs(from, to);
	if (fchown(to, st->st_uid, st->st_gid) < 0 || fchmod(to, st->st_mode & 07777) < 0)
		return -errno;
	return done(futimens(to, times));
}

/* The name stands for another file with the same content and looks. */
static int give_own_file(const char *path, const struct stat *st)
{
	int from = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	int to = open("copied~", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	int r = from < 0 || to < 0 ? -errno : copy_all(from, to, st);

	if (r == 0 && rename("copied~", path) < 0)
		r = -errno;
	close(from);
	close(to);
	return r;
}

static int unlink_names(void)
{
	scan();
	for (size_t i = 0; i < nentries; i++) {
		struct stat st;
		int r;

		if (!S_ISREG(entries[i].mode) || lstat(entries[i].path, &st) < 0 || st.st_nlink < 2)
			continue;
		r = give_own_file(entries[i].path, &st);
		if (r < 0)
			return r;
	}
	return 0;
}

static void run_one(const char *dir, bool fill_only)
{
	const struct op *op;

	scan();
	op = pick_op(fill_only);
	step++;
	printf("%s %u (%zu) %s", dir, step, nentries, op->name);
	errno = 0;
	printf(": %d\n", op->run());
}

static int run_all(const char *dir, uint64_t seed, unsigned count, bool fill_only, bool own)
{
	uint64_t h = seed * 0x9e3779b97f4a7c15 + 1;

	for (const char *p = dir; *p; p++)
		h = (h ^ (unsigned char)*p) * 0x100000001b3;
	state = h ? h : 1;
	step = (unsigned)(seed % 100000) * 1000;
	if (own)
		return unlink_names();
	for (unsigned i = 0; i < count; i++)
		run_one(dir, fill_only);
	return 0;
}

int main(int argc, char **argv)
{
	bool fill_only = false, own = false;
	int c, top, r = 0;

	while ((c = getopt(argc, argv, "+clo")) != -1) {
		fill_only |= c == 'c';
		own |= c == 'l';
		owners_stay |= c == 'o';
	}
	if (argc - optind < 3) {
		fprintf(stderr, "usage: ops [-c | -l] [-o] SEED COUNT DIR...\n");
		return 64;
	}
	umask(022);
	top = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (int i = optind + 2; i < argc && r == 0; i++) {
		if (fchdir(top) < 0 || chdir(argv[i]) < 0) {
			perror(argv[i]);
			return 1;
		}
		r = run_all(argv[i], strtoull(argv[optind], NULL, 10),
			    (unsigned)strtoul(argv[optind + 1], NULL, 10), fill_only, own);
	}
	if (r < 0)
		fprintf(stderr, "ops: %s\n", strerror(-r));
	return r < 0 || fflush(stdout) != 0;
}
