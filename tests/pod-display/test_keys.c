/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-display/keys.h"

#include <xkbcommon/xkbcommon-keysyms.h>

#include "tests/lib/tap.h"

static void names(void)
{
	is_int(key_sym("Return"), XKB_KEY_Return, "X11's name");
	is_int(key_sym("return"), XKB_KEY_Return, "in any case");
	is_int(key_sym("Enter"), XKB_KEY_Return, "one of ours");
	is_int(key_sym("ctrl"), XKB_KEY_Control_L, "a modifier");
	is_int(key_sym("a"), 'a', "a small letter");
	is_int(key_sym("A"), 'A', "is another than a capital");
	is_int(key_sym("é"), 0xe9, "Latin-1");
	is_int(key_sym("€"), XKB_KEY_EuroSign, "one with a name of its own");
	is_int(key_sym("漢"), 0x1000000 | 0x6f22, "any other character");
	is_int(key_sym("F12"), XKB_KEY_F12, "F12");
	is_int(key_sym("nosuch"), 0, "no key");
	is_int(key_sym(""), 0, "nothing");
	is_int(key_sym("\xff"), 0, "what is no UTF-8");
}

static void chords(void)
{
	struct err e = {0};
	struct chord c;

	is_int(chord_parse(&c, "ctrl+shift+t", &e), 0, "ctrl+shift+t");
	ok(c.n == 3 && c.sym[0] == XKB_KEY_Control_L && c.sym[1] == XKB_KEY_Shift_L &&
		   c.sym[2] == 'T',
	   "in its order, with what Shift makes of it");
	ok(chord_parse(&c, "shift+1+F5", &e) == 0 && c.sym[1] == '!' && c.sym[2] == XKB_KEY_F5,
	   "of a digit, too, and of no function key");
	ok(chord_parse(&c, "t+shift", &e) == 0 && c.sym[0] == 't',
	   "not of what is pressed before it");
	ok(chord_parse(&c, "ctrl++", &e) == 0 && c.n == 2 && c.sym[1] == '+', "plus itself");
	ok(chord_parse(&c, "+", &e) == 0 && c.n == 1 && c.sym[0] == '+', "and alone");
	ok(chord_parse(&c, "", &e) < 0, "no key");
	ok(chord_parse(&c, "ctrl+", &e) < 0, "half a chord");
	ok(chord_parse(&c, "ctrl+nosuch", &e) < 0 && strstr(e.msg, "nosuch"),
	   "a wrong name is said");
	ok(chord_parse(&c, "a+b+c+d+e+f", &e) == 0, "six keys");
	ok(chord_parse(&c, "a+b+c+d+e+f+g", &e) < 0, "seven are too many");
	ok(chord_parse(&c,
		       "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
		       &e) < 0,
	   "a name longer than any");
}

static void characters(void)
{
	is_int(key_of_char('\n'), XKB_KEY_Return, "a new line is Return");
	is_int(key_of_char('\t'), XKB_KEY_Tab, "and a tab Tab");
	is_int(key_of_char(0x1f642), 0x1000000 | 0x1f642, "any other character");
	is_int(key_of_char(1), 0, "no key types a control character");
	is_int(key_of_char(0x9f), 0, "of either set");
}

int main(void)
{
	names();
	chords();
	characters();
	return done_testing();
}
