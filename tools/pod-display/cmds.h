/* SPDX-License-Identifier: Apache-2.0 */
/* The commands of pod-display, a file each. */
#ifndef POD_DISPLAY_CMDS_H
#define POD_DISPLAY_CMDS_H

int cmd_serve(int argc, char **argv);
int cmd_doctor(int argc, char **argv);

#endif
