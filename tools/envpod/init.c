/* SPDX-License-Identifier: Apache-2.0 */
/*
 * envpod init.  A pod counts as made once its file `created` stands; what an interrupted init left
 * is cleared by the next one, or by destroy.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/io.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/say.h"
#include "libcommon/unit.h"
#include "tools/envpod/front.h"
#include "tools/envpod/init.h"
#include "tools/envpod/presets.h"
#include "tools/envpod/service.h"
#include "tools/envpod/setup.h"
#include "tools/envpod/systemd.h"

int init_claim(struct pod *p, const char *name, struct err *e)
{
	OWN_FREE char *path = xfmt("%s/pods/%s", pod_state_dir(), name);
	struct stat st;
	int r = pod_check_name(name, e);

	if (r == 0)
		r = pod_state_open(e);
	if (r < 0)
		return r;
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return err_set(e, errno, "make %s", path);
	r = pod_open(p, name, e);
	if (r == 0)
		r = pod_lock(p, 0, e);
	if (r < 0)
		return r;
	if (fstatat(p->dir, "created", &st, AT_SYMLINK_NOFOLLOW) == 0)
		return err_set(e, ERR_PLAIN,
			       "there is a pod named %s already (envpod destroy %s removes it)",
			       name, name);
	return pod_lock_pass(p, e);
}

void init_unclaim(const struct pod *p)
{
	OWN_STRV struct strv remove = {0};
	OWN_FREE char *pods = xfmt("%s/pods", pod_state_dir());
	OWN_FD int fd = open(pods, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat st;

	if (fstatat(p->dir, "stack", &st, 0) == 0) {
		front_words(&remove, "pod-mount", "remove", p->name, NULL);
		front_run(&remove);
	}
	if (fd >= 0)
		remove_tree_at(fd, p->name);
}

static int steps(const struct pod *p, const char *file, const char *cwd)
{
	OWN_STRV struct strv compile = {0}, seccomp = {0}, prepare = {0};
	int status;

	front_words(&compile, "pod-config", "compile", "--name", p->name, "--into", p->path,
		    "--cwd", cwd, NULL);
	if (file)
		front_words(&compile, "--file", file, NULL);
	front_words(&seccomp, "pod-exec", "--compile", p->name, NULL);
	front_words(&prepare, "pod-mount", "prepare", p->name, NULL);
	status = front_run(&compile);
	if (status == 0)
		status = front_run(&seccomp);
	if (status == 0)
		status = front_run(&prepare);
	return status;
}

int init_mark_created(const struct pod *p)
{
	struct err e = {0};
	char now[UNIT_TIME_LEN], line[UNIT_TIME_LEN + 1];
	int r;

	if (front_record(p->name, "create"))
		return POD_EXIT_FAILED;
	unit_now(now);
	snprintf(line, sizeof(line), "%s\n", now);
	r = write_file_at(p->dir, "created", line, strlen(line), 0600, true);
	return r < 0 ? say_err((err_set(&e, -r, "write %s/created", p->path), &e)) : POD_EXIT_OK;
}

static void announce_unbuilt(const struct plan *pl, const char *name)
{
	const char *key;

	for (size_t i = 0; (key = plan_next(pl, "unbuilt", &i));)
		say_warn("%s is not built yet: runs of %s are refused until you say --without %s",
			 key, name, key);
}

/* --print: the steps as they would be, on a pod that is not there. */
static int show(const char *name, const char *file, const char *cwd)
{
	OWN(pod_finish) struct pod p = POD_INIT;
	struct err e = {0};

	if (pod_check_name(name, &e) < 0)
		return say_err(&e);
	snprintf(p.name, sizeof(p.name), "%s", name);
	p.path = xfmt("%s/pods/%s", pod_state_dir(), name);
	return steps(&p, file, cwd);
}

int init_pod(const char *name, const char *file, bool verbose)
{
	OWN(pod_finish) struct pod p = POD_INIT;
	OWN_FREE char *cwd = getcwd(NULL, 0);
	OWN_PLAN struct plan pl = {0};
	struct err e = {0};
	int status;

	if (front_print)
		return show(name, file, cwd ? cwd : "/");
	if (init_claim(&p, name, &e) < 0)
		return say_err(&e);
	status = steps(&p, file, cwd ? cwd : "/");
	if (status == 0)
		status = init_mark_created(&p);
	if (status) {
		init_unclaim(&p);
		return status;
	}
	if (plan_open(&pl, &p, &e) < 0)
		return say_err(&e);
	announce_unbuilt(&pl, name);
	status = setup_run(&p, &pl, verbose);
	if (status)
		say_error(
			"pod %s is there without its setup; mend the cause, then: envpod setup %s",
			name, name);
	return status;
}

int init_base(const char *pod, bool wanted, const char *base)
{
	OWN_STRV struct strv line = {0};

	if (!wanted && !base)
		return POD_EXIT_OK;
	front_words(&line, "pod-mount", "base", "create", pod, NULL);
	if (base)
		strv_add(&line, base);
	return front_run(&line);
}

/* service.enabled */
static int serve(const char *name)
{
	OWN(pod_finish) struct pod p = POD_INIT;
	OWN_PLAN struct plan pl = {0};
	struct err e = {0};

	if (pod_open(&p, name, &e) < 0 || plan_open(&pl, &p, &e) < 0)
		return say_err(&e);
	if (!plan_is(&pl, "service", "yes"))
		return POD_EXIT_OK;
	if (systemd_runs() || systemd_dir_given())
		return service_register(name, NULL);
	say_warn(
		"service.enabled: systemd does not run this host, so nothing starts pod %s with it",
		name);
	return POD_EXIT_OK;
}

int cmd_init(int argc, char **argv)
{
	const char *file = NULL, *preset = NULL, *base = NULL;
	bool verbose = false, create_base = false;
	const struct opt opts[] = {
		{OPT_STR, 'c', "config", &file, "FILE", "the pod file; without it every default"},
		{OPT_STR, 'p', "preset", &preset, "NAME",
		 "or one of the pod files that come with envpod (envpod presets)"},
		{OPT_FLAG, 'v', "verbose", &verbose, NULL, "show the output of setup commands"},
		{OPT_FLAG, 0, "create-base", &create_base, NULL, "make a base of the pod, too"},
		{OPT_STR, 0, "base-name", &base, "NAME", "the same, with a name of its own"},
		{0},
	};
	const struct opt_usage usage = {"envpod init [OPTION]... POD",
					"Make a pod; nothing of the host is copied or changed.", 1,
					1, 0};
	OWN_FREE char *ours = NULL;
	struct err e = {0};
	int status;

	opt_parse(opts, &usage, argc, argv);
	if (preset && file)
		die(POD_EXIT_USAGE, "--config or --preset, not both");
	if (preset && !(ours = preset_file(preset, &e)))
		return say_err(&e);
	status = init_pod(argv[0], ours ? ours : file, verbose);
	if (status == 0 && !front_print)
		printf("Created pod %s.\n", argv[0]);
	fflush(stdout);
	if (status == 0)
		status = init_base(argv[0], create_base, base);
	return status || front_print ? status : serve(argv[0]);
}
