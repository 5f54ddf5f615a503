/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-exec/beside.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/say.h"

void beside_begin(struct ask *ask)
{
	if (ask->listen_fd != UINT64_MAX && !ask->beside)
		die(POD_EXIT_USAGE, "--listen-fd needs --beside");
	if (!ask->beside)
		return;
	if (strcmp(ask->beside, "guardian") != 0 && strcmp(ask->beside, "app") != 0)
		die(POD_EXIT_USAGE, "--beside %s: want guardian or app", ask->beside);
	if (ask->apart || ask->root || ask->user || ask->exec_fd != UINT64_MAX ||
	    ask->keep_fd != UINT64_MAX)
		die(POD_EXIT_USAGE, "--beside is of the pod's own user and programs: not with "
				    "--apart, --root, --user, --exec-fd or --keep-fd");
	ask->probe = true;
	ask->tty = "never";
	/* the command's own death signal (command_bind()) makes it end with us */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		die(POD_EXIT_BEFORE_RUN, "bind the service to who starts it");
}

static bool is_option(int fd, int name, int want)
{
	int value = -1;
	socklen_t len = sizeof(value);

	return getsockopt(fd, SOL_SOCKET, name, &value, &len) == 0 && value == want;
}

/* A connection would lead to whoever holds its other end; a directory out of the view. */
int beside_socket(struct run *r, struct err *e)
{
	uint64_t fd = r->ask->listen_fd;

	if (fd == UINT64_MAX)
		return 0;
	if (fd < 3 || fd > INT32_MAX || fcntl((int)fd, F_SETFD, FD_CLOEXEC) < 0)
		return err_status(e, POD_EXIT_USAGE, EBADF, "--listen-fd %llu",
				  (unsigned long long)fd);
	if (!is_option((int)fd, SO_DOMAIN, AF_UNIX) || !is_option((int)fd, SO_TYPE, SOCK_STREAM) ||
	    !is_option((int)fd, SO_ACCEPTCONN, 1))
		return err_status(e, POD_EXIT_USAGE, ERR_PLAIN,
				  "--listen-fd %llu: no listening Unix stream socket",
				  (unsigned long long)fd);
	r->listen = (int)fd;
	return 0;
}

bool beside_guards(const struct ask *ask)
{
	return ask->beside && strcmp(ask->beside, "guardian") == 0;
}

/* The last word of its path; of another one what systemd says there. */
static void name_of(int fd, char name[108])
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz0123456789-";
	struct sockaddr_un at = {0};
	socklen_t len = sizeof(at);
	const char *slash = NULL;

	if (getsockname(fd, (struct sockaddr *)&at, &len) == 0 && len < sizeof(at))
		slash = strrchr(at.sun_path, '/');
	if (!slash || !slash[1] || slash[1 + strspn(slash + 1, plain)] != '\0')
		slash = "/unknown";
	snprintf(name, 108, "%s", slash + 1);
}

static int move_up(int *fd)
{
	int up;

	if (*fd != BESIDE_FD)
		return 0;
	up = fcntl(*fd, F_DUPFD_CLOEXEC, BESIDE_FD + 1);
	if (up < 0)
		return -errno;
	*fd = up;
	return 0;
}

int beside_place(const struct run *r, int *fail, int *bpf, struct strv *env)
{
	char name[108];

	if (r->listen < 0)
		return 0;
	if (move_up(fail) < 0 || move_up(bpf) < 0)
		return -EMFILE;
	if (r->listen != BESIDE_FD && dup2(r->listen, BESIDE_FD) < 0)
		return -errno;
	if (fcntl(BESIDE_FD, F_SETFD, 0) < 0)
		return -errno;
	name_of(BESIDE_FD, name);
	strv_fmt(env, "LISTEN_FDS=1");
	strv_fmt(env, "LISTEN_PID=%d", (int)getpid());
	strv_fmt(env, "LISTEN_FDNAMES=%s", name);
	return 0;
}
