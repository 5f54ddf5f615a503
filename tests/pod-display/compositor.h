/* SPDX-License-Identifier: Apache-2.0 */
/* A headless sway of the test's own.  It refuses to be root's, so it is nobody's in particular. */
#ifndef TESTS_POD_DISPLAY_COMPOSITOR_H
#define TESTS_POD_DISPLAY_COMPOSITOR_H

#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define COMPOSITOR_UID 64321

struct compositor {
	pid_t pid;
	char dir[64], socket[96];
};

static inline void compositor_exec(const struct compositor *c, const char *config)
{
	char runtime[96];
	char *const env[] = {"PATH=/usr/bin:/bin",        "LC_ALL=C.UTF-8",
			     "WLR_BACKENDS=headless",     "WLR_RENDERER=pixman",
			     "HOME=/nonexistent",         runtime,
			     "WLR_LIBINPUT_NO_DEVICES=1", NULL};
	int null = open("/dev/null", O_RDWR);

	snprintf(runtime, sizeof(runtime), "XDG_RUNTIME_DIR=%s", c->dir);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(null, 1);
	dup2(null, 2);
	if (getuid() == 0 &&
	    (setgroups(0, NULL) < 0 || setgid(COMPOSITOR_UID) < 0 || setuid(COMPOSITOR_UID) < 0))
		_exit(126);
	prctl(PR_SET_PDEATHSIG, SIGKILL); /* a change of ids forgets it */
	execle("/usr/bin/sway", "sway", "-c", config, (char *)NULL, env);
	_exit(127);
}

/* False: it did not come up. */
static inline bool compositor_start(struct compositor *c)
{
	char config[96];
	FILE *f;

	strcpy(c->dir, "/tmp/envpod-sway.XXXXXX");
	if (!mkdtemp(c->dir))
		return false;
	snprintf(config, sizeof(config), "%s/config", c->dir);
	snprintf(c->socket, sizeof(c->socket), "%s/wayland-1", c->dir);
	f = fopen(config, "w");
	if (!f)
		return false;
	fputs("output HEADLESS-1 resolution 640x480 position 0,0\n"
	      "output * bg #204060 solid_color\n",
	      f);
	fclose(f);
	if (getuid() == 0 &&
	    (chown(c->dir, COMPOSITOR_UID, COMPOSITOR_UID) < 0 || chmod(config, 0644) < 0))
		return false;
	c->pid = fork();
	if (c->pid == 0)
		compositor_exec(c, config);
	for (int i = 0; i < 1000 && access(c->socket, F_OK) < 0; i++)
		usleep(10000);
	return access(c->socket, F_OK) == 0;
}

static inline void compositor_stop(struct compositor *c)
{
	char command[128];

	if (c->pid > 0) {
		kill(c->pid, SIGKILL);
		waitpid(c->pid, NULL, 0);
	}
	c->pid = 0;
	if (strncmp(c->dir, "/tmp/envpod-sway.", 17) != 0)
		return;
	snprintf(command, sizeof(command), "rm -rf %s", c->dir);
	if (system(command) != 0)
		perror("rm");
	c->dir[0] = '\0';
}

#endif
