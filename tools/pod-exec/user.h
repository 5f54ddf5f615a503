/* SPDX-License-Identifier: Apache-2.0 */
/* Who the command runs as. */
#ifndef POD_EXEC_USER_H
#define POD_EXEC_USER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "libcommon/err.h"
#include "libcommon/plan.h"

#define USER_AGENT_ID   60000
#define USER_PASSWD_MAX (1024 * 1024) /* bytes; of a longer file nothing is believed */

struct user {
	uid_t uid; /* ids as the pod counts them */
	gid_t gid;
	char name[64], home[256], shell[128];
};

/*
 * Look for name, or for a uid when name is a number, in the text of a passwd file.  The file is
 * the pod's, so anything may stand in it: lines that do not parse are passed over.
 */
bool user_from_passwd(const char *data, size_t len, const char *name, struct user *u);

/*
 * Resolve a word of --user or run.user: the invoking user as the plan has it, root, agent, or a
 * name or number of the /etc/passwd beneath the directory rootfd.
 */
int user_resolve(struct user *u, const struct plan *pl, const char *name, int rootfd,
		 struct err *e);

#endif
