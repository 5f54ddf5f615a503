/* SPDX-License-Identifier: Apache-2.0 */
#ifndef POD_TRACE_CMDS_H
#define POD_TRACE_CMDS_H

int cmd_watch(int argc, char **argv);
int cmd_doctor(int argc, char **argv);

#endif
