/* SPDX-License-Identifier: Apache-2.0 */
/* Attacks on the view: what it hides, and ways out of it. */
#include "probe.h"

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

static enum verdict read_secret(const void *path)
{
	errno = 0;
	if (holds_secret(path))
		return worked("read %s", (const char *)path);
	return errno ? stopped() : held("something else lies there");
}

static enum verdict see(const void *path)
{
	struct stat st;

	return lstat(path, &st) < 0 ? stopped() : worked("%s is there", (const char *)path);
}

/* A mask that goes by path must hold when its parent is moved. */
static enum verdict state_by_rename(const void *unused)
{
	enum verdict v;

	(void)unused;
	if (rename("/var/lib", "/var/moved") < 0)
		return stopped();
	v = see("/var/moved/envpod/version");
	if (rename("/var/moved", "/var/lib") < 0)
		return untried("move /var/lib back: %s", strerror(errno));
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

static enum verdict link_to(const void *path)
{
	const char *dir = scratch_dir();
	char name[64];
	enum verdict v;

	if (!dir)
		return untried("no scratch directory: %s", strerror(errno));
	snprintf(name, sizeof(name), "%s/link", dir);
	if (link(path, name) < 0)
		return stopped();
	v = see(name);
	unlink(name);
	return v;
}

static enum verdict symlink_to(const void *path)
{
	const char *dir = scratch_dir();
	char name[64];
	enum verdict v;

	if (!dir)
		return untried("no scratch directory: %s", strerror(errno));
	snprintf(name, sizeof(name), "%s/link", dir);
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
	return read_secret("/tmp/secret");
}

static enum verdict connect_to(const void *path)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	socklen_t len = sizeof(to);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(to.sun_path, sizeof(to.sun_path), "%s", (const char *)path);
	if (to.sun_path[0] == '@') { /* abstract */
		to.sun_path[0] = '\0';
		len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
	}
	return unless_failed(connect(fd, (struct sockaddr *)&to, len));
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
		return worked("opened %s", root);
	return errno == ESTALE ? worked("the kernel looked: ESTALE") : stopped();
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
	return worked("chattr +i");
}

static const char *program;

static int run_as_nobody_special(void)
{
	if (getuid() == 0 && (setgid(1001) < 0 || setuid(1001) < 0))
		return UNTRIED;
	execl(program, program, "--powers", NULL);
	return errno == EPERM || errno == EACCES ? STOPPED : UNTRIED;
}

/* Does executing it give a plain user powers? */
static enum verdict gain_by(const void *path)
{
	int status;

	program = path;
	status = in_child(run_as_nobody_special);
	if (status == WORKED)
		return worked("more powers after exec");
	return status == STOPPED ? held("no new powers") : untried("exec: status %d", status);
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

const struct attack file_attacks[] = {
	{"files", "see-state", see, HOST_STATE},
	{"files", "list-pods", see, HOST_STATE "/pods/" PREY},
	{"files", "see-run-directory", see, HOST_RUN "/" PREY},
	{"files", "state-by-dotdot", see, "/srv/../var/../../../var/lib/envpod/version"},
	{"files", "state-by-rename", state_by_rename, NULL},
	{"files", "state-by-hard-link", link_to, HOST_STATE "/version"},
	{"files", "run-by-hard-link", link_to, HOST_RUN "/" PREY "/lock"},
	{"files", "state-by-root-link", see, "/proc/self/root/../var/lib/envpod/version"},
	{"files", "host-tmp", read_secret, "/tmp/secret"},
	{"files", "host-run", read_secret, "/run/secret"},
	{"files", "dotdot", read_secret, "../../../../../../../../tmp/secret"},
	{"files", "planted-symlink", read_secret, "/srv/way-out"},
	{"files", "own-symlink", symlink_to, "../../../../../../tmp/secret"},
	{"files", "root-magic-link", read_secret, "/proc/self/root/../../tmp/secret"},
	{"files", "init-magic-link", read_secret, "/proc/1/root/tmp/secret"},
	{"files", "caller-directory", read_secret, "secret"},
	{"files", "caller-descriptor", read_secret, "/proc/self/fd/6/tmp/secret"},
	{"directory", "directory-by-descriptor", read_secret, "tmp/secret"},
	{"files", "chroot", break_chroot, NULL},
	{"files", "other-home", read_secret, "/home/bob/diary"},
	{"files", "home-by-rename", home_by_rename, NULL},
	{"files", "root-only-file", read_secret, "/etc/escape-private"},
	{"files", "root-only-directory", read_secret, "/etc/escape-private.d/key"},
	{"files", "handle", by_handle, NULL},
	{"files", "run-socket", connect_to, HOST_SOCK},
	{"files", "view-socket", connect_to, "/srv/host.sock"},
	{"files", "home-socket", connect_to, "/home/u/host.sock"},
	{"files", "abstract-socket", connect_to, "@envpod-escape-host"},
	{"files", "trusted-xattr", set_xattr, "trusted.escape"},
	{"files", "overlay-xattr", set_xattr, "trusted.overlay.opaque"},
	{"files", "immutable", make_immutable, NULL},
	{"files", "setuid-program", gain_by, "/srv/setuid"},
	{"files", "capability-program", gain_by, "/srv/filecap"},
	{"files", "setuid-copy-up", gain_by_copy_up, "/srv/setuid-copied"},
	{0},
};
