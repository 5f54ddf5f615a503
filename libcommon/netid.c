/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pod remembers its number in pods/NAME/netid; the link netids/N says who has it.  Only where
 * both agree does it count: a copied pod directory claims nothing.  A link to a pod that is gone is
 * free.  The flock on netids is taken last, after a pod's and without waiting for any other.
 */
#include "libcommon/netid.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/buf.h"
#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/say.h"
#include "libcommon/unit.h"

static int open_links(struct err *e)
{
	OWN_FREE char *path = xfmt("%s/netids", pod_state_dir());
	OWN_FD int fd = -1;

	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return err_set(e, errno, "make %s", path);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	return fd < 0 ? err_set(e, errno, "open %s", path) : take_fd(&fd);
}

/* Whose number it is; "" when it is nobody's. */
static void owner_of(int links, int number, char out[POD_NAME_MAX + 1])
{
	char file[16];
	ssize_t n;

	snprintf(file, sizeof(file), "%d", number);
	n = readlinkat(links, file, out, POD_NAME_MAX);
	out[n > 0 ? n : 0] = '\0';
}

static bool is_pod(const char *name)
{
	OWN_FREE char *path = xfmt("%s/pods/%s", pod_state_dir(), name);

	return *name && access(path, F_OK) == 0;
}

/* What the pod remembers, if the link agrees. */
static int remembered(const struct pod *p, int links)
{
	char text[16], owner[POD_NAME_MAX + 1];
	uint64_t n;

	if (read_line_at(p->dir, "netid", text, sizeof(text)) < 0 ||
	    unit_u64(text, NETID_MAX, &n) < 0 || n == 0)
		return 0;
	owner_of(links, (int)n, owner);
	return strcmp(owner, p->name) == 0 ? (int)n : 0;
}

/* The lowest free number, so that small subnets do; or one of a pod that is gone.  Taken for us. */
static int take_number(const struct pod *p, int links, struct err *e)
{
	char file[16], owner[POD_NAME_MAX + 1];

	for (int number = 1; number <= (int)NETID_MAX; number++) {
		owner_of(links, number, owner);
		if (strcmp(owner, p->name) != 0 && is_pod(owner))
			continue;
		snprintf(file, sizeof(file), "%d", number);
		if (*owner && unlinkat(links, file, 0) < 0)
			return err_set(e, errno, "free the network number %d", number);
		if (symlinkat(p->name, links, file) < 0)
			return err_set(e, errno, "take the network number %d", number);
		return number;
	}
	return err_set(e, ENOSPC, "find a network number for pod %s", p->name);
}

int netid_get(const struct pod *p, struct err *e)
{
	OWN_FD int links = open_links(e);
	char text[16];
	int r, number;

	if (links < 0)
		return links;
	number = remembered(p, links);
	if (number)
		return number;
	if (flock(links, LOCK_EX) < 0)
		return err_set(e, errno, "lock %s/netids", pod_state_dir());
	number = take_number(p, links, e);
	if (number < 0)
		return number;
	snprintf(text, sizeof(text), "%d\n", number);
	r = write_file_at(p->dir, "netid", text, strlen(text), 0600, false);
	return r < 0 ? err_set(e, -r, "write %s/netid", p->path) : number;
}

int netid_find(const struct pod *p)
{
	struct err ignored = {0};
	OWN_FD int links = open_links(&ignored);

	return links < 0 ? 0 : remembered(p, links);
}

uid_t netid_uid(int number, enum netid_role role)
{
	/* Roles from the third on came later, each behind all the numbers of those before. */
	if (role >= NETID_INJECT)
		return NETID_BASE + (uid_t)role * (NETID_MAX + 1) + (uid_t)number;
	return NETID_BASE + 2 * (uid_t)number + (uid_t)role;
}

int netid_inotify(const struct pod *p, enum netid_role role, struct err *e)
{
	int number = netid_get(p, e), fd, r;

	if (number < 0)
		return number;
	if (setresuid((uid_t)-1, netid_uid(number, role), (uid_t)-1) < 0)
		return err_set(e, errno, "become uid %u for a moment",
			       (unsigned)netid_uid(number, role));
	fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	r = fd < 0 ? -errno : fd;
	if (setresuid((uid_t)-1, 0, (uid_t)-1) < 0)
		die(POD_EXIT_FAILED, "become root again: %s", strerror(errno));
	return r < 0 ? err_set(e, -r, "watch files (fs.inotify.max_user_instances)") : r;
}

int policy_open(const struct pod *p, struct err *e)
{
	OWN_FD int fd = -1;
	int number = netid_get(p, e);

	if (number < 0)
		return number;
	if (mkdirat(p->dir, "policy", 0711) < 0 && errno != EEXIST)
		return err_set(e, errno, "make %s/policy", p->path);
	fd = openat(p->dir, "policy", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return err_set(e, errno, "open %s/policy", p->path);
	if (fchown(fd, 0, netid_uid(number, NETID_DNS)) < 0 || fchmod(fd, 0711) < 0)
		return err_set(e, errno, "give pod-dns a way into %s/policy", p->path);
	return take_fd(&fd);
}

/* Owner and mode before the name. */
int policy_replace(const struct pod *p, int policy, const char *file, const struct buf *text,
		   struct err *e)
{
	OWN_FREE char *fresh = xfmt("%s.new", file);
	int number = netid_get(p, e), r;

	if (number < 0)
		return number;
	r = write_file_at(policy, fresh, text->data, text->len, 0640, true);
	if (r < 0)
		return err_set(e, -r, "write %s/policy/%s", p->path, fresh);
	if (fchownat(policy, fresh, 0, netid_uid(number, NETID_DNS), AT_SYMLINK_NOFOLLOW) < 0 ||
	    fchmodat(policy, fresh, 0640, 0) < 0 || renameat(policy, fresh, policy, file) < 0 ||
	    fsync(policy) < 0) {
		r = err_set(e, errno, "put %s/policy/%s in place", p->path, file);
		unlinkat(policy, fresh, 0);
		return r;
	}
	return 0;
}
