/* SPDX-License-Identifier: Apache-2.0 */
/*
 * envpod up: the pod of this directory.  Its name lies in .envpod/pod-name, which belongs to the
 * person who asked, not to root.
 */
#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/say.h"
#include "tools/envpod/desktop.h"
#include "tools/envpod/destroy.h"
#include "tools/envpod/front.h"
#include "tools/envpod/govern.h"
#include "tools/envpod/init.h"
#include "tools/envpod/network.h"
#include "tools/envpod/run.h"
#include "tools/envpod/secrets.h"

static bool pod_exists(const char *name)
{
	OWN_FREE char *path = xfmt("%s/pods/%s/created", pod_state_dir(), name);

	return access(path, F_OK) == 0;
}

/* The directory's name as a pod name: lower case, everything else a '-'. */
static void clean_name(const char *cwd, char out[POD_NAME_MAX + 1])
{
	const char *base = strrchr(cwd, '/') ? strrchr(cwd, '/') + 1 : cwd;
	size_t n = 0;

	for (; *base && n < POD_NAME_MAX - 5; base++) {
		char c = (char)tolower((unsigned char)*base);

		if (isalnum((unsigned char)c) || (n > 0 && strchr("._-", c)))
			out[n++] = c;
		else if (n > 0)
			out[n++] = '-';
	}
	out[n] = '\0';
	if (n == 0)
		snprintf(out, POD_NAME_MAX + 1, "pod");
}

/* --name, else .envpod/pod-name, else the directory's name with a number when it is taken. */
static int choose_name(const char *given, const char *cwd, char out[POD_NAME_MAX + 1])
{
	char clean[POD_NAME_MAX + 1];

	if (given)
		return snprintf(out, POD_NAME_MAX + 1, "%s", given) > POD_NAME_MAX ? -EINVAL : 0;
	if (read_line_at(AT_FDCWD, ".envpod/pod-name", out, POD_NAME_MAX + 1) == 0)
		return 0;
	clean_name(cwd, clean);
	snprintf(out, POD_NAME_MAX + 1, "%s", clean);
	for (unsigned i = 0, digits; pod_exists(out) && i < 100; i++) {
		if (getentropy(&digits, sizeof(digits)) < 0)
			return -errno;
		snprintf(out, POD_NAME_MAX + 1, "%.58s-%04u", clean, digits % 10000);
	}
	return pod_exists(out) ? -EEXIST : 0;
}

/* A .gitignore that is there already learns about .envpod/; none is made. */
static int ignore_in_git(void)
{
	OWN_BUF struct buf b = BUF_INIT;
	OWN_FD int fd = open(".gitignore", O_RDWR | O_APPEND | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	if (read_fd(fd, &b, 1u << 20) < 0)
		return 0;
	if (strncmp(b.data, ".envpod/", 8) == 0 || strstr(b.data, "\n.envpod/"))
		return 0;
	if (b.len > 0 && b.data[b.len - 1] != '\n' && write_full(fd, "\n", 1) < 0)
		return -errno;
	return write_full(fd, ".envpod/\n", 9);
}

static int remember_name(const char *name)
{
	OWN_FD int dir = -1;
	OWN_FREE char *line = xfmt("%s\n", name);
	struct pod_caller who;
	struct err e = {0};
	int r;

	if (pod_caller(&who, &e) < 0)
		return say_err(&e);
	if (mkdir(".envpod", 0755) < 0 && errno != EEXIST)
		return say_err((err_set(&e, errno, "make .envpod"), &e));
	dir = open(".envpod", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	r = dir < 0 ? -errno : write_file_at(dir, "pod-name", line, strlen(line), 0644, false);
	if (r == 0 && (fchown(dir, who.uid, who.gid) < 0 ||
		       fchownat(dir, "pod-name", who.uid, who.gid, AT_SYMLINK_NOFOLLOW) < 0))
		r = -errno;
	if (r == 0)
		r = ignore_in_git();
	return r < 0 ? say_err((err_set(&e, -r, "write .envpod/pod-name"), &e)) : POD_EXIT_OK;
}

static const char *find_file(const char *given)
{
	static const char *const usual[] = {"envpod.yaml", "pod.yaml"};

	for (size_t i = 0; !given && i < 2; i++)
		if (access(usual[i], R_OK) == 0)
			given = usual[i];
	return given;
}

/* start_command, but a shell where that only waits. */
static void default_command(struct strv *command, const char *name)
{
	static const char *const shell[] = {"/bin/bash", NULL};
	OWN(pod_finish) struct pod p = POD_INIT;
	OWN_PLAN struct plan pl = {0};
	struct err e = {0};

	if (pod_open(&p, name, &e) == 0 && plan_open(&pl, &p, &e) == 0)
		run_default(command, &pl, shell);
	if (command->n == 2 && strcmp(command->v[0], "sleep") == 0 &&
	    strcmp(command->v[1], "infinity") == 0) {
		strv_finish(command);
		strv_add(command, shell[0]);
	}
}

static int make_it(const char *name, const char *file, bool reinit, bool verbose)
{
	int status = POD_EXIT_OK;

	if (pod_exists(name) && !reinit)
		return POD_EXIT_OK;
	if (pod_exists(name))
		status = destroy_pod(name, true);
	if (status == 0)
		status = init_pod(name, find_file(file), verbose);
	return status ? status : remember_name(name);
}

/* Network and secrets, as a run needs them. */
static int provide(const struct run *r, int *secrets)
{
	OWN(pod_finish) struct pod p = POD_INIT;
	OWN_PLAN struct plan pl = {0};
	struct err e = {0};

	int status;

	if (pod_open(&p, r->pod, &e) < 0 || plan_open(&pl, &p, &e) < 0)
		return say_err(&e);
	status = govern_allows(&p, &pl, NULL);
	if (status == POD_EXIT_OK)
		status = network_up(&p, &pl, NULL);
	if (status == POD_EXIT_OK)
		status = govern_up(&p, &pl, NULL);
	if (status == POD_EXIT_OK)
		status = desktop_up(&p, &pl, NULL);
	return status ? status : secrets_pass(r, &pl, secrets);
}

int cmd_up(int argc, char **argv)
{
	const char *given = NULL, *file = NULL;
	bool reinit = false, verbose = false;
	char name[POD_NAME_MAX + 1];
	OWN_FREE char *cwd = getcwd(NULL, 0);
	OWN(run_finish) struct run r = {.mount_cwd = true};
	OWN_STRV struct strv line = {0}, command = {0};
	OWN_FD int secrets = -1;
	struct err e = {0};
	const struct opt opts[] = {
		RUN_OPTS(&r),
		{OPT_STR, 0, "name", &given, "POD", "the pod's name"},
		{OPT_STR, 'c', "config", &file, "FILE", "the pod file (envpod.yaml, pod.yaml)"},
		{OPT_FLAG, 'b', "background", &r.background, NULL, "in the background"},
		{OPT_FLAG, 0, "reinit", &reinit, NULL, "destroy the pod first, with its changes"},
		{OPT_FLAG, 'v', "verbose", &verbose, NULL, "show the output of setup commands"},
		{0},
	};
	const struct opt_usage usage = {"envpod up [OPTION]... [--] [COMMAND [ARGUMENT]...]",
					"Run in this directory's pod, made when it is not there.",
					0, 0, 1};
	int n = opt_parse(opts, &usage, argc, argv), status;

	if (choose_name(given, cwd ? cwd : "/", name) < 0) {
		say_error("no free pod name for this directory; give one with --name");
		return POD_EXIT_USAGE;
	}
	status = make_it(name, file, reinit, verbose);
	if (status)
		return status;
	if (n == 0)
		default_command(&command, name);
	r.pod = name;
	r.command = n ? argv : command.v;
	if (run_compose(&line, &r, &e) < 0)
		return say_err(&e);
	status = provide(&r, &secrets);
	return status ? status : front_exec(&line);
}
