/* SPDX-License-Identifier: Apache-2.0 */
/* What each type does, and how it is taken back.  0, or -errno with e set: then nothing was done.
 */
#ifndef POD_ACTION_ACTS_H
#define POD_ACTION_ACTS_H

#include "libcommon/err.h"
#include "libcommon/reply.h"
#include "libcommon/request.h"

typedef int (*act_fn)(const struct request *q, struct reply *y, struct err *e);

int act_file_create(const struct request *q, struct reply *y, struct err *e);
int act_file_write(const struct request *q, struct reply *y, struct err *e);
int act_file_copy(const struct request *q, struct reply *y, struct err *e);
int act_file_delete(const struct request *q, struct reply *y, struct err *e);
int act_file_move(const struct request *q, struct reply *y, struct err *e);
int act_dir_create(const struct request *q, struct reply *y, struct err *e);
int act_dir_delete(const struct request *q, struct reply *y, struct err *e);

int act_git_commit(const struct request *q, struct reply *y, struct err *e);
int act_git_push(const struct request *q, struct reply *y, struct err *e);
int act_git_pull(const struct request *q, struct reply *y, struct err *e);
int act_git_checkout(const struct request *q, struct reply *y, struct err *e);
int act_git_branch(const struct request *q, struct reply *y, struct err *e);
int act_git_tag(const struct request *q, struct reply *y, struct err *e);

/* By what the undo object says ("do": "remove", "restore", …), not by the type. */
int undo_file(const struct request *q, struct reply *y, struct err *e);
int undo_git(const struct request *q, struct reply *y, struct err *e);

#endif
