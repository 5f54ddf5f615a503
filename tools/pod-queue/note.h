/* SPDX-License-Identifier: Apache-2.0 */
/* Events of the queue, in the pod's audit log. */
#ifndef POD_QUEUE_NOTE_H
#define POD_QUEUE_NOTE_H

#include "libcommon/err.h"
#include "libcommon/pod.h"
#include "tools/pod-queue/action.h"

/*
 * Record what became of an action, synced: id, name, type, tier, digest; status, reason, by whom it
 * was approved, where it says so.  by: who did it, NULL: nobody in particular.
 */
int note_action(const struct pod *p, const char *event, const struct action *a, const char *by,
		struct err *e);
/* The same where nothing more can be done about a failure than to say so. */
void note_said(const struct pod *p, const char *event, const struct action *a, const char *by);

#endif
