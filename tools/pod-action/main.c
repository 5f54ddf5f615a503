/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pod-action: the executor of file and git actions.  It runs inside a pod, as the pod's user, and
 * knows nothing of envpod: a request comes by standard input, an answer goes out, and what
 * reversing needs lies in descriptor 3 (envpod-actions(5)).
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/io.h"
#include "libcommon/opt.h"
#include "libcommon/path.h"
#include "libcommon/say.h"
#include "tools/pod-action/acts.h"

static const struct {
	const char *name;
	act_fn run, undo;
} types[] = {
	{"file_create", act_file_create, undo_file},  {"file_write", act_file_write, undo_file},
	{"file_copy", act_file_copy, undo_file},      {"file_delete", act_file_delete, undo_file},
	{"file_move", act_file_move, undo_file},      {"dir_create", act_dir_create, undo_file},
	{"dir_delete", act_dir_delete, undo_file},    {"git_commit", act_git_commit, undo_git},
	{"git_push", act_git_push, undo_git},         {"git_pull", act_git_pull, undo_git},
	{"git_checkout", act_git_checkout, undo_git}, {"git_branch", act_git_branch, undo_git},
	{"git_tag", act_git_tag, undo_git},
};

static int run(const struct request *q, struct reply *y, struct err *e)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(types[i].name, q->type) == 0)
			return (q->undo ? types[i].undo : types[i].run)(q, y, e);
	return err_set(e, ERR_PLAIN, "%s is no type of this executor", esc(q->type));
}

/* Descriptor 3 is for pre-images, or nothing's: a file of ours must not take its number. */
static void reserve(void)
{
	if (fcntl(3, F_SETFD, FD_CLOEXEC) < 0)
		fcntl(open("/dev/null", O_RDWR | O_CLOEXEC), F_DUPFD_CLOEXEC, 3);
}

int main(int argc, char **argv)
{
	const struct opt opts[] = {{0}};
	const struct opt_usage usage = {"pod-action [TYPE] < REQUEST",
					"Execute an action, or take it back, as a request says.", 0,
					1, 0};

	say_name("pod-action");
	opt_parse(opts, &usage, argc, argv);
	umask(022);
	setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", 1);
	reserve();
	return reply_serve(run);
}
