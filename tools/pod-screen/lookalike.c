/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Letters of other scripts that are drawn like a Latin one, after compatibility forms, accents and
 * capitals are gone.  Sorted by code point.
 */
#include <stdlib.h>

#include "tools/pod-screen/fold.h"

struct pair {
	uint32_t looks, like;
};

static const struct pair pairs[] = {
	{0x00df, 'b'}, /* sharp s */
	{0x00e6, 'a'}, {0x00f0, 'd'}, {0x00f8, 'o'}, {0x0111, 'd'}, {0x0127, 'h'}, {0x0131, 'i'},
	{0x0138, 'k'}, {0x0142, 'l'}, {0x0153, 'o'}, {0x0167, 't'}, {0x0180, 'b'}, {0x0192, 'f'},
	{0x0199, 'k'}, {0x019a, 'l'}, {0x019e, 'n'}, {0x01a5, 'p'}, {0x01ad, 't'}, {0x01b4, 'y'},
	{0x01b6, 'z'}, {0x0251, 'a'}, {0x0253, 'b'}, {0x0256, 'd'}, {0x0257, 'd'}, {0x025b, 'e'},
	{0x0260, 'g'}, {0x0261, 'g'}, {0x0262, 'g'}, {0x0266, 'h'}, {0x0268, 'i'}, {0x0269, 'i'},
	{0x026a, 'i'}, {0x0271, 'm'}, {0x0272, 'n'}, {0x0273, 'n'}, {0x0274, 'n'}, {0x0275, 'o'},
	{0x027c, 'r'}, {0x027d, 'r'}, {0x0280, 'r'}, {0x0282, 's'}, {0x0289, 'u'}, {0x028b, 'u'},
	{0x028f, 'y'}, {0x0299, 'b'}, {0x029c, 'h'}, {0x029f, 'l'}, {0x03b1, 'a'}, {0x03b2, 'b'},
	{0x03b3, 'y'}, {0x03b5, 'e'}, {0x03b7, 'n'}, {0x03b9, 'i'}, {0x03ba, 'k'}, {0x03bd, 'v'},
	{0x03bf, 'o'}, {0x03c1, 'p'}, {0x03c3, 'o'}, {0x03c4, 't'}, {0x03c5, 'u'}, {0x03c7, 'x'},
	{0x03c9, 'w'}, {0x03f2, 'c'}, {0x03f3, 'j'}, {0x0430, 'a'}, {0x0432, 'b'}, {0x0433, 'r'},
	{0x0435, 'e'}, {0x043a, 'k'}, {0x043c, 'm'}, {0x043d, 'h'}, {0x043e, 'o'}, {0x0440, 'p'},
	{0x0441, 'c'}, {0x0442, 't'}, {0x0443, 'y'}, {0x0445, 'x'}, {0x044c, 'b'}, {0x0455, 's'},
	{0x0456, 'i'}, {0x0458, 'j'}, {0x045b, 'h'}, {0x0475, 'v'}, {0x04af, 'y'}, {0x04bb, 'h'},
	{0x04cf, 'l'}, {0x04d5, 'a'}, {0x0501, 'd'}, {0x051b, 'q'}, {0x051d, 'w'}, {0x0561, 'w'},
	{0x0563, 'q'}, {0x0566, 'q'}, {0x0570, 'h'}, {0x0578, 'n'}, {0x057c, 'n'}, {0x057d, 'u'},
	{0x0581, 'g'}, {0x0584, 'f'}, {0x0585, 'o'}, {0x10e7, 'y'}, {0x10ff, 'o'}, {0x1d00, 'a'},
	{0x1d04, 'c'}, {0x1d05, 'd'}, {0x1d07, 'e'}, {0x1d0a, 'j'}, {0x1d0b, 'k'}, {0x1d0d, 'm'},
	{0x1d0f, 'o'}, {0x1d18, 'p'}, {0x1d1b, 't'}, {0x1d1c, 'u'}, {0x1d20, 'v'}, {0x1d21, 'w'},
	{0x1d22, 'z'}, {0x1d83, 'g'}, {0x1e9d, 's'}, {0xa730, 'f'}, {0xa731, 's'}, {0xab52, 'u'},
	{0xab70, 'd'}, {0xab71, 'r'}, {0xab72, 't'}, {0xab75, 'i'}, {0xab83, 'w'}, {0xab87, 'h'},
	{0xab8d, 'y'}, {0xab93, 's'}, {0xab9f, 'l'}, {0xaba2, 'p'}, {0xabaa, 'v'}, {0xabb6, 'k'},
};

static int compare(const void *a, const void *b)
{
	const uint32_t key = *(const uint32_t *)a, looks = ((const struct pair *)b)->looks;

	return key < looks ? -1 : key > looks;
}

uint32_t lookalike(uint32_t c)
{
	const struct pair *p =
		bsearch(&c, pairs, sizeof(pairs) / sizeof(pairs[0]), sizeof(pairs[0]), compare);

	return p ? p->like : c;
}
