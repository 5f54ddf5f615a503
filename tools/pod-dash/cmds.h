/* SPDX-License-Identifier: Apache-2.0 */
/* pod-dash's commands. */
#ifndef POD_DASH_CMDS_H
#define POD_DASH_CMDS_H

#include "libcommon/buf.h"
#include "libcommon/err.h"

#define DASH_PORT 9090

int cmd_serve(int argc, char **argv);
int cmd_link(int argc, char **argv);
int cmd_token(int argc, char **argv);
int cmd_sessions(int argc, char **argv);
int cmd_revoke(int argc, char **argv);
int cmd_stop(int argc, char **argv);
int cmd_routes(int argc, char **argv);

/* RUN/dash, made when missing. */
int dash_dir(struct err *e);
/* One line to the one that serves, all of its answer. */
int dash_ask(const char *line, struct buf *answer, struct err *e);

#endif
