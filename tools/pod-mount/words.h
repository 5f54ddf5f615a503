/* SPDX-License-Identifier: Apache-2.0 */
/* Words separated by blanks, as in fstab(5) and mountinfo: blank, tab, newline, backslash as \ooo.
 */
#ifndef POD_MOUNT_WORDS_H
#define POD_MOUNT_WORDS_H

#include <stddef.h>

#include "libcommon/buf.h"

void word_escape(struct buf *b, const char *s);
/* Caller frees. */
char *word_unescape(const char *s, size_t len);
/* Split at single blanks and unescape each; at most max words.  Returns their number. */
size_t line_split(struct strv *out, const char *line, size_t len, size_t max);

#endif
