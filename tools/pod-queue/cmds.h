/* SPDX-License-Identifier: Apache-2.0 */
/* The commands of pod-queue(1); argv[0] is the word, the result the exit status. */
#ifndef POD_QUEUE_CMDS_H
#define POD_QUEUE_CMDS_H

int cmd_serve(int argc, char **argv);
/* POD ID: one that lies in running/.  0 when it has ended, well or not: its file says. */
int cmd_execute(int argc, char **argv);
/* POD ID: POD_EXIT_REFUSED where what it did has changed since. */
int cmd_reverse(int argc, char **argv);
/* Inside a pod */
int cmd_submit(int argc, char **argv);
int cmd_call(int argc, char **argv);
int cmd_list(int argc, char **argv);
int cmd_poll(int argc, char **argv);
int cmd_wait(int argc, char **argv);
/* Both */
int cmd_actions(int argc, char **argv);
int cmd_cancel(int argc, char **argv);
/* For a person */
int cmd_govern(int argc, char **argv);
int cmd_queue(int argc, char **argv);
int cmd_approve(int argc, char **argv);
int cmd_deny(int argc, char **argv);

#endif
