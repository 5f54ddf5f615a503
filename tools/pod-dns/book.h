/* SPDX-License-Identifier: Apache-2.0 */
/* policy/dns.json as a list that can be changed and written back. */
#ifndef POD_DNS_BOOK_H
#define POD_DNS_BOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libcommon/pod.h"
#include "tools/pod-dns/policy.h"

struct book_entry {
	enum policy_list list; /* LIST_COUNT: taken out */
	char *name, *to;       /* to: "" but for remaps */
	int64_t until;
};

struct book {
	struct book_entry *v;
	size_t n, cap;
	uint32_t *index; /* by list and pattern: a hundred thousand may be put in at once */
	size_t n_index;
	int dir; /* policy/, locked */
	struct strv taken,
		put; /* since it was opened; what was put and taken again is in neither */
};

#define BOOK_INIT         \
	{                 \
		.dir = -1 \
	}

/* Read it under a lock that others who want to change it wait for; none there is an empty one. */
int book_open(struct book *b, const struct pod *p, struct err *e);
void book_finish(struct book *b);

/* Put an entry in the place of one with the same pattern. */
void book_put(struct book *b, const struct policy_entry *entry);
/* Take out all entries of a list with this pattern, whatever their ports; how many there were. */
unsigned book_take(struct book *b, enum policy_list list, const char *pattern);

/* What all puts and takes came to, as texts of entries ("LIST NAME TO UNTIL", libcommon/words.h).
 */
char *book_text(const struct policy_entry *entry); /* caller frees */
/* The entry of a text; its strings are words[1] and words[2].  -EINVAL. */
int book_entry_parse(struct policy_entry *entry, struct strv *words, const char *text);
/* Is this very entry there?  any: or another of the same list and pattern. */
bool book_has(const struct book *b, const struct policy_entry *entry, bool any);

/* Replace the file in one step; entries that have ended are left out. */
int book_write(const struct book *b, int64_t now, const struct pod *p, struct err *e);

/* The same name and stars?  Case, a last dot and ports do not matter. */
bool pattern_equal(const char *a, const char *b);

#endif
