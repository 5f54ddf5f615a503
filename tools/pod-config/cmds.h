/* SPDX-License-Identifier: Apache-2.0 */
/* The commands of pod-config, a file each.  They return the exit status. */
#ifndef POD_CONFIG_CMDS_H
#define POD_CONFIG_CMDS_H

int cmd_check(int argc, char **argv);
int cmd_compile(int argc, char **argv);
int cmd_set(int argc, char **argv);
int cmd_plan(int argc, char **argv);
int cmd_keys(int argc, char **argv);
int cmd_monitor(int argc, char **argv);
int cmd_seccomp(int argc, char **argv);

#endif
