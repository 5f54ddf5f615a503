/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-plugin/cage.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "libcommon/own.h"

#define MEMORY (1ul << 30)

static int drop_ids(uid_t uid, gid_t gid, struct err *e)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[2] = {{0}, {0}};

	if (geteuid() == 0 && (unshare(CLONE_NEWNET | CLONE_NEWIPC) < 0 || setgroups(0, NULL) < 0 ||
			       setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0))
		return err_set(e, errno, "give up root's powers");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || syscall(SYS_capset, &head, none) < 0)
		return err_set(e, errno, "give up privileges");
	return 0;
}

/* Reading and executing stay, since that is what a plugin does.  Not there: ids are what is left.
 */
static int close_files(struct err *e)
{
	const uint64_t all = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1;
	const struct landlock_ruleset_attr handled = {.handled_access_fs = all};
	struct landlock_path_beneath_attr at = {.allowed_access = LANDLOCK_ACCESS_FS_READ_FILE |
								  LANDLOCK_ACCESS_FS_READ_DIR |
								  LANDLOCK_ACCESS_FS_EXECUTE,
						.parent_fd = -1};
	OWN_FD int set = (int)syscall(SYS_landlock_create_ruleset, &handled, sizeof(handled), 0);
	OWN_FD int root = open("/", O_PATH | O_CLOEXEC);

	if (set < 0)
		return 0;
	at.parent_fd = root;
	if (root < 0 ||
	    syscall(SYS_landlock_add_rule, set, LANDLOCK_RULE_PATH_BENEATH, &at, 0) < 0 ||
	    syscall(SYS_landlock_restrict_self, set, 0) < 0)
		return err_set(e, errno, "close the file system for writing");
	return 0;
}

int cage_enter(uid_t uid, gid_t gid, struct err *e)
{
	const struct rlimit none = {0, 0}, memory = {MEMORY, MEMORY};
	int r = drop_ids(uid, gid, e);

	if (r == 0)
		r = close_files(e);
	if (r == 0 && (setrlimit(RLIMIT_CORE, &none) < 0 || setrlimit(RLIMIT_AS, &memory) < 0))
		r = err_set(e, errno, "bound a plugin's memory");
	return r;
}

void cage_child(int out)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0)
		_exit(126);
	alarm(CAGE_SECONDS);
}
