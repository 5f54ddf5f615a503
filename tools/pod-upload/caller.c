/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-upload/caller.h"

#include <grp.h>
#include <stdio.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/path.h"

int caller_become(const char *owner, struct err *e)
{
	unsigned uid, gid;
	int used = 0;

	if (!owner)
		return 0;
	if (sscanf(owner, "%9u:%9u%n", &uid, &gid, &used) != 2 || owner[used])
		return err_status(e, POD_EXIT_USAGE, ERR_PLAIN, "--owner %s: want UID:GID",
				  esc(owner));
	if (uid == 0)
		return 0;
	if (setgroups(0, NULL) < 0 || setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0)
		return err_set(e, errno, "become user %u", uid);
	return 0;
}
