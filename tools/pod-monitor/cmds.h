/* SPDX-License-Identifier: Apache-2.0 */
/* The commands of pod-monitor, a file each.  They return the exit status. */
#ifndef POD_MONITOR_CMDS_H
#define POD_MONITOR_CMDS_H

int cmd_watch(int argc, char **argv);
int cmd_sample(int argc, char **argv);
int cmd_test(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_set_policy(int argc, char **argv);
int cmd_doctor(int argc, char **argv);
int cmd_show(int argc, char **argv);

#endif
