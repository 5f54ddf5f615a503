/* SPDX-License-Identifier: Apache-2.0 */
/* The commands that bring a pod's changes to the host, or drop them. */
#ifndef POD_MOUNT_REVIEW_H
#define POD_MOUNT_REVIEW_H

int cmd_diff(int argc, char **argv);
int cmd_commit(int argc, char **argv);
int cmd_rollback(int argc, char **argv);

#endif
