/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rights that are not handled stay free, so only what has to be refused is named.  REFER is the
 * exception: every ruleset of file rights denies renames between directories unless it handles
 * and allows it (dpkg and git would break), hence nothing below ABI 2.
 *
 * Signals are not scoped: the pid namespace does that for the whole pod, while a Landlock scope
 * would also keep the runs of one pod apart, and `envpod run POD -- pkill server` would fail.
 * Abstract sockets belong to the network namespace; only the host's own is shared with strangers.
 */
#include "tools/pod-exec/landlock.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "libcommon/own.h"

#define SCOPE_ABSTRACT_UNIX_SOCKET (1ull << 0) /* headers older than ABI 6 do not say it */

struct ruleset_attr {
	__u64 handled_access_fs, handled_access_net, scoped;
};

int landlock_abi(void)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

	return abi < 0 ? 0 : (int)abi;
}

/* Renames between directories stay allowed everywhere below the root. */
static int allow_refer(int ruleset)
{
	OWN_FD int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct landlock_path_beneath_attr rule = {
		.allowed_access = LANDLOCK_ACCESS_FS_REFER,
		.parent_fd = root,
	};

	if (root < 0)
		return -errno;
	return syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0
		       ? -errno
		       : 0;
}

int landlock_confine(bool fs, bool abstract, struct err *e)
{
	struct ruleset_attr attr = {0};
	OWN_FD int ruleset = -1;
	int abi = landlock_abi(), r = 0;

	if (fs && abi >= 2)
		attr.handled_access_fs = LANDLOCK_ACCESS_FS_REFER | LANDLOCK_ACCESS_FS_MAKE_CHAR |
					 LANDLOCK_ACCESS_FS_MAKE_BLOCK;
	if (abstract && abi >= 6)
		attr.scoped = SCOPE_ABSTRACT_UNIX_SOCKET;
	if (!attr.handled_access_fs && !attr.scoped)
		return 0;
	ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr,
			       abi >= 6 ? sizeof(attr) : sizeof(attr.handled_access_fs), 0);
	if (ruleset < 0)
		return err_set(e, errno, "make a Landlock ruleset");
	if (attr.handled_access_fs)
		r = allow_refer(ruleset);
	if (r < 0)
		return err_set(e, -r, "allow renames in the Landlock ruleset");
	if (syscall(SYS_landlock_restrict_self, ruleset, 0) < 0)
		return err_set(e, errno, "put the Landlock ruleset in force");
	return 0;
}
