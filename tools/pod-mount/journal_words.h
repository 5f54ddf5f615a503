/* SPDX-License-Identifier: Apache-2.0 */
/* What the writer and the reader of journals share. */
#ifndef POD_MOUNT_JOURNAL_WORDS_H
#define POD_MOUNT_JOURNAL_WORDS_H

#include "tools/pod-mount/journal.h"

extern const char *const step_verbs[STEP_VERBS];

#endif
