/* SPDX-License-Identifier: Apache-2.0 */
/* Keeping a client of PipeWire quiet and small. */
#ifndef POD_AUDIO_QUIET_H
#define POD_AUDIO_QUIET_H

#include "libcommon/err.h"

/* Before pw_init(): its library says nothing on standard error, and no file can be written. */
void quiet_pipewire(void);
/* When all is connected: what libpipewire does then, in whichever of its threads, and nothing else.
 */
int quiet_lock_down(struct err *e);

#endif
