/* SPDX-License-Identifier: Apache-2.0 */
/* pod-mount resize: how much /tmp of a running pod may hold, changed where it is mounted. */
#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/pod.h"
#include "libcommon/say.h"
#include "libcommon/unit.h"
#include "tools/pod-mount/cmds.h"

/* The pod's /tmp as its processes see it.  No way back from its mount namespace. */
static int open_tmp(const struct pod *p, struct err *e)
{
	OWN_FD int init = -1, root = -1, tmp = -1;
	struct statfs fs;
	pid_t pid = pod_init_pid(p, &init, e);

	if (pid <= 0)
		return pid < 0 ? (int)pid : err_set(e, ERR_PLAIN, "pod %s does not run", p->name);
	if (setns(init, CLONE_NEWNS) < 0)
		return err_set(e, errno, "enter the mount namespace of pod %s", p->name);
	root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	tmp = root < 0 ? -errno : open_beneath(root, "tmp", O_RDONLY | O_DIRECTORY, 0);
	if (tmp < 0 || fstatfs(tmp, &fs) < 0)
		return err_set(e, tmp < 0 ? -tmp : errno, "open /tmp of pod %s", p->name);
	if (fs.f_type != TMPFS_MAGIC)
		return err_set(e, ERR_PLAIN, "/tmp of pod %s is no tmpfs of its own", p->name);
	return take_fd(&tmp);
}

/* Only what is named changes; a size below what lies there is refused by the kernel. */
static int reconfigure(int tmp, const char *size, const char *pod, struct err *e)
{
	OWN_FD int fs = fspick(tmp, "", FSPICK_EMPTY_PATH | FSPICK_CLOEXEC);

	if (fs < 0 || fsconfig(fs, FSCONFIG_SET_STRING, "size", size, 0) < 0)
		return err_set(e, errno, "take hold of /tmp of pod %s", pod);
	if (fsconfig(fs, FSCONFIG_CMD_RECONFIGURE, NULL, NULL, 0) == 0)
		return 0;
	if (errno == EINVAL)
		return err_status(e, POD_EXIT_REFUSED, ERR_PLAIN,
				  "/tmp of pod %s holds more than %s bytes already", pod, size);
	return err_set(e, errno, "resize /tmp of pod %s", pod);
}

int cmd_resize(int argc, char **argv)
{
	OWN(pod_finish) struct pod p = POD_INIT;
	OWN_FREE char *size = NULL;
	OWN_FD int tmp = -1;
	uint64_t bytes = 0;
	const struct opt opts[] = {
		{OPT_SIZE, 0, "tmp-size", &bytes, "SIZE", "what /tmp may hold"},
		{0},
	};
	const struct opt_usage usage = {"pod-mount resize --tmp-size SIZE POD",
					"Change how much /tmp of a running pod may hold.", 1, 1, 0};
	struct err e = {0};

	opt_parse(opts, &usage, argc, argv);
	if (bytes == 0)
		die(POD_EXIT_USAGE, "resize: say --tmp-size");
	size = xfmt("%llu", (unsigned long long)bytes);
	if (pod_open(&p, argv[0], &e) < 0)
		return say_err(&e);
	tmp = open_tmp(&p, &e);
	if (tmp < 0 || reconfigure(tmp, size, p.name, &e) < 0)
		return say_err(&e);
	return POD_EXIT_OK;
}
