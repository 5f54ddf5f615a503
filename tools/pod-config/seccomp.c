/* SPDX-License-Identifier: Apache-2.0 */
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
#include "libcommon/spawn.h"
#include "tools/pod-config/cmds.h"
#include "tools/pod-config/profile.h"

/* Where a profile's file is: ours by name, anybody's by its absolute path. */
static char *profile_path(const char *profile, struct err *e)
{
	static const char *const shipped[] = {"default", "browser", "strict"};

	if (profile[0] == '/')
		return xstrdup(profile);
	for (size_t i = 0; i < sizeof(shipped) / sizeof(shipped[0]); i++)
		if (strcmp(profile, shipped[i]) == 0) {
			OWN_FREE char *file = xfmt("seccomp/%s.json", profile);

			return data_path(file);
		}
	err_status(
		e, POD_EXIT_CONFIG, ERR_PLAIN,
		"no seccomp profile is called %s (default, browser, strict, none, or the absolute "
		"path of an OCI seccomp.json)",
		esc(profile));
	return NULL;
}

static int read_profile(const char *path, struct buf *json, struct err *e)
{
	OWN_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	int r;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_status(e, POD_EXIT_CONFIG, errno, "read %s", esc(path));
	if (!S_ISREG(st.st_mode))
		return err_status(e, POD_EXIT_CONFIG, ERR_PLAIN, "%s: not a regular file",
				  esc(path));
	r = read_fd(fd, json, PROFILE_MAX);
	return r < 0 ? err_status(e, POD_EXIT_CONFIG, -r, "read %s", esc(path)) : 0;
}

static int print_rules(const char *profile, struct err *e)
{
	OWN_BUF struct buf json = BUF_INIT, rules = BUF_INIT;
	OWN_FREE char *path = profile_path(profile, e);

	if (!path || read_profile(path, &json, e) < 0)
		return -e->code;
	if (profile_flatten(json.data, json.len, &rules, e) < 0)
		return err_wrap(e, "%s", esc(path));
	fwrite(rules.data, 1, rules.len, stdout);
	return 0;
}

int cmd_seccomp(int argc, char **argv)
{
	const struct opt_usage usage = {"pod-config seccomp PROFILE",
					"Print a seccomp profile as the rules pod-exec compiles.",
					1, 1, 0};
	struct err e = {0};

	opt_parse(NULL, &usage, argc, argv);
	return print_rules(argv[0], &e) < 0 ? say_err(&e) : POD_EXIT_OK;
}
