/* SPDX-License-Identifier: Apache-2.0 */
/* An edit of the names can be taken back to the entry, and is not where somebody edited it since.
 */
#ifndef POD_DNS_TAKEBACK_H
#define POD_DNS_TAKEBACK_H

#include "libcommon/undo.h"
#include "tools/pod-dns/book.h"

/*
 * Take out these entries and put in those (texts of book_text()).  What has ended by now is passed
 * over.  Status 3, and nothing is changed, where one to be taken out is not there as it is said, or
 * the place of one to be put in is taken.
 */
int takeback_apply(struct book *b, const struct strv *out, const struct strv *in, int64_t now,
		   struct err *e);

/* Register what the book's changes came to; id is "" where nothing did. */
int takeback_register(const struct book *b, const struct pod *p, char id[UNDO_ID], struct err *e);

#endif
