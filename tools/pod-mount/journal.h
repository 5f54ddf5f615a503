/* SPDX-License-Identifier: Apache-2.0 */
#ifndef POD_MOUNT_JOURNAL_H
#define POD_MOUNT_JOURNAL_H
#include "libcommon/err.h"
#include "libcommon/pod.h"
int journal_recover(const struct pod *p, struct err *e);
#endif
