/* SPDX-License-Identifier: Apache-2.0 */
/* What a sink plays, frame by frame into a pipe. */
#ifndef POD_AUDIO_CAPTURE_H
#define POD_AUDIO_CAPTURE_H

#include "libcommon/err.h"

/*
 * Until PipeWire goes, or the pipe does, or a signal comes: -errno with e set, whatever it was.  A
 * frame for which there is no room in the pipe, which is non-blocking, is left out.  As long as
 * nothing is played no callback runs and nothing is written.
 */
int capture_run(int out, const char *sink, struct err *e);

#endif
