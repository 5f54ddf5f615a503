/* SPDX-License-Identifier: Apache-2.0 */
/* Every command; see the table in main.c. */
#ifndef POD_AUDIO_CMDS_H
#define POD_AUDIO_CMDS_H

int cmd_serve(int argc, char **argv);

#endif
