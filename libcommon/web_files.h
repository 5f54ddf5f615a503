/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files of a front, all of them read when it starts: a request's path is looked up in a table,
 * and never becomes the path of a file.
 */
#ifndef LIBCOMMON_WEB_FILES_H
#define LIBCOMMON_WEB_FILES_H

#include <stddef.h>

#include "libcommon/err.h"
#include "libcommon/web.h"

#define WEB_FILES_MAX   2000
#define WEB_FILES_BYTES (32u << 20) /* together */

struct web_file {
	char *path;       /* as it is asked for: "/core/rfb.js" */
	const char *type; /* Content-Type */
	char tag[36];     /* ETag: by its contents, in quotes */
	char *data;
	size_t len;
};

struct web_files {
	struct web_file *v;
	size_t n, bytes;
};

/*
 * Read what lies below dir, under paths that begin with prefix ("" or "/vendor"): directories and
 * regular files whose kind is known and whose names have no leading '.'; links are not followed.
 * What is in the table already stays.  -errno with e set.
 */
int web_files_read(struct web_files *f, const char *dir, const char *prefix, struct err *e);
void web_files_finish(struct web_files *f);

const struct web_file *web_files_find(const struct web_files *f, const char *path);
/* 200 with it, or 304 where the client has it. */
void web_files_answer(struct web_request *q, const struct web_file *file);

#endif
