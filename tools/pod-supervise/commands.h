/* SPDX-License-Identifier: Apache-2.0 */
/* The commands of pod-supervise(1); argv[0] is the word, the result the exit status. */
#ifndef POD_SUPERVISE_COMMANDS_H
#define POD_SUPERVISE_COMMANDS_H

#include "tools/pod-supervise/set.h"

int cmd_run(int argc, char **argv);
int cmd_attach(int argc, char **argv);
int cmd_stop(int argc, char **argv);
int cmd_status(int argc, char **argv);
int cmd_logs(int argc, char **argv);
int cmd_health(int argc, char **argv);
int cmd_session(int argc, char **argv);
int cmd_helpers(int argc, char **argv);
/* A word of helpers */
int cmd_wake(const char *pod, enum set set);

#endif
