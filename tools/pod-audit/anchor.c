/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-audit/anchor.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "libcommon/clock.h"
#include "libcommon/hostprog.h"
#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/path.h"

#define SYSLOG   "/dev/log"
#define LOCK_MS  5000
#define PRIORITY (10 << 3 | 5) /* authpriv.notice */

/* Others append in a moment; who keeps the lock for longer is none of us. */
static int lock(int fd)
{
	const struct timespec pause = {.tv_nsec = 50 * 1000 * 1000};
	const int64_t until = clock_ms() + LOCK_MS;

	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return -errno;
		if (clock_ms() >= until)
			return -EWOULDBLOCK;
		nanosleep(&pause, NULL);
	}
	return 0;
}

/* An empty line stands between notes; what a full disk has torn is ended first. */
static int append(int fd, const struct note *n)
{
	OWN_BUF struct buf b = BUF_INIT;
	struct stat st;
	int r;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	r = lock(fd);
	if (r < 0)
		return r;
	buf_str(&b, lseek(fd, 0, SEEK_END) > 0 ? "\n" : "");
	note_write(n, &b);
	if (write_full(fd, b.data, b.len) < 0 || fsync(fd) < 0)
		return -errno;
	return 0;
}

static int send_file(const char *path, const struct note *n, const struct plan *plan, struct err *e)
{
	OWN_FD int fd = open(
		path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY,
		0644);
	int r = fd < 0 ? -errno : append(fd, n);

	(void)plan;
	if (r == -EWOULDBLOCK)
		return err_set(e, ERR_PLAIN,
			       "append a checkpoint to %s: somebody holds a lock on it (lslocks "
			       "says who)",
			       esc(path));
	return r < 0 ? err_set(e, -r, "append a checkpoint to %s", esc(path)) : 0;
}

/* As the pod's owner: root's own rights are no anchor's business. */
static int send_command(const char *words, const struct note *n, const struct plan *plan,
			struct err *e)
{
	OWN_STRV struct strv argv = {0};
	OWN_BUF struct buf b = BUF_INIT;
	int r;

	for (const char *p = words; *(p += strspn(p, " ")); p += strcspn(p, " "))
		strv_fmt(&argv, "%.*s", (int)strcspn(p, " "), p);
	if (argv.n == 0)
		return err_set(e, ERR_PLAIN, "the anchor 'command:' names no program");
	note_write(n, &b);
	r = hostprog_run(&(struct hostprog){"anchor", &argv, ANCHOR_S}, plan, &b, e);
	if (r > 0)
		return err_set(e, ERR_PLAIN, "%s ended with status %d%s", esc(argv.v[0]), r,
			       r == HOSTPROG_LATE ? ": its time was over" : "");
	return r;
}

static int send_syslog(const char *path, const struct note *n, const struct plan *plan,
		       struct err *e)
{
	OWN_FD int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	OWN_BUF struct buf b = BUF_INIT;

	(void)plan;
	if (snprintf(to.sun_path, sizeof(to.sun_path), "%s", *path ? path : SYSLOG) >=
	    (int)sizeof(to.sun_path))
		return err_set(e, ENAMETOOLONG, "reach the system's log %s", esc(path));
	buf_fmt(&b, "<%d>envpod: ", PRIORITY);
	note_write_line(n, &b);
	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0 ||
	    send(fd, b.data, b.len, MSG_NOSIGNAL) < 0)
		return err_set(e, errno, "send a checkpoint to the system's log %s",
			       esc(to.sun_path));
	return 0;
}

static const struct {
	const char *word;
	int (*send)(const char *rest, const struct note *n, const struct plan *plan, struct err *e);
} kinds[] = {
	{"file:", send_file},
	{"command:", send_command},
	{"syslog:", send_syslog},
	{"syslog", send_syslog},
};

int anchor_send(const char *anchor, const struct note *n, const struct plan *plan, struct err *e)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		size_t len = strlen(kinds[i].word);

		if (strncmp(anchor, kinds[i].word, len) == 0)
			return kinds[i].send(anchor + len, n, plan, e);
	}
	return err_set(e, ERR_PLAIN, "'%s' is no anchor", esc(anchor));
}
