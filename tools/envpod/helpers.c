/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/envpod/helpers.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/wall.h"
#include "tools/envpod/front.h"

bool helpers_stand(const struct pod *p, const char *set)
{
	OWN_FD int dir = openat(p->run, set, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	const struct pod there = {.run = dir};

	return dir >= 0 && wall_keeper(&there, NULL) > 0;
}

int helpers_run(const struct pod *p, const char *set, const char *word)
{
	OWN_STRV struct strv line = {0};

	front_words(&line, "pod-supervise", "helpers", "--set", set, word, p->name, NULL);
	return front_run(&line);
}

int helpers_down(const struct pod *p, const char *set)
{
	return faccessat(p->run, set, F_OK, AT_SYMLINK_NOFOLLOW) < 0 ? POD_EXIT_OK
								     : helpers_run(p, set, "stop");
}

/* A pod by its run directory alone: it may have no other any more. */
static bool is_left(const char *name, const char *set)
{
	OWN_FREE char *files = xfmt("%s/pods/%s/created", pod_state_dir(), name);
	OWN_FREE char *state = xfmt("%s/%s/%s/services.state", pod_run_dir(), name, set);
	OWN(pod_finish) struct pod p = POD_INIT;
	struct err ignored = {0};

	if (pod_check_name(name, &ignored) < 0 || access(state, F_OK) < 0)
		return false;
	if (access(files, F_OK) < 0)
		return errno == ENOENT;
	return pod_open(&p, name, &ignored) == 0 && !helpers_stand(&p, set) &&
	       pod_init_pid(&p, NULL, &ignored) == 0;
}

int helpers_gc(const char *set, bool dry, unsigned *n)
{
	OWN_DIR DIR *d = opendir(pod_run_dir());
	int status = POD_EXIT_OK;
	const char *name;

	*n = 0;
	while (d && dir_next(d, &name) > 0 && status == POD_EXIT_OK) {
		struct pod p = POD_INIT;

		if (!is_left(name, set))
			continue;
		++*n;
		snprintf(p.name, sizeof(p.name), "%s", name);
		status = dry ? POD_EXIT_OK : helpers_run(&p, set, "stop");
	}
	return status;
}
