/* SPDX-License-Identifier: Apache-2.0 */
/* The words for agents: eyes and hands. */
#ifndef POD_DISPLAY_AGENT_H
#define POD_DISPLAY_AGENT_H

int cmd_shot(int argc, char **argv);
int cmd_size(int argc, char **argv);
int cmd_pointer(int argc, char **argv);
int cmd_move(int argc, char **argv);
int cmd_click(int argc, char **argv);
int cmd_drag(int argc, char **argv);
int cmd_scroll(int argc, char **argv);
int cmd_type(int argc, char **argv);
int cmd_key(int argc, char **argv);
int cmd_wait_change(int argc, char **argv);
int cmd_record(int argc, char **argv);

#endif
