/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of a run, shared by run, start, up and setup. */
#ifndef ENVPOD_RUN_H
#define ENVPOD_RUN_H

#include <stdbool.h>

#include "libcommon/buf.h"
#include "libcommon/opt.h"
#include "libcommon/plan.h"

struct run {
	const char *pod;
	const char *user;
	const char *workdir; /* -w: this directory is brought in and tracked */
	const char *status_fd, *ready_fd;
	struct strv env, without;
	bool foreground; /* with background: supervised, but we stay until it ends */
	bool root, background, mount_cwd, no_mount_cwd, unsafe;
	bool quiet;     /* say nothing of the start */
	bool setup;     /* setup commands: system directories are writable */
	char **command; /* NULL-terminated; NULL: the pod file's start_command */
};

/* The rows of the option table every run command has; ends the table itself. */
#define RUN_OPTS(r)                                                                               \
	{OPT_FLAG, 0, "root", &(r)->root, NULL, "run as root of the pod"},                        \
		{OPT_STR, 'u', "user", &(r)->user, "USER", "run as this user of the pod"},        \
		{OPT_LIST, 'e', "env", &(r)->env, "K=V", "set a variable; may be given again"},   \
		{OPT_LIST,      0,     "without",                                                 \
		 &(r)->without, "KEY", "run without this wall of the pod file"},                  \
	{                                                                                         \
		OPT_FLAG, 0, "unsafe", &(r)->unsafe, NULL, "accept what bypasses review or walls" \
	}

void run_finish(struct run *r);

/* Compose `pod-mount enter … -- pod-exec … -- command`, in the background below pod-supervise. */
int run_compose(struct strv *argv, const struct run *r, struct err *e);

/* The start command of the pod file, else fallback (NULL-terminated list of words). */
void run_default(struct strv *command, const struct plan *pl, const char *const *fallback);

/* Say on stderr what a run with these options goes without or lets past review. */
void run_announce(const struct run *r, const struct plan *pl);

#endif
