/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tree [-dlp] [DIR]: everything below DIR, one entry a line, sorted by path, so that two trees are
 * equal exactly when their lists are:
 *
 *     PATH TYPE MODE UID:GID SIZE MTIME HASH|"-> TARGET" [NAME=VALUE]...
 *
 * Of directories size and time are left out (-d: the time is given).  -l adds "@PATH", the first
 * name of the same inode, to files with several.  -p: path, type and content alone, as far as two
 * trees agree whoever made them.  Bytes that are no plain text are escaped.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

static bool dir_times, links, plain;

struct seen {
	ino_t ino;
	char *path;
};

static struct seen *seen;
static size_t nseen;

static void fail(const char *what)
{
	fprintf(stderr, "tree: %s: %s\n", what, strerror(errno));
	exit(2);
}

static void put_text(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c <= ' ' || c >= 0x7f || c == '\\')
			printf("\\x%02x", c);
		else
			putchar(c);
	}
}

/* FNV-1a: nobody attacks it here. */
static uint64_t hash_file(int dirfd, const char *name)
{
	static unsigned char block[1 << 16];
	uint64_t h = 0xcbf29ce484222325;
	int fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		fail(name);
	while ((n = read(fd, block, sizeof(block))) > 0)
		for (ssize_t i = 0; i < n; i++)
			h = (h ^ block[i]) * 0x100000001b3;
	if (n < 0)
		fail(name);
	close(fd);
	return h;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The attributes of a descriptor's magic link: of symlinks and fifos, too. */
static void put_xattrs(int dirfd, const char *name)
{
	static char list[1 << 16], value[1 << 16];
	char path[64], *names[512];
	int fd = openat(dirfd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	ssize_t n;
	size_t count = 0;

	if (fd < 0)
		fail(name);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	n = listxattr(path, list, sizeof(list));
	for (char *p = list; n > 0 && p < list + n && count < 512; p += strlen(p) + 1)
		names[count++] = p;
	qsort(names, count, sizeof(names[0]), by_text);
	for (size_t i = 0; i < count; i++) {
		ssize_t len = getxattr(path, names[i], value, sizeof(value));

		printf(" %s=", names[i]);
		put_text(value, len > 0 ? (size_t)len : 0);
	}
	close(fd);
}

static void put_first_name(const struct stat *st, const char *path)
{
	for (size_t i = 0; i < nseen; i++)
		if (seen[i].ino == st->st_ino) {
			printf(" @");
			put_text(seen[i].path, strlen(seen[i].path));
			return;
		}
	seen = realloc(seen, (nseen + 1) * sizeof(*seen));
	if (!seen)
		fail("memory");
	seen[nseen++] = (struct seen){st->st_ino, strdup(path)};
}

static void put_content(int dirfd, const char *name, const struct stat *st)
{
	char to[PATH_MAX];
	ssize_t n;

	if (S_ISREG(st->st_mode))
		printf(" %016" PRIx64, hash_file(dirfd, name));
	if (!S_ISLNK(st->st_mode))
		return;
	n = readlinkat(dirfd, name, to, sizeof(to));
	if (n < 0)
		fail(name);
	printf(" -> ");
	put_text(to, (size_t)n);
}

static void put_entry(int dirfd, const char *name, const char *path, const struct stat *st)
{
	static const char types[] = "?pc?d?b?-?l?s???";
	bool dir = S_ISDIR(st->st_mode);

	put_text(path, strlen(path));
	printf(" %c", types[(st->st_mode & S_IFMT) >> 12]);
	if (!plain)
		printf(" %04o %u:%u", st->st_mode & 07777, st->st_uid, st->st_gid);
	if (!plain && !dir)
		printf(" %lld", (long long)st->st_size);
	if (!plain && (!dir || dir_times))
		printf(" %lld.%09ld", (long long)st->st_mtim.tv_sec, st->st_mtim.tv_nsec);
	put_content(dirfd, name, st);
	if (!plain)
		put_xattrs(dirfd, name);
	if (links && !dir && st->st_nlink > 1)
		put_first_name(st, path);
	putchar('\n');
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int is_entry(const struct dirent *ent)
{
	return strcmp(ent->d_name, ".") != 0 && strcmp(ent->d_name, "..") != 0;
}

static void list_dir(int fd, const char *path)
{
	struct dirent **names;
	int n = scandirat(fd, ".", &names, is_entry, by_name);

	if (n < 0)
		fail(path);
	for (int i = 0; i < n; i++) {
		const char *name = names[i]->d_name;
		struct stat st;
		char *down = NULL;
		int sub;

		if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
		    asprintf(&down, "%s%s%s", path, *path ? "/" : "", name) < 0)
			fail(name);
		put_entry(fd, name, down, &st);
		if (S_ISDIR(st.st_mode)) {
			sub = openat(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
			if (sub < 0)
				fail(down);
			list_dir(sub, down);
			close(sub);
		}
		free(down);
		free(names[i]);
	}
	free(names);
}

static int escape_paths(void)
{
	char *path = NULL;
	size_t size = 0;
	ssize_t n;

	while ((n = getdelim(&path, &size, '\0', stdin)) > 0) {
		put_text(path, (size_t)n - 1);
		putchar('\n');
	}
	free(path);
	return fflush(stdout) != 0;
}

int main(int argc, char **argv)
{
	int c, fd;

	while ((c = getopt(argc, argv, "delp")) != -1) {
		dir_times |= c == 'd';
		links |= c == 'l';
		plain |= c == 'p';
		if (c == 'e')
			return escape_paths();
		if (c == '?')
			return 64;
	}
	fd = open(argc > optind ? argv[optind] : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		fail(argc > optind ? argv[optind] : ".");
	list_dir(fd, "");
	if (fflush(stdout) != 0)
		fail("standard output");
	return 0;
}
