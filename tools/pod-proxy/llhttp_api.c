/* SPDX-License-Identifier: Apache-2.0 */
/* See llhttp.c: these two cannot be read together with it. */
#include <llhttp.h>

#include <api.c>
#include <http.c>
