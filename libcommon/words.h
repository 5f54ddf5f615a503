/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Several words in one value of a plan: separated by one blank each; blanks, control bytes and
 * backslashes in them are written as \040, three octal digits.
 */
#ifndef LIBCOMMON_WORDS_H
#define LIBCOMMON_WORDS_H

#include "libcommon/buf.h"

/* Add the words of value to s.  -EINVAL: an empty one, or an escape that is none of ours. */
int words_split(struct strv *s, const char *value);
/* Add a word behind what is there; word is not empty. */
void words_add(struct buf *b, const char *word);

#endif
