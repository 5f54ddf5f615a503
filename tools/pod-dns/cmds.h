/* SPDX-License-Identifier: Apache-2.0 */
/* The commands of pod-dns; each returns the exit status. */
#ifndef POD_DNS_CMDS_H
#define POD_DNS_CMDS_H

#include "libcommon/err.h"
#include "libcommon/plan.h"
#include "libcommon/pod.h"

int cmd_serve(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_edit(int argc, char **argv);
int cmd_why(int argc, char **argv);
int cmd_learn(int argc, char **argv);
int cmd_doctor(int argc, char **argv);

/* Open a pod, its plan, and the rules that hold for it now; NULL with e set. */
struct rules;
struct rules *rules_of_pod(const char *name, struct pod *pod, struct plan *plan, struct err *e);

#endif
