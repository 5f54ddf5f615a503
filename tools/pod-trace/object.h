/* SPDX-License-Identifier: Apache-2.0 */
#ifndef POD_TRACE_OBJECT_H
#define POD_TRACE_OBJECT_H

#include <stddef.h>

/* bpf/programs.c as the compiler made it. */
extern const unsigned char object_bytes[];
extern const size_t object_size;

#endif
