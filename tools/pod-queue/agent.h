/* SPDX-License-Identifier: Apache-2.0 */
/* Asking the queue from inside a pod. */
#ifndef POD_QUEUE_AGENT_H
#define POD_QUEUE_AGENT_H

#include "libcommon/buf.h"
#include "libcommon/err.h"

/* A line there, with its newline, and the line that comes back. */
int agent_ask(const struct buf *line, struct buf *answer, struct err *e);
/* The exit status that a status or an error of an answer stands for. */
int agent_status(const char *word);

/* The words that mean something else with a pod's name behind them. */
int agent_actions(void);
int agent_cancel(const char *id);

#endif
