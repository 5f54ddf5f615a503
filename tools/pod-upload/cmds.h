/* SPDX-License-Identifier: Apache-2.0 */
/* Every command; see the table in main.c. */
#ifndef POD_UPLOAD_CMDS_H
#define POD_UPLOAD_CMDS_H

int cmd_serve(int argc, char **argv);
int cmd_put(int argc, char **argv);
int cmd_pack(int argc, char **argv);
int cmd_unpack(int argc, char **argv);

#endif
