/* SPDX-License-Identifier: Apache-2.0 */
/* Files of X cookies: entries of a family and four counted strings, all numbers big endian. */
#include <stdlib.h>
#include <string.h>

#include "tools/pod-display/x11.h"

enum { FAMILY_LOCAL = 256, FAMILY_WILD = 65535 };
enum { ADDRESS, NUMBER, NAME, DATA, STRINGS };

struct reader {
	const unsigned char *p;
	size_t left;
};

static bool take16(struct reader *r, unsigned *n)
{
	if (r->left < 2)
		return false;
	*n = (unsigned)r->p[0] << 8 | r->p[1];
	r->p += 2;
	r->left -= 2;
	return true;
}

static bool take_string(struct reader *r, const char **s, unsigned *len)
{
	if (!take16(r, len) || r->left < *len)
		return false;
	*s = (const char *)r->p;
	r->p += *len;
	r->left -= *len;
	return true;
}

static bool is_number(const char *s, unsigned len, unsigned number)
{
	char text[12], *end;

	if (len == 0) /* for all displays */
		return true;
	if (len >= sizeof(text))
		return false;
	memcpy(text, s, len);
	text[len] = '\0';
	return strtoul(text, &end, 10) == number && *end == '\0';
}

/* The host's name in an entry is not looked at: it is another one in each pod. */
bool x11_cookie_find(struct x11_cookie *k, const char *file, size_t len, unsigned number)
{
	struct reader r = {(const unsigned char *)file, len};
	const char *s[STRINGS];
	unsigned family, n[STRINGS];

	while (take16(&r, &family)) {
		for (int i = 0; i < STRINGS; i++)
			if (!take_string(&r, &s[i], &n[i]))
				return false;
		if ((family != FAMILY_LOCAL && family != FAMILY_WILD) ||
		    !is_number(s[NUMBER], n[NUMBER], number) || n[NAME] > sizeof(k->name) ||
		    n[DATA] > sizeof(k->data))
			continue;
		memcpy(k->name, s[NAME], n[NAME]);
		memcpy(k->data, s[DATA], n[DATA]);
		k->name_len = (int)n[NAME];
		k->data_len = (int)n[DATA];
		return true;
	}
	return false;
}
