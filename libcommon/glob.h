/* SPDX-License-Identifier: Apache-2.0 */
/* Patterns over paths: '*' and '?' within a component, '**' across components, [a-z] [!a-z]. */
#ifndef LIBCOMMON_GLOB_H
#define LIBCOMMON_GLOB_H

#include <stdbool.h>

/* Has s any of the characters that make it a pattern? */
bool glob_is(const char *s);
/* Does the whole text match?  Time is at most proportional to both lengths multiplied. */
bool glob_match(const char *pattern, const char *text);

#endif
