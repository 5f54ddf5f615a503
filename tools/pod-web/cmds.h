/* SPDX-License-Identifier: Apache-2.0 */
#ifndef POD_WEB_CMDS_H
#define POD_WEB_CMDS_H

int cmd_serve(int argc, char **argv);
int cmd_link(int argc, char **argv);
int cmd_sessions(int argc, char **argv);
int cmd_revoke(int argc, char **argv);
int cmd_doctor(int argc, char **argv);

#endif
