/* SPDX-License-Identifier: Apache-2.0 */
/* The distribution's llhttp comes as sources, to be compiled in: here they are, and in
 * llhttp_api.c. */
#include <llhttp.h>

#include <llhttp.c>
