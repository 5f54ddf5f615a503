/* SPDX-License-Identifier: Apache-2.0 */
/* Which of the new files are old ones under another name. */
#ifndef POD_MOUNT_SIMILAR_H
#define POD_MOUNT_SIMILAR_H

#include "tools/pod-mount/survey.h"

#define SIMILAR_DEFAULT 50u /* percent */

/*
 * Pair chosen additions with chosen deletions of files or links whose content is equal, or alike to
 * at least `least` percent: twin and similarity of both are set.  Work is bounded: with more than
 * some thousand files on both sides only equal ones are found (then false is returned).
 */
bool similar_find(struct survey *s, unsigned least);

#endif
