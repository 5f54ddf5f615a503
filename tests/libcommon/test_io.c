/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "tests/lib/tap.h"

static void replace(int dir)
{
	OWN_BUF struct buf b = BUF_INIT;
	struct stat st;
	char line[8];

	is_int(write_file_at(dir, "f", "one\ntwo", 7, 0640, true), 0, "write a file");
	is_int(read_file_at(dir, "f", &b, 7), 0, "read it, exactly at the bound");
	is_str(b.data, "one\ntwo", "the same");
	ok(fstatat(dir, "f", &st, 0) == 0 && (st.st_mode & 07777) == 0640,
	   "with the mode asked for");
	buf_clear(&b);
	is_int(read_file_at(dir, "f", &b, 6), -EFBIG, "one byte beyond the bound is refused");
	is_int(read_line_at(dir, "f", line, sizeof(line)), 0, "read its first line");
	is_str(line, "one", "without its newline");
	is_int(write_file_at(dir, "f", "", 0, 0600, false), 0, "replace it by nothing");
	is_int(read_line_at(dir, "f", line, sizeof(line)), 0, "an empty file has a line");
	is_str(line, "", "an empty one");
	is_int(write_file_at(dir, "long", "123456789", 9, 0600, false), 0,
	       "a line that does not fit");
	read_line_at(dir, "long", line, sizeof(line));
	is_str(line, "1234567", "is cut");
}

static void links(int dir)
{
	OWN_BUF struct buf b = BUF_INIT;
	struct stat st;

	is_int(symlinkat("victim", dir, "link"), 0, "plant a symlink");
	write_file_at(dir, "victim", "safe", 4, 0600, false);
	is_int(read_file_at(dir, "link", &b, 100), -ELOOP, "a symlink is not read through");
	is_int(write_file_at(dir, "link", "new", 3, 0600, false), 0, "writing replaces the link");
	ok(fstatat(dir, "link", &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode), "by a file");
	is_int(read_file_at(dir, "victim", &b, 100), 0, "its target");
	is_str(b.data, "safe", "was not touched");
}

static void failures(int dir)
{
	OWN_BUF struct buf b = BUF_INIT;
	char name[290];
	int n = 0;
	OWN_DIR DIR *d = NULL;
	struct dirent *ent;

	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	is_int(write_file_at(dir, name, "", 0, 0600, false), -ENAMETOOLONG, "a name too long");
	is_int(write_file_at(dir, "sub/f", "", 0, 0600, false), -EINVAL,
	       "a path instead of a name");
	is_int(read_file_at(dir, "none", &b, 10), -ENOENT, "a file that is not there");
	is_int(poke_at(dir, "none", "1"), -ENOENT, "poke makes no file");
	mkdirat(dir, "sub", 0700);
	ok(write_file_at(dir, "sub", "x", 1, 0600, false) < 0, "a directory is not replaced");
	d = fdopendir(openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	while (d && (ent = readdir(d)))
		n += ent->d_name[0] == '.' && strlen(ent->d_name) > 2;
	is_int(n, 0, "no temporary file stays behind a failure");
}

static void full_disk(void)
{
	OWN_FD int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
	OWN_FD int zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	OWN_BUF struct buf b = BUF_INIT;

	is_int(write_full(full, "x", 1), -ENOSPC, "a full disk is told");
	is_int(read_fd(zero, &b, 100000), -EFBIG, "an endless file ends at the bound");
	ok(b.len <= 100000, "and costs no more memory than that");
}

/* A pipe gives and takes in pieces. */
static void pieces(void)
{
	char big[200000], back[sizeof(big)];
	int fd[2];
	pid_t child;

	memset(big, 'p', sizeof(big));
	if (pipe(fd) < 0)
		return;
	child = fork();
	if (child == 0) {
		close(fd[0]);
		_exit(write_full(fd[1], big, sizeof(big)) != 0);
	}
	close(fd[1]);
	is_int(read_full(fd[0], back, sizeof(back)), sizeof(back), "a pipe is read whole");
	ok(memcmp(big, back, sizeof(big)) == 0, "and nothing is lost");
	is_int(read_full(fd[0], back, 1), 0, "then it ends");
	close(fd[0]);
}

int main(void)
{
	OWN_FREE char *top = xfmt("%s/io.XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
	OWN_FD int dir = -1;

	if (!mkdtemp(top))
		return 2;
	dir = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	replace(dir);
	links(dir);
	failures(dir);
	full_disk();
	pieces();
	remove_tree_at(AT_FDCWD, top);
	return done_testing();
}
