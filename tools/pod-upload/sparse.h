/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a file has data: in an archive as GNU's sparse format 0.1 for pax, which other tars read,
 * too.  Without it a terabyte of nothing would be a terabyte to send.
 */
#ifndef POD_UPLOAD_SPARSE_H
#define POD_UPLOAD_SPARSE_H

#include <stddef.h>
#include <stdint.h>

#include "libcommon/tar.h"

#define SPARSE_MAX 8192 /* parts of a file that are told apart */

struct part {
	uint64_t at, len;
};

struct sparse {
	struct part *v;
	size_t n;
	uint64_t size; /* of the file, its holes included */
	uint64_t data; /* of its parts together */
};

#define OWN_SPARSE __attribute__((cleanup(sparse_finish)))

void sparse_finish(struct sparse *s);

/* Look at an open file of that size; without holes it is one part. */
void sparse_find(struct sparse *s, int fd, uint64_t size);
/* The records of an entry whose content are the parts; none for a file without holes. */
void sparse_say(const struct sparse *s, struct tar_entry *t);
/* What an entry says: -EINVAL when its parts are not in order, or are not what its size is. */
int sparse_read(struct sparse *s, const struct tar_entry *t);

#endif
