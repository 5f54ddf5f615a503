/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/envpod/govern.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/budget.h"
#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/say.h"
#include "libcommon/wall.h"
#include "tools/envpod/front.h"
#include "tools/envpod/network.h"

#define SET "--set", "govern"

static bool has_entries(const struct pod *p, const char *path)
{
	int fd = openat(p->dir, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	OWN_DIR DIR *d = fd < 0 ? NULL : fdopendir(fd);
	const char *name;

	if (!d)
		own_close(&fd);
	return d && dir_next(d, &name) > 0;
}

/* What was asked for and not done yet is done whoever runs the pod next, and why. */
static bool is_wanted(const struct pod *p, const struct plan *pl)
{
	return plan_is(pl, "govern", "yes") ||
	       faccessat(p->dir, "policy/monitor.json", F_OK, AT_SYMLINK_NOFOLLOW) == 0 ||
	       has_entries(p, "queue/new") || has_entries(p, "queue/delayed") ||
	       has_entries(p, "queue/staged") || has_entries(p, "queue/running");
}

static bool stands(const struct pod *p)
{
	OWN_FD int dir = openat(p->run, "govern", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	const struct pod set = {.run = dir};

	return dir >= 0 && wall_keeper(&set, NULL) > 0;
}

/* A budget that was set after they were started. */
static bool meter_rests(const struct pod *p, const struct plan *pl)
{
	OWN_BUF struct buf b = BUF_INIT;
	struct err none = {0};
	struct budgets budgets;
	char *line;

	if (budgets_load(&budgets, p, pl, &none) < 0 || !budgets_any(&budgets) ||
	    read_file_at(p->run, "govern/services.state", &b, 1u << 16) < 0)
		return false;
	line = strstr(b.data, "budget ");
	if (!line)
		return false;
	line[strcspn(line, "\n")] = '\0';
	return strstr(line, " resting") != NULL;
}

static int helpers(const char *word, const struct pod *p)
{
	OWN_STRV struct strv line = {0};

	front_words(&line, "pod-supervise", "helpers", SET, word, p->name, NULL);
	return front_run(&line);
}

/* A budget first: who is frozen for it would be so again. */
int govern_allows(const struct pod *p, const struct plan *pl, const char *status_fd)
{
	struct err e = {0};

	if (front_print || budgets_check(p, pl, &e) == 0)
		return front_check_thawed(p);
	network_tell(status_fd, err_exit(&e), e.msg);
	return say_err(&e);
}

int govern_up(const struct pod *p, const struct plan *pl, const char *status_fd)
{
	int status;

	if (!is_wanted(p, pl))
		return POD_EXIT_OK;
	if (!front_print && stands(p))
		return meter_rests(p, pl) ? helpers("wake", p) : POD_EXIT_OK;
	status = helpers("start", p);
	if (status)
		network_tell(status_fd, status, "what governs the pod could not be started");
	return status ? POD_EXIT_BEFORE_RUN : POD_EXIT_OK;
}

int govern_wake(const struct pod *p)
{
	return helpers(stands(p) ? "wake" : "start", p);
}

int govern_down(const struct pod *p)
{
	return faccessat(p->run, "govern", F_OK, AT_SYMLINK_NOFOLLOW) < 0 ? POD_EXIT_OK
									  : helpers("stop", p);
}

/* A pod by its run directory alone: it may have no other any more. */
static bool is_left(const char *name)
{
	OWN_FREE char *files = xfmt("%s/pods/%s/created", pod_state_dir(), name);
	OWN_FREE char *state = xfmt("%s/%s/govern/services.state", pod_run_dir(), name);
	OWN(pod_finish) struct pod p = POD_INIT;
	struct err ignored = {0};

	if (pod_check_name(name, &ignored) < 0 || access(state, F_OK) < 0)
		return false;
	if (access(files, F_OK) < 0)
		return errno == ENOENT;
	return pod_open(&p, name, &ignored) == 0 && !stands(&p) &&
	       pod_init_pid(&p, NULL, &ignored) == 0;
}

int govern_gc(bool dry, unsigned *n)
{
	OWN_DIR DIR *d = opendir(pod_run_dir());
	int status = POD_EXIT_OK;
	const char *name;

	*n = 0;
	while (d && dir_next(d, &name) > 0 && status == POD_EXIT_OK) {
		struct pod p = POD_INIT;

		if (!is_left(name))
			continue;
		++*n;
		snprintf(p.name, sizeof(p.name), "%s", name);
		status = dry ? POD_EXIT_OK : helpers("stop", &p);
	}
	return status;
}
