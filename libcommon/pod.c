/* SPDX-License-Identifier: Apache-2.0 */
#include "libcommon/pod.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/buf.h"
#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/unit.h"

/* How long an init that has ended may take to let go of its mounts, which syncs a file system. */
#define INIT_ENDS_MS 10000

static const char *dir_from(const char *const *names, const char *fallback)
{
	for (; *names; names++) {
		const char *value = secure_getenv(*names);

		if (value && *value) {
			OWN_FREE char *cwd = getcwd(NULL, 0);
			char *path = path_clean(cwd ? cwd : "/", value);

			/* Whom we become may stand elsewhere: in the agent's view even. */
			if (*value != '/')
				setenv(*names, path, 1);
			return path;
		}
	}
	return fallback;
}

const char *pod_state_dir(void)
{
	static const char *const names[] = {"ENVPOD_STATE_DIR", "ENVPOD_DIR", NULL};
	static const char *dir;

	if (!dir)
		dir = dir_from(names, "/var/lib/envpod");
	return dir;
}

static const char *run_dir;

const char *pod_run_dir(void)
{
	static const char *const names[] = {"ENVPOD_RUN_DIR", NULL};

	if (!run_dir)
		run_dir = dir_from(names, "/run/envpod");
	return run_dir;
}

void pod_run_dir_use(const char *dir)
{
	run_dir = xstrdup(dir);
	setenv("ENVPOD_RUN_DIR", dir, 1);
}

int pod_check_name(const char *name, struct err *e)
{
	size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789._-");

	if (n > 0 && n <= POD_NAME_MAX && name[n] == '\0' && isalnum((unsigned char)name[0]))
		return 0;
	return err_status(e, POD_EXIT_USAGE, ERR_PLAIN,
			  "pod name '%.80s' is not valid: use a-z, 0-9, '.', '_' and '-', at most "
			  "63 of them, the first a letter or digit",
			  esc(name));
}

int pod_check_caller(struct err *e)
{
	if (geteuid() == 0)
		return 0;
	return err_status(e, POD_EXIT_UNSUPPORTED, EPERM,
			  "envpod works as root for now; run it with sudo");
}

static void caller_from(struct pod_caller *c, const struct passwd *pw)
{
	c->uid = pw->pw_uid;
	c->gid = pw->pw_gid;
	snprintf(c->name, sizeof(c->name), "%s", pw->pw_name);
	snprintf(c->home, sizeof(c->home), "%s", pw->pw_dir);
	snprintf(c->shell, sizeof(c->shell), "%s", pw->pw_shell[0] ? pw->pw_shell : "/bin/sh");
}

int pod_host_user(const char *name_or_uid, struct pod_caller *c, struct err *e)
{
	OWN_FILE FILE *f = fopen("/etc/passwd", "re");
	struct passwd *pw;
	uint64_t uid = UINT64_MAX;

	if (!f)
		return err_set(e, errno, "read /etc/passwd");
	unit_u64(name_or_uid, UINT32_MAX, &uid);
	while ((pw = fgetpwent(f))) {
		if (strcmp(pw->pw_name, name_or_uid) != 0 && pw->pw_uid != uid)
			continue;
		caller_from(c, pw);
		return 0;
	}
	return err_set(e, ENOENT, "find user %s in /etc/passwd", esc(name_or_uid));
}

static bool id_from(const char *name, uint64_t *id)
{
	const char *value = secure_getenv(name);

	return value && unit_u64(value, UINT32_MAX - 1, id) == 0;
}

int pod_caller(struct pod_caller *c, struct err *e)
{
	uint64_t uid = getuid(), gid = getgid();
	char number[24];

	if (uid == 0 && id_from("SUDO_UID", &uid) && !id_from("SUDO_GID", &gid))
		gid = uid;
	snprintf(number, sizeof(number), "%llu", (unsigned long long)uid);
	if (pod_host_user(number, c, e) == 0)
		return 0;
	*e = (struct err){0};
	*c = (struct pod_caller){
		.uid = (uid_t)uid, .gid = (gid_t)gid, .home = "/", .shell = "/bin/sh"};
	snprintf(c->name, sizeof(c->name), "%s", number);
	return 0;
}

static int check_mode(int fd, const char *path, struct err *e)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_set(e, errno, "look at %s", path);
	if (st.st_uid == geteuid() && (st.st_mode & 077) == 0)
		return 0;
	return err_status(
		e, POD_EXIT_UNSUPPORTED, EPERM,
		"%s must belong to root with mode 0700, because pods keep files of agents "
		"in it; mend with: chown root %s && chmod 0700 %s",
		path, path, path);
}

static int open_private_dir(const char *path, struct err *e)
{
	OWN_FD int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r;

	if (fd < 0 && errno == ENOENT) {
		r = mkdir_p_at(AT_FDCWD, path, 0700);
		if (r < 0)
			return err_set(e, -r, "make %s", path);
		fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	if (fd < 0)
		return err_set(e, errno, "open %s", path);
	r = check_mode(fd, path, e);
	return r < 0 ? r : take_fd(&fd);
}

static int check_version(int fd, struct err *e)
{
	char text[32];
	uint64_t version = 0;
	int r = read_line_at(fd, "version", text, sizeof(text));

	if (r == -ENOENT) {
		snprintf(text, sizeof(text), "%d\n", POD_STATE_VERSION);
		r = write_file_at(fd, "version", text, strlen(text), 0600, true);
		return r < 0 ? err_set(e, -r, "write %s/version", pod_state_dir()) : 0;
	}
	if (r < 0)
		return err_set(e, -r, "read %s/version", pod_state_dir());
	if (unit_u64(text, UINT32_MAX, &version) == 0 && version == POD_STATE_VERSION)
		return 0;
	return err_status(
		e, POD_EXIT_CONFIG, ERR_PLAIN,
		"%s has state version '%s', this envpod knows version %d; install the envpod "
		"that made it, or point ENVPOD_STATE_DIR elsewhere",
		pod_state_dir(), esc(text), POD_STATE_VERSION);
}

/* Once a process: whoever opens a pod opens it several times. */
static int make_subdirs(int state, struct err *e)
{
	static const char *const subdirs[] = {"pods", "layers", "archive", "keys", "bases"};
	static bool made;

	for (size_t i = 0; i < sizeof(subdirs) / sizeof(subdirs[0]) && !made; i++)
		if (mkdirat(state, subdirs[i], 0700) < 0 && errno != EEXIST)
			return err_set(e, errno, "make %s/%s", pod_state_dir(), subdirs[i]);
	made = true;
	return 0;
}

int pod_state_open(struct err *e)
{
	OWN_FD int state = -1, run = -1;
	int r = pod_check_caller(e);

	if (r < 0)
		return r;
	state = open_private_dir(pod_state_dir(), e);
	if (state < 0)
		return state;
	run = open_private_dir(pod_run_dir(), e);
	if (run < 0)
		return run;
	r = make_subdirs(state, e);
	return r < 0 ? r : check_version(state, e);
}

int pod_open(struct pod *p, const char *name, struct err *e)
{
	int r = pod_check_name(name, e);

	if (r == 0)
		r = pod_state_open(e);
	if (r < 0)
		return r;
	snprintf(p->name, sizeof(p->name), "%s", name);
	p->path = xfmt("%s/pods/%s", pod_state_dir(), name);
	p->runpath = xfmt("%s/%s", pod_run_dir(), name);
	p->dir = open(p->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (p->dir < 0 && errno == ENOENT)
		return err_set(e, ERR_PLAIN, "there is no pod named %s (envpod ls lists them)",
			       name);
	if (p->dir < 0)
		return err_set(e, errno, "open %s", p->path);
	if (mkdir(p->runpath, 0700) < 0 && errno != EEXIST)
		return err_set(e, errno, "make %s", p->runpath);
	p->run = open(p->runpath, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (p->run < 0)
		return err_set(e, errno, "open %s", p->runpath);
	return 0;
}

void pod_finish(struct pod *p)
{
	own_close(&p->dir);
	own_close(&p->run);
	own_close(&p->lock);
	free(p->path);
	free(p->runpath);
	*p = (struct pod)POD_INIT;
}

static bool lock_within(int fd, int wait_ms)
{
	const struct timespec pause = {.tv_nsec = 2000000};

	for (int waited = 0;; waited += 2) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			return true;
		if (errno != EWOULDBLOCK && errno != EINTR)
			return false;
		if (waited >= wait_ms)
			return false;
		nanosleep(&pause, NULL);
	}
}

/* The descriptor of ENVPOD_LOCK_FD, if it is the same file as fd; else -1. */
static int passed_lock(int fd)
{
	const char *text = secure_getenv("ENVPOD_LOCK_FD");
	struct stat held, want;
	uint64_t n;

	if (!text || unit_u64(text, INT32_MAX, &n) < 0)
		return -1;
	if (fstat((int)n, &held) < 0 || fstat(fd, &want) < 0)
		return -1;
	return held.st_ino == want.st_ino && held.st_dev == want.st_dev ? (int)n : -1;
}

static int inherited_lock(int fd)
{
	int passed = passed_lock(fd);

	return passed < 0 ? -1 : fcntl(passed, F_DUPFD_CLOEXEC, 3);
}

int pod_lock_pass(const struct pod *p, struct err *e)
{
	int passed = passed_lock(p->lock);
	char text[16];

	/* One copy goes on: of another the next program would not know, and hold it for good. */
	if (passed >= 0 && passed != p->lock)
		fcntl(passed, F_SETFD, FD_CLOEXEC);
	snprintf(text, sizeof(text), "%d", p->lock);
	if (fcntl(p->lock, F_SETFD, 0) < 0 || setenv("ENVPOD_LOCK_FD", text, 1) < 0)
		return err_set(e, errno, "pass on the lock of pod %s", p->name);
	return 0;
}

int pod_lock(struct pod *p, int wait_ms, struct err *e)
{
	OWN_FD int fd = openat(p->run, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return err_set(e, errno, "open %s/lock", p->runpath);
	p->lock = inherited_lock(fd);
	if (p->lock >= 0)
		return 0;
	if (!lock_within(fd, wait_ms))
		return err_status(e, POD_EXIT_BUSY, ERR_PLAIN,
				  "pod %s: another envpod command is working on it; try again when "
				  "it is done",
				  p->name);
	p->lock = take_fd(&fd);
	return 0;
}

void pod_unlock(struct pod *p)
{
	own_close(&p->lock);
	p->lock = -1;
}

/* Field 22 of PID/stat; -ESRCH when there is no such process, or only what is left of one. */
static int start_time(pid_t pid, unsigned long long *start)
{
	char path[48], text[1024], *p;
	int r;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	r = read_line_at(AT_FDCWD, path, text, sizeof(text));
	if (r < 0)
		return r == -ENOENT ? -ESRCH : r;
	p = strrchr(text, ')'); /* the command name may hold anything, also ')' and blanks */
	if (!p || p[1] == '\0' || p[2] == 'Z' || p[2] == 'X')
		return -ESRCH;
	for (int field = 2; field < 22 && p; field++)
		p = strchr(p + 1, ' ');
	if (p)
		*start = strtoull(p, NULL, 10);
	return p ? 0 : -ESRCH;
}

unsigned long long pod_start_time(pid_t pid)
{
	unsigned long long start = 0;

	return start_time(pid, &start) < 0 ? 0 : start;
}

/* Marked by the init when nothing else lives in the pod; what is left of it are mounts. */
static bool has_ended(const struct pod *p)
{
	struct stat st;

	return fstatat(p->run, "runs", &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_size > 0;
}

/* 1 and *pid, 0 when nobody is named there. */
static int read_init(const struct pod *p, int *pid, unsigned long long *start)
{
	char text[64];
	int r = read_line_at(p->run, "init.pid", text, sizeof(text));

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	return sscanf(text, "%d %llu", pid, start) == 2 && *pid > 1;
}

/* A descriptor of the very process that began then; -ESRCH when it is gone. */
static int hold_process(int pid, unsigned long long start)
{
	OWN_FD int fd = (int)syscall(SYS_pidfd_open, pid, 0);
	unsigned long long now;
	int r = fd < 0 ? -errno : start_time(pid, &now);

	if (r < 0)
		return r == -EINVAL ? -ESRCH : r; /* EINVAL: a thread has that number now */
	return now == start ? take_fd(&fd) : -ESRCH;
}

/* 1 when it ended within that time, 0 when it did not. */
static int wait_gone(int fd, int ms)
{
	struct pollfd gone = {.fd = fd, .events = POLLIN};
	int r;

	do
		r = poll(&gone, 1, ms);
	while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : r;
}

pid_t pod_init_pid(const struct pod *p, int *pidfd, struct err *e)
{
	unsigned long long start;
	OWN_FD int fd = -1;
	int pid = 0, r = read_init(p, &pid, &start);

	if (r < 0)
		return err_set(e, -r, "read %s/init.pid", p->runpath);
	if (r == 0)
		return 0;
	r = fd = hold_process(pid, start);
	if (r >= 0)
		r = wait_gone(fd, has_ended(p) ? INIT_ENDS_MS : 0);
	if (r == -ESRCH || r > 0)
		return 0;
	if (r < 0)
		return err_set(e, -r, "look at process %d of pod %s", pid, p->name);
	if (pidfd)
		*pidfd = take_fd(&fd);
	return pid;
}

bool pod_may_live(const struct pod *p)
{
	struct err ignored = {0};

	return pod_init_pid(p, NULL, &ignored) != 0;
}

int pod_init_set(const struct pod *p, pid_t pid, struct err *e)
{
	OWN_FREE char *text = xfmt("%d %llu\n", (int)pid, pod_start_time(pid));
	int r = write_file_at(p->run, "init.pid", text, strlen(text), 0600, false);

	return r < 0 ? err_set(e, -r, "write %s/init.pid", p->runpath) : 0;
}

uid_t pod_map_out(uid_t inside, uid_t base, uid_t identity)
{
	if (inside >= 65536)
		return (uid_t)-1;
	return identity != 0 && inside == identity ? identity : base + inside;
}

uid_t pod_map_in(uid_t outside, uid_t base, uid_t identity)
{
	if (identity != 0 && outside == identity)
		return identity;
	if (outside < base || outside - base >= 65536 || (identity && outside - base == identity))
		return 65534;
	return outside - base;
}

char *pod_cover_name(const char *path)
{
	struct buf b = BUF_INIT;

	if (strcmp(path, "/") == 0)
		path = "";
	if (!*path)
		buf_char(&b, '_');
	for (; *path; path++) {
		if (*path == '/')
			buf_char(&b, '_');
		else if (*path == '_' || *path == '%')
			buf_fmt(&b, "%%%02X", *path);
		else
			buf_char(&b, *path);
	}
	return buf_take(&b);
}

char *pod_cover_path(const char *name)
{
	struct buf b = BUF_INIT;

	for (; *name; name++) {
		unsigned c = 0;

		if (*name == '_')
			buf_char(&b, '/');
		else if (*name == '%' && isxdigit((unsigned char)name[1]) &&
			 isxdigit((unsigned char)name[2]) && sscanf(name + 1, "%2x", &c) == 1 &&
			 c) {
			buf_char(&b, (char)c);
			name += 2;
		} else
			buf_char(&b, *name);
	}
	return buf_take(&b);
}
