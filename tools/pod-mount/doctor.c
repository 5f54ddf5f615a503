/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/finding.h"
#include "libcommon/io.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/pod.h"
#include "libcommon/project.h"
#include "libcommon/say.h"
#include "tools/pod-mount/cmds.h"
#include "tools/pod-mount/mountinfo.h"
#include "tools/pod-mount/overlay.h"

enum status { PASS, WARN, FAIL };

static bool json;
static enum status worst;

static void tell(enum status status, const char *name, const char *hint, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

static void tell(enum status status, const char *name, const char *hint, const char *fmt, ...)
{
	static const char *const words[] = {"pass", "warn", "fail"};
	char message[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(message, sizeof(message), fmt, ap);
	va_end(ap);
	if (status > worst)
		worst = status;
	finding_block(&(struct finding){name, "files", words[status], message, hint}, json);
}

static void check_kernel(void)
{
	struct utsname u;
	int major = 0, minor = 0;

	uname(&u);
	sscanf(u.release, "%d.%d", &major, &minor);
	if (major > 5 || (major == 5 && minor >= 19))
		tell(PASS, "kernel", "", "Linux %s", u.release);
	else
		tell(FAIL, "kernel", "install a kernel of 5.19 or later",
		     "Linux %s cannot stack mapped filesystems: no pod can run", u.release);
}

static void check_overlay(void)
{
	switch (overlay_probe()) {
	case OVERLAY_NEW:
		tell(PASS, "overlayfs", "", "by the new mount interface, layers by descriptor");
		break;
	case OVERLAY_OLD:
		tell(PASS, "overlayfs", "",
		     "by mount(2): live working directories need Linux 6.15");
		break;
	case OVERLAY_NONE:
		tell(FAIL, "overlayfs", "modprobe overlay; in a container, allow it to mount",
		     "this kernel mounts no overlay here: no pod can run");
		break;
	}
}

static const struct mount_row *row_of(const struct mounts *m, const char *path)
{
	OWN_FREE char *at = xstrdup(path);
	struct stat st;

	/* The state directory may not be there yet: then what will hold it. */
	while (at[1] && lstat(at, &st) < 0) {
		char *slash = strrchr(at, '/');

		slash[slash == at] = '\0';
	}
	return mounts_find(m, at);
}

static void check_state(const struct mounts *m)
{
	const char *dir = pod_state_dir();
	const struct mount_row *row = row_of(m, dir);
	struct stat st;

	if (lstat(dir, &st) < 0)
		tell(PASS, "state directory", "", "%s will be made by the first pod", dir);
	else if (!S_ISDIR(st.st_mode) || st.st_uid != 0 || (st.st_mode & 077))
		tell(FAIL, "state directory", "chown root and chmod 0700 it",
		     "%s can be entered by others: setuid files of agents lie in it", dir);
	else
		tell(PASS, "state directory", "", "%s, mode 0700", dir);
	if (!row)
		return;
	if (strcmp(row->type, "overlay") == 0 || strncmp(row->type, "fuse", 4) == 0 ||
	    strncmp(row->type, "nfs", 3) == 0)
		tell(FAIL, "state filesystem",
		     "point ENVPOD_STATE_DIR at ext4, xfs or btrfs; in a "
		     "container, at a volume",
		     "%s cannot hold the writable layer", row->type);
	else
		tell(PASS, "state filesystem", "", "%s", row->type);
}

/* The deepest directory that is there and can be cloned. */
static void check_idmap(const struct mounts *m)
{
	for (size_t i = 0; i < m->n; i++) {
		const struct mount_row *row = &m->v[i];
		OWN_FREE char *name = xfmt("ids on %s", esc(row->point));
		int r;

		if (!mount_is_real(row) || !mount_visible(m, i) || path_below(row->point, "/tmp") ||
		    path_below(row->point, "/run") || path_below(row->point, "/dev") ||
		    path_below(row->point, "/sys") || path_below(row->point, pod_run_dir()))
			continue;
		r = idmap_probe(row->point);
		if (r == 0)
			tell(PASS, name, "", "%s maps ids", row->type);
		else if (r == -EINVAL)
			tell(WARN, name, "keep projects on ext4, xfs, btrfs or (Linux 6.3) tmpfs",
			     "%s cannot map ids: pods can use the invoking user's own files there, "
			     "the others only read",
			     row->type);
		else if (r != -ENOTDIR)
			tell(WARN, name, "", "%s: %s", row->type, strerror(-r));
	}
}

static void check_shape(const struct mounts *m)
{
	const struct mount_row *root = mounts_find(m, "/"), *state = row_of(m, pod_state_dir());

	if (!root || !state)
		return;
	if (root->dev != state->dev)
		tell(PASS, "shape of the view", "",
		     "flat: state and / are on different filesystems");
	else if (strcmp(root->type, "overlay") == 0)
		tell(FAIL, "shape of the view", "put ENVPOD_STATE_DIR on a volume",
		     "/ is an overlay and the state lies on it: overlays stack two deep only");
	else
		tell(PASS, "shape of the view", "",
		     "nested: overlays inside a pod need fuse-overlayfs");
}

static void check_packages(void)
{
	struct stat st;

	if (stat("/var/lib/dpkg/info", &st) == 0)
		tell(PASS, "package lists", "", "dpkg's");
	else
		tell(WARN, "package lists", "reveal what a pod must see with filesystem.reveal",
		     "no dpkg here: private files of packages are masked, too");
}

static void check_space(void)
{
	struct statfs fs;

	if (statfs(pod_state_dir(), &fs) == 0 && (fs.f_flags & MS_RDONLY))
		tell(FAIL, "state space", "remount it read-write", "%s is read-only",
		     pod_state_dir());
	else if (statfs(pod_state_dir(), &fs) == 0 && fs.f_blocks &&
		 fs.f_bavail * 100 / fs.f_blocks < 2)
		tell(WARN, "state space", "envpod gc, or a larger disk",
		     "less than 2%% of %s is free: pods will soon fail to write", pod_state_dir());
}

/* budget.max_storage; a sized image of its own for the state directory bounds all pods together. */
static void check_quota(const struct mounts *m)
{
	const struct mount_row *row = row_of(m, pod_state_dir());
	OWN_FD int fd = row ? open(row->point, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	const char *type = row ? row->type : "";

	if (fd < 0)
		return;
	if (project_enforced(fd))
		tell(PASS, "storage limits", "", "project quotas of %s", type);
	else
		tell(WARN, "storage limits",
		     strcmp(type, "xfs") == 0
			     ? "mount it with -o prjquota (the root: boot with rootflags=prjquota)"
		     : strcmp(type, "ext4") == 0
			     ? "unmount it, tune2fs -O quota,project DEVICE, mount it with -o prjquota"
			     : "put the state directory on ext4 or xfs, mounted with -o prjquota",
		     "%s at %s keeps no project quotas: pods with budget.max_storage do not run",
		     type, row->point);
}

int cmd_doctor(int argc, char **argv)
{
	OWN_MOUNTS struct mounts m = {0};
	struct err e = {0};
	const struct opt opts[] = {
		{OPT_FLAG, 'j', "json", &json, NULL, "one JSON object a line"},
		{0},
	};
	static const struct opt_usage usage = {
		"pod-mount doctor [--json]",
		"What this host offers for views, what is lost where it "
		"does not, and how to mend it.",
		0, 0, 0};

	opt_parse(opts, &usage, argc, argv);
	if (argv[0])
		die(POD_EXIT_USAGE, "doctor takes no argument");
	if (pod_check_caller(&e) < 0 || mounts_read(&m, &e) < 0)
		return say_err(&e);
	check_kernel();
	check_overlay();
	check_state(&m);
	check_space();
	check_shape(&m);
	check_idmap(&m);
	check_packages();
	check_quota(&m);
	return worst == FAIL ? POD_EXIT_NO : POD_EXIT_OK;
}
