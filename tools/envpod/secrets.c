/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/envpod/secrets.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/own.h"
#include "libcommon/say.h"
#include "libcommon/spawn.h"
#include "tools/envpod/front.h"
#include "tools/envpod/network.h"

/* Twice what pod-vault env writes at most: nobody reads meanwhile. */
#define PIPE_SIZE (256 * 1024)

static int failed(const struct run *r, int status)
{
	network_tell(r->status_fd, status, "the secrets of the run could not be had");
	return POD_EXIT_BEFORE_RUN;
}

/* Its values pass from kernel memory to the command's process; none of the tools between sees one.
 */
static int fill(const struct strv *line, int ends[2])
{
	struct spawn_io io = {.in = -1, .out = ends[1], .err = -1};
	struct err e = {0};
	int status;

	fcntl(ends[1], F_SETPIPE_SZ, PIPE_SIZE); /* where it fails, pod-vault says so */
	status = spawn_wait(line->v, &io, &e);
	return status < 0 ? say_err(&e) : status;
}

int secrets_pass(const struct run *r, const struct plan *pl, int *fd)
{
	OWN_STRV struct strv line = {0};
	OWN_FD int in = -1, out = -1;
	char text[16];
	int ends[2], status;

	*fd = -1;
	unsetenv("ENVPOD_SECRETS_FD");
	if (!plan_str(pl, "vault.env", NULL) || r->setup || strv_has(&r->without, "vault.env") ||
	    strv_has(&r->without, "vault"))
		return POD_EXIT_OK;
	front_words(&line, "pod-vault", "env", NULL);
	if (r->command && r->command[0])
		front_words(&line, "--command", r->command[0], NULL);
	strv_add(&line, r->pod);
	if (front_print)
		return front_run(&line);
	if (pipe2(ends, O_CLOEXEC) < 0)
		return failed(r, POD_EXIT_FAILED);
	in = ends[0];
	out = ends[1];
	status = fill(&line, ends);
	if (status)
		return failed(r, status);
	snprintf(text, sizeof(text), "%d", in);
	if (fcntl(in, F_SETFD, 0) < 0 || setenv("ENVPOD_SECRETS_FD", text, 1) < 0)
		return failed(r, POD_EXIT_FAILED);
	*fd = take_fd(&in);
	return POD_EXIT_OK;
}
