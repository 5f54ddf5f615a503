/* SPDX-License-Identifier: Apache-2.0 */
/* A running injector gets what changed, and says when it goes by it. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/io.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/say.h"
#include "tools/pod-vault/cmds.h"
#include "tools/pod-vault/feed.h"

#define ANSWER_S 10

/* The injector's socket; -ENOENT: none runs. */
static int reach(const struct pod *p, struct err *e)
{
	const struct timeval patience = {ANSWER_S, 0};
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	OWN_FD int dir = openat(p->run, "net", O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	OWN_FD int fd = -1;

	if (dir < 0)
		return -ENOENT;
	/* By way of the descriptor: the path of a run directory may be too long for a socket's. */
	snprintf(to.sun_path, sizeof(to.sun_path), "/proc/self/fd/%d/feed", dir);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_set(e, errno, "make a socket");
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0)
		return take_fd(&fd);
	if (errno == ENOENT || errno == ECONNREFUSED)
		return -ENOENT;
	return err_set(e, errno, "reach the injector of pod %s", p->name);
}

static int refused(const struct pod *p, struct err *e)
{
	return err_set(e, ERR_PLAIN,
		       "pod %s: the injector did not take the change: it may still go by what was "
		       "before (envpod stop %s ends it)",
		       p->name, p->name);
}

static int give(const struct pod *p, int fd, struct err *e)
{
	char answer[4] = "";
	int r = feed_write(fd, p->name, e);
	ssize_t n;

	if (r < 0)
		return r;
	if (shutdown(fd, SHUT_WR) < 0)
		return refused(p, e);
	n = read_full(fd, answer, 3);
	return n == 3 && strcmp(answer, "ok\n") == 0 ? 0 : refused(p, e);
}

int push_pod(const char *pod, struct err *e)
{
	OWN(pod_finish) struct pod p = POD_INIT;
	OWN_FD int fd = -1;
	int r = pod_open(&p, pod, e);

	if (r < 0)
		return r;
	fd = reach(&p, e);
	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	return give(&p, fd, e);
}

/* All that run; the first that fails is told, the others get theirs. */
static int push_all(struct err *e)
{
	OWN_DIR DIR *d = opendir(pod_run_dir());
	struct dirent *ent;
	int worst = 0;

	while (d && (ent = readdir(d))) {
		OWN_FREE char *path = xfmt("%s/%s/net/feed", pod_run_dir(), ent->d_name);
		struct err why = {0};

		if (ent->d_name[0] == '.' || access(path, F_OK) < 0 ||
		    push_pod(ent->d_name, &why) == 0)
			continue;
		if (worst == 0)
			*e = why;
		worst = -EINVAL;
	}
	return worst;
}

int push_target(const struct target *t, struct err *e)
{
	return t && !t->shared ? push_pod(t->name, e) : push_all(e);
}

int cmd_push(int argc, char **argv)
{
	const struct opt opts[] = {{0}};
	const struct opt_usage usage = {
		"pod-vault push [POD]",
		"Give running injectors their secrets anew; every change does it by itself.", 0, 1,
		0};
	struct err e = {0};
	int n = opt_parse(opts, &usage, argc, argv);
	int r = pod_check_caller(&e);

	if (r == 0)
		r = n ? push_pod(argv[0], &e) : push_all(&e);
	return r < 0 ? say_err(&e) : POD_EXIT_OK;
}
