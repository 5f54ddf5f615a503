/* SPDX-License-Identifier: Apache-2.0 */
/* The first line of an HTTP/1 answer, from a server nobody trusts. */
#ifndef POD_SUPERVISE_ANSWER_H
#define POD_SUPERVISE_ANSWER_H

#include <stddef.h>

#define ANSWER_MAX 256 /* bytes of a status line; a longer one is none */

/* Its status, 100 to 599; -EAGAIN: not whole yet; -EBADMSG: this is no HTTP/1. */
int answer_status(const char *data, size_t len);

#endif
