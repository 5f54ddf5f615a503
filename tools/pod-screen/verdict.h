/* SPDX-License-Identifier: Apache-2.0 */
/* What was found in one input, and telling it. */
#ifndef POD_SCREEN_VERDICT_H
#define POD_SCREEN_VERDICT_H

#include "libcommon/buf.h"
#include "tools/pod-screen/api.h"
#include "tools/pod-screen/screen.h"

struct verdict {
	const char *input; /* a file, "-" or "arguments" */
	bool is_api;       /* it was read as a body for an API */
	enum api api;
	bool understood;
	uint64_t bytes;
	struct hits hits;
};

/* Screen a body: its texts, and its bytes where it is not understood. */
void verdict_body(struct verdict *v, struct screen *s, const char *body, size_t len);
/* As one JSON object, no newline; with_fragments: what was found, too. */
void verdict_json(struct buf *b, const struct verdict *v, bool with_fragments);
/* As lines for people, to stdout: none where there is nothing to say. */
void verdict_print(const struct verdict *v);
void verdict_finish(struct verdict *v);

#endif
