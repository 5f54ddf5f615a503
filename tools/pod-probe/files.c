/* SPDX-License-Identifier: Apache-2.0 */
/* Attacks on the view: what it hides, and ways out of it. */
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "tools/pod-probe/bait.h"
#include "tools/pod-probe/probe.h"

static enum verdict read_secret(const void *path)
{
	path = bait_expand(path);
	if (!path)
		return untried("nothing is planted");
	errno = 0;
	if (holds_secret(path))
		return opened("read %s", (const char *)path);
	return errno ? stopped() : held("something else lies there");
}

/* A mask that goes by path must hold when its parent is moved. */
static enum verdict state_by_rename(const void *unused)
{
	char parent[256], moved[300], version[400];
	const char *leaf = strrchr(bait("state"), '/');
	enum verdict v;

	(void)unused;
	snprintf(parent, sizeof(parent), "%.*s", (int)(leaf - bait("state")), bait("state"));
	snprintf(moved, sizeof(moved), "%s.moved", parent);
	snprintf(version, sizeof(version), "%s%s/version", moved, leaf);
	if (rename(parent, moved) < 0)
		return stopped();
	v = see(version);
	if (rename(moved, parent) < 0)
		return untried("move %s back: %s", parent, strerror(errno));
	return v;
}

static enum verdict home_by_rename(const void *unused)
{
	enum verdict v;

	(void)unused;
	if (rename("/home/u/.ssh", "/home/u/moved") < 0 && rename("/home/u", "/home/v") < 0)
		return stopped();
	v = access("/home/u/moved", F_OK) == 0 ? read_secret("/home/u/moved/id_ed25519")
					       : read_secret("/home/v/.ssh/id_ed25519");
	rename("/home/u/moved", "/home/u/.ssh");
	rename("/home/v", "/home/u");
	return v;
}

/* Where a link to *path is made, and what that path is in full; NULL: untried, and why. */
static const char *link_name(const void **path)
{
	static char name[64];
	const char *dir = scratch_dir();

	if (!dir) {
		untried("no scratch directory: %s", strerror(errno));
		return NULL;
	}
	*path = bait_expand(*path);
	if (!*path) {
		untried("nothing is planted");
		return NULL;
	}
	snprintf(name, sizeof(name), "%s/link", dir);
	return name;
}

static enum verdict link_to(const void *path)
{
	const char *name = link_name(&path);
	enum verdict v;

	if (!name)
		return UNTRIED;
	if (link(path, name) < 0)
		return stopped();
	v = see(name);
	unlink(name);
	return v;
}

static enum verdict symlink_to(const void *path)
{
	const char *name = link_name(&path);
	enum verdict v;

	if (!name)
		return UNTRIED;
	if (symlink(path, name) < 0)
		return untried("symlink: %s", strerror(errno));
	v = read_secret(name);
	unlink(name);
	return v;
}

/* The wall here is pivot_root; the control stands behind a plain chroot. */
static enum verdict break_chroot(const void *unused)
{
	int out;

	(void)unused;
	if (is_control && (chroot("/srv") < 0 || chdir("/") < 0))
		return untried("chroot: %s", strerror(errno));
	out = open("/", O_RDONLY | O_DIRECTORY);
	mkdir("/probe-jail", 0755);
	if (chroot("/probe-jail") < 0)
		return stopped();
	if (fchdir(out) < 0)
		return untried("fchdir: %s", strerror(errno));
	for (int i = 0; i < 64; i++)
		if (chdir("..") < 0)
			return stopped();
	if (chroot(".") < 0)
		return stopped();
	rmdir("/srv/probe-jail");
	return read_secret("{file}");
}

/* The "shocker": a file by its handle, whatever the root directory is. */
static enum verdict by_handle(const void *unused)
{
	static const char *const roots[] = {"/", "/tmp", "/dev/shm", "/var/tmp", NULL};
	union {
		struct file_handle head;
		char room[sizeof(struct file_handle) + MAX_HANDLE_SZ];
	} h;
	const char *root = "/";
	int mount_id, fd;

	(void)unused;
	for (const char *const *r = roots; *r; r++) {
		h.head.handle_bytes = MAX_HANDLE_SZ;
		root = *r;
		if (name_to_handle_at(AT_FDCWD, root, &h.head, &mount_id, 0) == 0)
			break;
		/* made by hand: inode 2, generation 0, as ext4 encodes its root directory */
		h.head.handle_bytes = 8;
		h.head.handle_type = 1;
		memcpy(h.head.f_handle, (unsigned[]){2, 0}, 8);
	}
	fd = open(root, O_RDONLY | O_DIRECTORY);
	if (fd < 0)
		return untried("open %s: %s", root, strerror(errno));
	if (open_by_handle_at(fd, &h.head, O_RDONLY) >= 0)
		return opened("opened %s", root);
	return errno == ESTALE ? opened("the kernel looked: ESTALE") : stopped();
}

static enum verdict set_xattr(const void *name)
{
	const char *file = scratch_file();

	if (!file)
		return untried("no scratch file: %s", strerror(errno));
	return unless_failed(setxattr(file, name, "y", 1, 0));
}

static enum verdict make_immutable(const void *unused)
{
	const char *file = scratch_file();
	int fd = file ? open(file, O_RDONLY) : -1;
	int flags = FS_IMMUTABLE_FL, none = 0;

	(void)unused;
	if (fd < 0)
		return untried("no scratch file: %s", strerror(errno));
	if (ioctl(fd, FS_IOC_SETFLAGS, &flags) < 0)
		return stopped();
	ioctl(fd, FS_IOC_SETFLAGS, &none);
	return opened("chattr +i");
}

static const char *program;

static int run_as_nobody_special(void)
{
	if (getuid() == 0 && (setgid(1001) < 0 || setuid(1001) < 0))
		return UNTRIED;
	execl(program, program, "--powers", NULL);
	return errno == EPERM || errno == EACCES ? HELD : UNTRIED;
}

/* Does executing it give a plain user powers? */
static enum verdict gain_by(const void *path)
{
	int status;

	program = path;
	status = in_child(run_as_nobody_special);
	if (status == OPEN)
		return opened("more powers after exec");
	return status == HELD ? held("no new powers") : untried("exec: status %d", status);
}

/* Copy-up of a setuid file must not give its bit to what lies in the upper layer. */
static enum verdict gain_by_copy_up(const void *path)
{
	int fd = open(path, O_WRONLY | O_APPEND);
	struct stat st;

	if (fd < 0 || write(fd, "", 1) != 1)
		return stopped();
	close(fd);
	if (chmod(path, 04755) < 0 || stat(path, &st) < 0)
		return stopped();
	if (!(st.st_mode & S_ISUID))
		return held("the bit is gone");
	return gain_by(path);
}

const struct probe file_probes[] = {
	{"filesystem", "see-state", CRITICAL, "the state directory does not exist", see, "{state}",
	 "state"},
	{"filesystem", "list-pods", CRITICAL, "the pods of the host cannot be listed", see,
	 "{state}/pods/{pod}", "state"},
	{"filesystem", "see-run-directory", HIGH, "the run directory of the host does not exist",
	 see, "{run}/{pod}", "run"},
	{"filesystem", "state-by-dotdot", CRITICAL, "the state directory is not reached by ..", see,
	 "/usr/../var/../../..{state}/version", "state"},
	{"filesystem", "state-by-rename", CRITICAL,
	 "the state directory stays hidden when its parent is moved", state_by_rename, NULL,
	 "state"},
	{"filesystem", "state-by-hard-link", CRITICAL, "no hard link leads to the state directory",
	 link_to, "{state}/version", "state"},
	{"filesystem", "run-by-hard-link", CRITICAL, "no hard link leads to the run directory",
	 link_to, "{run}/{pod}/lock", "run"},
	{"filesystem", "state-by-root-link", CRITICAL,
	 "the state directory is not reached by /proc/self/root/..", see,
	 "/proc/self/root/..{state}/version", "state"},
	{"filesystem", "host-tmp", HIGH, "the /tmp of the host is out of reach", read_secret,
	 "/tmp/secret", "world"},
	{"filesystem", "host-run", CRITICAL, "the /run of the host is out of reach", read_secret,
	 "{file}", "file"},
	{"filesystem", "dotdot", CRITICAL, ".. ends at the root of the view", read_secret,
	 "../../../../../../../..{file}", "file"},
	{"filesystem", "planted-symlink", HIGH, "a symlink of the host does not lead out",
	 read_secret, "/srv/way-out", "world"},
	{"filesystem", "own-symlink", CRITICAL, "a symlink of the pod does not lead out",
	 symlink_to, "../../../../../../../..{file}", "file"},
	{"filesystem", "root-magic-link", CRITICAL, "/proc/self/root does not lead out",
	 read_secret, "/proc/self/root/../..{file}", "file"},
	{"filesystem", "init-magic-link", CRITICAL, "/proc/1/root does not lead out", read_secret,
	 "/proc/1/root{file}", "file"},
	{"filesystem", "caller-directory", HIGH,
	 "the directory of the caller is not the working directory, if it is hidden", read_secret,
	 "secret", "file"},
	{"filesystem", "caller-descriptor", HIGH,
	 "a directory open in the caller does not lead out", read_secret,
	 "/proc/self/fd/6/tmp/secret", "world"},
	{"directory", "directory-by-descriptor", HIGH,
	 "the working directory cannot be named by a descriptor", read_secret, "tmp/secret",
	 "world"},
	{"filesystem", "chroot", CRITICAL, "chroot and .. do not lead out", break_chroot, NULL,
	 "file"},
	{"filesystem", "other-home", HIGH, "homes of other users do not exist", read_secret,
	 "/home/bob/diary", "world"},
	{"filesystem", "home-by-rename", HIGH, "a mask in the home holds when its parent is moved",
	 home_by_rename, NULL, "world"},
	{"filesystem", "root-only-file", CRITICAL,
	 "what only root may read on the host is hidden from root of the pod", read_secret,
	 "/etc/escape-private", "world"},
	{"filesystem", "root-only-directory", HIGH,
	 "directories of root alone are hidden from root of the pod", read_secret,
	 "/etc/escape-private.d/key", "world"},
	{"filesystem", "handle", CRITICAL, "files are not opened by handle", by_handle, NULL, NULL},
	{"filesystem", "run-socket", CRITICAL, "sockets in /run of the host are out of reach",
	 connect_to, "/run/host.sock", "world"},
	{"filesystem", "view-socket", HIGH, "sockets in the tree of the host do not answer",
	 connect_to, "/srv/host.sock", "world"},
	{"filesystem", "home-socket", HIGH, "sockets in the home do not answer", connect_to,
	 "/home/u/host.sock", "world"},
	{"filesystem", "abstract-socket", CRITICAL, "abstract sockets of the host do not answer",
	 connect_to, "@{abstract}", "abstract"},
	{"filesystem", "trusted-xattr", HIGH, "trusted.* attributes cannot be set", set_xattr,
	 "trusted.escape", NULL},
	{"filesystem", "overlay-xattr", HIGH, "attributes of overlayfs cannot be forged", set_xattr,
	 "trusted.overlay.opaque", NULL},
	{"filesystem", "immutable", HIGH, "nothing can be made immutable", make_immutable, NULL,
	 NULL},
	{"filesystem", "setuid-program", HIGH, "a setuid program of the host gives no powers",
	 gain_by, "/srv/setuid", "world"},
	{"filesystem", "capability-program", HIGH,
	 "a program with file capabilities gives no powers", gain_by, "/srv/filecap", "world"},
	{"filesystem", "setuid-copy-up", HIGH, "a copied-up setuid program gives no powers",
	 gain_by_copy_up, "/srv/setuid-copied", "world"},
	{0},
};
