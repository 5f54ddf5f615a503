/* SPDX-License-Identifier: Apache-2.0 */
/* The commands of pod-screen, a file each.  They return the exit status. */
#ifndef POD_SCREEN_CMDS_H
#define POD_SCREEN_CMDS_H

int cmd_scan(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_rules(int argc, char **argv);
int cmd_serve(int argc, char **argv);

#endif
