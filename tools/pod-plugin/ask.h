/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One question to one plugin, in a process of its own, and what it printed: lines of JSON, whether
 * it is a shared object or a program.
 *	{"plugin":NAME,"abi":1,"summary":TEXT}     describe: once, first
 *	{"log":"found"|"note"|"error","text":TEXT} probe, plan
 *	{"need":KIND,…}                            plan (libcommon/need.h)
 */
#ifndef POD_PLUGIN_ASK_H
#define POD_PLUGIN_ASK_H

#include "libcommon/buf.h"
#include "libcommon/err.h"
#include "libcommon/need.h"
#include "tools/pod-plugin/find.h"

enum question { ASK_DESCRIBE, ASK_PROBE, ASK_PLAN };
extern const char *const question_words[];

struct said {
	char *summary;     /* describe */
	struct strv found; /* what the logs said, by level */
	struct strv notes, errors;
	struct need *needs; /* plan */
	size_t n_needs;
};

#define OWN_SAID __attribute__((cleanup(said_finish), unused))

void said_finish(struct said *s);

/*
 * Ask.  0; 1: it is not on this machine; -errno with e set, status 2: it failed, took too long or
 * said what nobody understands (what it logged as an error stands behind the message).
 * pod and opts (NULL-ended) are for ASK_PLAN.
 */
int plugin_ask(const struct plugin *p, enum question q, const char *pod, char *const *opts,
	       struct said *s, struct err *e);

/* The child's part, for a shared object: load it, call it, print.  Its exit status. */
int plugin_call(const struct plugin *p, enum question q, const char *pod, char *const *opts);

#endif
