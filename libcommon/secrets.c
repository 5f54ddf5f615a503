/* SPDX-License-Identifier: Apache-2.0 */
#include "libcommon/secrets.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "libcommon/buf.h"
#include "libcommon/own.h"
#include "libcommon/spawn.h"

/* Twice what pod-vault env writes at most: nobody reads meanwhile. */
#define PIPE_SIZE (256 * 1024)

/* Its values pass from kernel memory to the command's process; none of the tools between sees one.
 */
int secrets_open(const char *pod, const char *command, int *fd, struct err *e)
{
	OWN_STRV struct strv line = {0};
	OWN_FD int in = -1, out = -1;
	int ends[2], status;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_set(e, errno, "make a pipe");
	in = ends[0];
	out = ends[1];
	strv_add(&line, "pod-vault");
	strv_add(&line, "env");
	if (command) {
		strv_add(&line, "--command");
		strv_add(&line, command);
	}
	strv_add(&line, pod);
	fcntl(out, F_SETPIPE_SZ, PIPE_SIZE); /* where it fails, pod-vault says so */
	status = spawn_wait(line.v, &(struct spawn_io){.in = -1, .out = out, .err = -1}, e);
	if (status == 0)
		*fd = take_fd(&in);
	return status;
}

int secrets_pass_fd(int fd, struct err *e)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", fd);
	if (fcntl(fd, F_SETFD, 0) < 0 || setenv("ENVPOD_SECRETS_FD", text, 1) < 0)
		return err_set(e, errno, "pass on the secrets of the run");
	return 0;
}
