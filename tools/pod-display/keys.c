/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-display/keys.h"

#include <string.h>

#include <xkbcommon/xkbcommon.h>

#include "libcommon/path.h"
#include "tools/pod-display/screen.h"

/* What people write, and X11 does not know or means otherwise. */
static const struct {
	const char *name;
	xkb_keysym_t sym;
} ours[] = {
	{"ctrl", XKB_KEY_Control_L},
	{"control", XKB_KEY_Control_L},
	{"alt", XKB_KEY_Alt_L},
	{"altgr", XKB_KEY_ISO_Level3_Shift},
	{"shift", XKB_KEY_Shift_L},
	{"super", XKB_KEY_Super_L},
	{"win", XKB_KEY_Super_L},
	{"cmd", XKB_KEY_Super_L},
	{"meta", XKB_KEY_Meta_L},
	{"hyper", XKB_KEY_Hyper_L},
	{"enter", XKB_KEY_Return},
	{"esc", XKB_KEY_Escape},
	{"del", XKB_KEY_Delete},
	{"ins", XKB_KEY_Insert},
	{"pgup", XKB_KEY_Page_Up},
	{"pageup", XKB_KEY_Page_Up},
	{"pgdn", XKB_KEY_Page_Down},
	{"pagedown", XKB_KEY_Page_Down},
	{"plus", XKB_KEY_plus},
	{"minus", XKB_KEY_minus},
	{0},
};

uint32_t key_of_char(uint32_t c)
{
	if (c == '\n' || c == '\r')
		return XKB_KEY_Return;
	if ((c < ' ' && c != '\t') || (c >= 0x7f && c < 0xa0) || c > 0x10ffff)
		return XKB_KEY_NoSymbol;
	return xkb_utf32_to_keysym(c);
}

static uint32_t one_char(const char *name)
{
	size_t len = strlen(name);
	uint32_t c;

	return len > 0 && utf8_next(name, len, &c) == len ? key_of_char(c) : XKB_KEY_NoSymbol;
}

uint32_t key_sym(const char *name)
{
	uint32_t sym;

	for (size_t i = 0; ours[i].name; i++)
		if (strcasecmp(ours[i].name, name) == 0)
			return ours[i].sym;
	sym = one_char(name);
	if (sym == XKB_KEY_NoSymbol)
		sym = xkb_keysym_from_name(name, XKB_KEYSYM_NO_FLAGS);
	return sym != XKB_KEY_NoSymbol ? sym
				       : xkb_keysym_from_name(name, XKB_KEYSYM_CASE_INSENSITIVE);
}

/*
 * With Shift held, the key of 't' types 'T': a screen is told symbols, not keys, so the other
 * symbol is what such a chord has.  The keyboards of pods are ordinary ones.
 */
static uint32_t shifted(uint32_t sym)
{
	static const char plain[] = "`1234567890-=[]\\;',./", other[] = "~!@#$%^&*()_+{}|:\"<>?";
	const char *at = sym > 0 && sym < 0x7f ? strchr(plain, (int)sym) : NULL;

	return at ? (uint32_t)(unsigned char)other[at - plain] : xkb_keysym_to_upper(sym);
}

/* Up to the next '+', which is a key by itself where nothing stands before it: "ctrl++". */
static size_t name_len(const char *text)
{
	return *text == '+' ? 1 : strcspn(text, "+");
}

int chord_parse(struct chord *c, const char *text, struct err *e)
{
	const char *at = text;
	char name[64];

	*c = (struct chord){.n = 0};
	do {
		size_t len = name_len(at);

		if (c->n == CHORD_MAX)
			return err_set(e, ERR_PLAIN, "%s: more than %d keys at a time", esc(text),
				       CHORD_MAX);
		memcpy(name, at, len < sizeof(name) ? len : sizeof(name) - 1);
		name[len < sizeof(name) ? len : sizeof(name) - 1] = '\0';
		c->sym[c->n] = len && len < sizeof(name) ? key_sym(name) : XKB_KEY_NoSymbol;
		if (c->sym[c->n++] == XKB_KEY_NoSymbol)
			return err_set(e, ERR_PLAIN,
				       "\"%s\" is no key (in \"%s\"): one character, or a name as "
				       "in Return, F5, ctrl, Left",
				       esc(name), esc(text));
		at += len;
	} while (*at++ == '+');
	for (size_t i = 0, held = 0; i < c->n; i++) {
		if (held)
			c->sym[i] = shifted(c->sym[i]);
		held |= c->sym[i] == XKB_KEY_Shift_L || c->sym[i] == XKB_KEY_Shift_R;
	}
	return 0;
}
