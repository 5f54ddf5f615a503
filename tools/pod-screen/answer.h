/* SPDX-License-Identifier: Apache-2.0 */
/* The question of a pod's injector, answered: libcommon/screening.h. */
#ifndef POD_SCREEN_ANSWER_H
#define POD_SCREEN_ANSWER_H

#include "libcommon/screening.h"
#include "tools/pod-screen/verdict.h"

/* Do we know all of its categories? */
bool answer_knows(const struct screen_question *q);
/* What rules of its categories say to the body; each rule once. */
void answer_of(struct screen *s, const struct screen_question *q, const char *body,
	       struct screen_answer *a);

#endif
