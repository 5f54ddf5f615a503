/* SPDX-License-Identifier: Apache-2.0 */
/* The compiled programs, as bytes of our own: nothing is looked for on disk. */
#include "tools/pod-trace/object.h"

const unsigned char object_bytes[] __attribute__((aligned(8))) = {
#include "tools/pod-trace/bpf/programs.inc"
};
const size_t object_size = sizeof(object_bytes);
