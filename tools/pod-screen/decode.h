/* SPDX-License-Identifier: Apache-2.0 */
/* Texts inside a text: what is written in another alphabet so as not to be read. */
#ifndef POD_SCREEN_DECODE_H
#define POD_SCREEN_DECODE_H

#include "tools/pod-screen/fold.h"

/*
 * Append to out what base64, hexadecimal digits and escapes (%41, \x41, \u0041, &#65;) in text
 * hold, where that is text again: once, not again and again.  PIECE_APART stands between the
 * findings.
 */
void decode(struct piece *out, const char *text, size_t len);

/*
 * From a folded text, with its from: the neighbourhood of words in which digits may stand for
 * letters; and letters that stand apart, put together.
 */
void leet(struct piece *out, const struct piece *folded);
void squeeze(struct piece *out, const struct piece *folded);

#endif
