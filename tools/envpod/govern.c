/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/envpod/govern.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/budget.h"
#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/say.h"
#include "tools/envpod/front.h"
#include "tools/envpod/helpers.h"
#include "tools/envpod/network.h"

#define SET "govern"

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
	if (!front_print && helpers_stand(p, SET))
		return meter_rests(p, pl) ? helpers_run(p, SET, "wake") : POD_EXIT_OK;
	status = helpers_run(p, SET, "start");
	if (status)
		network_tell(status_fd, status, "what governs the pod could not be started");
	return status ? POD_EXIT_BEFORE_RUN : POD_EXIT_OK;
}

int govern_wake(const struct pod *p)
{
	return helpers_run(p, SET, helpers_stand(p, SET) ? "wake" : "start");
}
