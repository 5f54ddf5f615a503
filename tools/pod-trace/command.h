/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who runs what: the command of each process of the pod, by its number on the host, as exec and
 * fork told.  A process that is gone keeps its place until another has its number: what it wrote
 * may be heard of later than its end.
 */
#ifndef POD_TRACE_COMMAND_H
#define POD_TRACE_COMMAND_H

#include <stddef.h>
#include <stdint.h>

#define COMMAND_TEXT 512

struct command {
	unsigned users;
	uint64_t serial, root;
	uint32_t pid;        /* in the pod */
	char *text;          /* its words, with blanks between */
	struct command *run; /* the run's own, NULL: itself, or not known */
};

struct commands {
	struct place {
		uint32_t tgid;
		struct command *command;
	} * places;
};

void commands_init(struct commands *c);
void commands_finish(struct commands *c);

/* This process has executed it; its run is that of what the process, or its parent, did before. */
void command_note(struct commands *c, uint32_t tgid, const struct command *fresh, const char *text);
/* It was forked by parent. */
void command_fork(struct commands *c, uint32_t tgid, uint32_t parent, uint64_t serial);
/* The run's own command, of one; NULL where that is not known. */
const struct command *command_root(const struct command *of);
/* NULL: nobody saw it begin. */
const struct command *command_of(const struct commands *c, uint32_t tgid);

#endif
