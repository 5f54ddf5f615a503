/* SPDX-License-Identifier: Apache-2.0 */
/* Every command; argv[0] is the word. */
#ifndef POD_PROXY_CMDS_H
#define POD_PROXY_CMDS_H

int cmd_ca(int argc, char **argv);
int cmd_relay(int argc, char **argv);
int cmd_inject(int argc, char **argv);
int cmd_forward(int argc, char **argv);
int cmd_ports(int argc, char **argv);
int cmd_expose(int argc, char **argv);
int cmd_doctor(int argc, char **argv);

#endif
