/* SPDX-License-Identifier: Apache-2.0 */
/* pod-mount's command words; each is in the file of its name (add and drop in live.c). */
#ifndef POD_MOUNT_CMDS_H
#define POD_MOUNT_CMDS_H

int cmd_prepare(int argc, char **argv);
int cmd_enter(int argc, char **argv);
int cmd_seal(int argc, char **argv);
int cmd_diff(int argc, char **argv);
int cmd_show(int argc, char **argv);
int cmd_commit(int argc, char **argv);
int cmd_apply(int argc, char **argv);
int cmd_rollback(int argc, char **argv);
int cmd_undo(int argc, char **argv);
int cmd_quota(int argc, char **argv);
int cmd_snapshot(int argc, char **argv);
int cmd_base(int argc, char **argv);
int cmd_clone(int argc, char **argv);
int cmd_gc(int argc, char **argv);
int cmd_fsck(int argc, char **argv);
int cmd_lacking(int argc, char **argv);
int cmd_remove(int argc, char **argv);
int cmd_resize(int argc, char **argv);
int cmd_add(int argc, char **argv);
int cmd_drop(int argc, char **argv);
int cmd_doctor(int argc, char **argv);

#endif
