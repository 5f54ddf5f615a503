/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-mount/gitbase.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <inttypes.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "libcommon/clock.h"
#include "libcommon/own.h"
#include "libcommon/path.h"

#define WAIT_S    10
#define LINES_MAX 8192 /* bytes of what ls-files says of one path */

/* --- running it --- */

static void limit(int what, rlim_t to)
{
	const struct rlimit lim = {to, to};

	setrlimit(what, &lim);
}

/* By its path, with the owner's rights: git asks where it is, and a descriptor of ours leads into
 * another mount of it. */
static bool stand_in(const struct stat *dir, const char *path)
{
	struct stat here;

	return chdir(path) == 0 && stat(".", &here) == 0 && here.st_dev == dir->st_dev &&
	       here.st_ino == dir->st_ino;
}

static void become(const struct stat *owner, const char *path, int out)
{
	int null = open("/dev/null", O_RDWR);

	/* Without a network of its own it would have the host's: then it does not run. */
	if (null < 0 || unshare(CLONE_NEWNET) < 0)
		_exit(127);
	dup2(null, 0);
	dup2(out, 1);
	dup2(null, 2);
	close_range(3, ~0u, 0);
	limit(RLIMIT_CPU, WAIT_S);
	limit(RLIMIT_FSIZE, 0);
	limit(RLIMIT_CORE, 0);
	setsid();
	if (setgroups(0, NULL) < 0 || setresgid(owner->st_gid, owner->st_gid, owner->st_gid) < 0 ||
	    setresuid(owner->st_uid, owner->st_uid, owner->st_uid) < 0 ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 ||
	    !stand_in(owner, path))
		_exit(127);
}

static void become_git(const char *const *words)
{
	static char *env[] = {
		"PATH=/usr/bin:/bin",
		"HOME=/nonexistent",
		"LC_ALL=C",
		"GIT_CONFIG_NOSYSTEM=1",
		"GIT_CONFIG_SYSTEM=/dev/null",
		"GIT_CONFIG_GLOBAL=/dev/null",
		"GIT_ATTR_NOSYSTEM=1",
		"GIT_OPTIONAL_LOCKS=0",
		"GIT_TERMINAL_PROMPT=0",
		"GIT_NO_REPLACE_OBJECTS=1",
		"GIT_NO_LAZY_FETCH=1",
		"GIT_ALLOW_PROTOCOL=",
		"GIT_LITERAL_PATHSPECS=1",
		"GIT_PAGER=cat",
		NULL,
	};
	const char *argv[24] = {"git",
				"-c",
				"core.fsmonitor=false",
				"-c",
				"core.hooksPath=/dev/null",
				"-c",
				"core.untrackedCache=false",
				"--no-pager"};
	size_t n = 8;

	while (*words && n < sizeof(argv) / sizeof(argv[0]) - 1)
		argv[n++] = *words++;
	execve("/usr/bin/git", (char *const *)argv, env);
	_exit(127);
}

static int gather(int fd, struct buf *b, size_t max)
{
	int64_t end = clock_ms() + WAIT_S * 1000;
	char block[16384];

	for (;;) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		int64_t left = end - clock_ms();
		ssize_t n;

		if (left <= 0 || poll(&p, 1, (int)left) == 0)
			return -ETIMEDOUT;
		n = read(fd, block, sizeof(block));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : 0;
		if (b->len + (size_t)n > max)
			return -EFBIG;
		buf_add(b, block, (size_t)n);
	}
}

/* What git prints; -ENOENT when it fails, whatever the reason. */
static int git(const struct git_place *at, const char *const *words, struct buf *b, size_t max)
{
	struct stat owner;
	int pipes[2], status, r;
	pid_t pid;

	if (fstat(at->dir, &owner) < 0 || owner.st_uid == 0 || owner.st_gid == 0 ||
	    pipe2(pipes, O_CLOEXEC) < 0)
		return -ENOENT;
	pid = fork();
	if (pid == 0) {
		become(&owner, at->path, pipes[1]);
		become_git(words);
	}
	close(pipes[1]);
	r = pid < 0 ? -errno : gather(pipes[0], b, max);
	close(pipes[0]);
	if (pid < 0)
		return r;
	if (r < 0)
		kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return r == 0 && status != 0 ? -ENOENT : r;
}

/* --- what it says --- */

static bool read_time(const char *at, const char *word, uint64_t *ns)
{
	uint64_t s, frac;

	at = strstr(at, word);
	if (!at || sscanf(at + strlen(word), "%" SCNu64 ":%" SCNu64, &s, &frac) != 2 ||
	    s > UINT32_MAX || frac > 999999999)
		return false;
	*ns = s * 1000000000u + frac;
	return true;
}

static bool read_number(const char *at, const char *word, uint64_t *n)
{
	at = strstr(at, word);
	return at && sscanf(at + strlen(word), "%" SCNu64, n) == 1;
}

/* "MODE BLOB 0\tNAME" ended by NUL, then lines of stat data. */
bool git_entry_parse(struct git_entry *g, const char *text, size_t len)
{
	const char *stat = memchr(text, '\0', len);
	OWN_BUF struct buf rest = BUF_INIT;
	size_t hex;

	if (!stat || stat - text < 8 || strncmp(text, "100", 3) != 0 || text[6] != ' ')
		return false;
	hex = strspn(text + 7, "0123456789abcdef");
	if ((hex != 40 && hex != 64) || strncmp(text + 7 + hex, " 0\t", 3) != 0)
		return false;
	memcpy(g->blob, text + 7, hex);
	g->blob[hex] = '\0';
	stat++;
	if (memchr(stat, '\0', len - (size_t)(stat - text)))
		return false; /* a second entry */
	buf_add(&rest, stat, len - (size_t)(stat - text));
	return read_time(rest.data, "ctime: ", &g->ctime_ns) &&
	       read_time(rest.data, "mtime: ", &g->mtime_ns) &&
	       read_number(rest.data, "ino: ", &g->ino) &&
	       read_number(rest.data, "size: ", &g->size);
}

/* git keeps 32 bits of inode and size. */
static bool vouches(const struct git_entry *g, const struct base_entry *en)
{
	return g->ctime_ns == en->ctime_ns && g->mtime_ns == en->mtime_ns &&
	       (uint32_t)g->ino == (uint32_t)en->ino && (uint32_t)g->size == (uint32_t)en->size;
}

int gitbase_read(const struct git_place *at, const struct base_entry *en, struct buf *b, size_t max)
{
	const char *const list[] = {"ls-files", "--stage", "--debug", "-z", "--", at->name, NULL};
	OWN_BUF struct buf said = BUF_INIT;
	struct git_entry g = {0};
	const char *const show[] = {"cat-file", "blob", g.blob, NULL};
	int r;

	if (en->kind != BASE_HOST || en->size > max)
		return -ENOENT;
	r = git(at, list, &said, LINES_MAX);
	if (r < 0 || !said.len || !git_entry_parse(&g, said.data, said.len) || !vouches(&g, en))
		return -ENOENT;
	r = git(at, show, b, max);
	/* A filter would have changed the size; then the blob is not what the file held. */
	return r == 0 && b->len != en->size ? -ENOENT : r;
}
