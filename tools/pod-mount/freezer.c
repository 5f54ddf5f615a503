/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-mount/freezer.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <unistd.h>

#include "libcommon/cgroup_tree.h"
#include "libcommon/own.h"
#include "libcommon/spawn.h"

static bool is_frozen(const struct pod *p)
{
	OWN_CGTREE struct cgtree t = CGTREE_INIT;
	OWN_FD int app = -1;
	struct err ignore = {0};

	if (cgtree_open(&t, p->name, &ignore) < 0 || t.pod2 < 0)
		return false;
	app = openat(t.pod2, "app", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return app >= 0 && cgroup_stat(app, "cgroup.events", "frozen", 0);
}

static void wait_and_thaw(int fd, const char *pod, const char *part)
{
	static const int deaf[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE};
	char *argv[] = {(char *)"pod-limit",
			(char *)"thaw",
			(char *)"--no-undo",
			(char *)"--part",
			(char *)part,
			(char *)pod,
			NULL};
	struct err e = {0};
	char c;

	for (size_t i = 0; i < sizeof(deaf) / sizeof(deaf[0]); i++)
		signal(deaf[i], SIG_IGN);
	while (read(fd, &c, 1) < 0 && errno == EINTR)
		;
	spawn_exec(argv, &e);
	_exit(125);
}

static int freezer_guard(struct freezer *f, const char *pod, const char *part, struct err *e)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_set(e, errno, "make a pipe");
	f->pid = fork();
	if (f->pid == 0) {
		close(ends[1]);
		wait_and_thaw(ends[0], pod, part);
	}
	close(ends[0]);
	f->pipe = ends[1];
	return f->pid < 0 ? err_set(e, errno, "fork") : 0;
}

int freezer_start(struct freezer *f, const struct pod *p, struct err *e)
{
	const char *part = is_frozen(p) ? "guardian" : "all";
	char *argv[] = {(char *)"pod-limit",
			(char *)"freeze",
			(char *)"--no-undo",
			(char *)"--part",
			(char *)part,
			(char *)p->name,
			NULL};
	int r;

	*f = (struct freezer){.pipe = -1};
	r = freezer_guard(f, p->name, part, e);
	if (r == 0)
		r = spawn_wait(argv, NULL, e);
	if (r > 0)
		return err_status(e, r, ERR_PLAIN, "freeze pod %s, to copy what it writes",
				  p->name);
	return r;
}

int freezer_end(struct freezer *f, const struct pod *p, struct err *e)
{
	int r;

	own_close(&f->pipe);
	f->pipe = -1;
	if (f->pid <= 0)
		return 0;
	r = spawn_reap(f->pid);
	f->pid = 0;
	return r ? err_set(e, ERR_PLAIN, "thaw pod %s (envpod unlock %s does it)", p->name, p->name)
		 : 0;
}
