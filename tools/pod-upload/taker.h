/* SPDX-License-Identifier: Apache-2.0 */
/* One connection of `pod-upload serve`: a line, a file, an answer. */
#ifndef POD_UPLOAD_TAKER_H
#define POD_UPLOAD_TAKER_H

#include "tools/pod-upload/place.h"

#define TAKER_PATIENCE_MS 30000 /* without a byte */

/* Talk to whoever is at the other end of fd, non-blocking; the directory is open, we are locked
 * down.  0 when the file is there. */
int taker_run(int fd, struct place *p);

/* An error's answer, for who cannot even begin. */
void taker_refuse(int fd, const char *code, const char *message);

#endif
