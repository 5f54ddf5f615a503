/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a run said, made fit for a reader: a pod is hostile, and a terminal obeys what it is shown.
 */
#ifndef POD_SUPERVISE_CLEAN_H
#define POD_SUPERVISE_CLEAN_H

#include <stdbool.h>
#include <stddef.h>

#include "libcommon/buf.h"

enum clean_mode {
	CLEAN_NONE,     /* as it is */
	CLEAN_LINES,    /* for pipes: a terminal's line ends (CR LF) become newlines */
	CLEAN_TERMINAL, /* besides, of control sequences only colours (SGR) are let through */
};

struct clean {
	enum clean_mode mode;
	int state;    /* enum in clean.c */
	bool cr;      /* a CR that may belong to a LF */
	char seq[32]; /* a control sequence so far */
	size_t seq_len;
};

/* Append to out what is fit to be seen.  Sequences may be split between calls. */
void clean_text(struct clean *c, const char *in, size_t n, struct buf *out);

#endif
