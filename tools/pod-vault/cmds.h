/* SPDX-License-Identifier: Apache-2.0 */
/* The commands of pod-vault; each returns the exit status. */
#ifndef POD_VAULT_CMDS_H
#define POD_VAULT_CMDS_H

#include "libcommon/err.h"

int cmd_set(int argc, char **argv);
int cmd_get(int argc, char **argv);
int cmd_list(int argc, char **argv);
int cmd_rm(int argc, char **argv);
int cmd_import(int argc, char **argv);
int cmd_export(int argc, char **argv);
int cmd_share(int argc, char **argv);
int cmd_unshare(int argc, char **argv);
int cmd_rotate(int argc, char **argv);
int cmd_unlock(int argc, char **argv);
int cmd_lock(int argc, char **argv);
int cmd_forget(int argc, char **argv);
int cmd_bind(int argc, char **argv);
int cmd_unbind(int argc, char **argv);
int cmd_bindings(int argc, char **argv);
int cmd_compile(int argc, char **argv);
int cmd_feed(int argc, char **argv);
int cmd_doctor(int argc, char **argv);
int cmd_env(int argc, char **argv);
int cmd_push(int argc, char **argv);

/*
 * The positional words of a command about POD, or about --scope NAME: where the words behind the
 * pod begin, at least min and at most max of them (-1: any number).  Ends the program (64).
 */
char **words_after(int n, char **argv, const char *scope, int min, int max);

#endif
