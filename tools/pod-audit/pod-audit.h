/* SPDX-License-Identifier: Apache-2.0 */
/* The commands of pod-audit(1), one file each; argv[0] is the word, the result the exit status. */
#ifndef POD_AUDIT_H
#define POD_AUDIT_H

int cmd_append(int argc, char **argv);
int cmd_query(int argc, char **argv);
int cmd_follow(int argc, char **argv);
int cmd_export(int argc, char **argv);
int cmd_verify(int argc, char **argv);
int cmd_key(int argc, char **argv);
int cmd_checkpoint(int argc, char **argv);
int cmd_security(int argc, char **argv);
int cmd_events(int argc, char **argv);
int cmd_doctor(int argc, char **argv);

#endif
