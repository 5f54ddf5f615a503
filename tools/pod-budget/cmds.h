/* SPDX-License-Identifier: Apache-2.0 */
#ifndef POD_BUDGET_CMDS_H
#define POD_BUDGET_CMDS_H

int cmd_show(int argc, char **argv);
int cmd_meter(int argc, char **argv);

#endif
