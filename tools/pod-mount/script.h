/* SPDX-License-Identifier: Apache-2.0 */
/* Which elements of one sequence go, and which of another come, to turn the one into the other. */
#ifndef POD_MOUNT_SCRIPT_H
#define POD_MOUNT_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Equal numbers are equal elements.  gone[na] and come[nb], all false before, become true where an
 * element is on one side only; what is left is the same sequence on both sides.  The script is the
 * shortest where that can be found at a reasonable price; time is bounded for every input and
 * memory is linear, and the answer depends on nothing but the two sequences.
 */
void script_make(const uint32_t *a, size_t na, const uint32_t *b, size_t nb, bool *gone,
		 bool *come);

#endif
