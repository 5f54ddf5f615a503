/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-screen/wide.h"

#include <stdint.h>
#include <string.h>
#include <unistr.h>

struct form {
	unsigned size; /* bytes of a unit; 0: neither */
	bool is_big;
	unsigned mark; /* bytes of the byte order mark */
};

/* As Python's json goes by: a mark, or where the NULs of the first two characters are. */
static struct form form_of(const unsigned char *b, size_t len)
{
	if (len < 4)
		return (struct form){0};
	if (memcmp(b, "\0\0\xfe\xff", 4) == 0)
		return (struct form){4, true, 4};
	if (memcmp(b, "\xff\xfe\0\0", 4) == 0)
		return (struct form){4, false, 4};
	if (memcmp(b, "\xfe\xff", 2) == 0)
		return (struct form){2, true, 2};
	if (memcmp(b, "\xff\xfe", 2) == 0)
		return (struct form){2, false, 2};
	if (!b[0])
		return (struct form){b[1] ? 2 : 4, true, 0};
	if (!b[1])
		return (struct form){b[2] || b[3] ? 2 : 4, false, 0};
	return (struct form){0};
}

static uint32_t unit_at(const unsigned char *b, const struct form *f)
{
	uint32_t u = 0;

	for (unsigned i = 0; i < f->size; i++)
		u = u << 8 | b[f->is_big ? i : f->size - 1 - i];
	return u;
}

static void put(struct buf *to, uint32_t c)
{
	uint8_t utf8[6];
	const int n = c ? u8_uctomb(utf8, c, sizeof(utf8)) : -1;

	if (n > 0)
		buf_add(to, utf8, (size_t)n);
	else
		buf_str(to, "\xef\xbf\xbd");
}

bool wide_read(const char *body, size_t len, struct buf *to)
{
	const unsigned char *b = (const unsigned char *)body;
	const struct form f = form_of(b, len);

	if (!f.size)
		return false;
	buf_str(to, "");
	for (size_t i = f.mark; i + f.size <= len; i += f.size) {
		uint32_t c = unit_at(b + i, &f), low;

		if (f.size == 2 && c >= 0xd800 && c < 0xdc00 && i + 4 <= len) {
			low = unit_at(b + i + 2, &f);
			if (low >= 0xdc00 && low < 0xe000) {
				c = 0x10000u + ((c - 0xd800) << 10) + (low - 0xdc00);
				i += 2;
			}
		}
		put(to, c);
	}
	return true;
}
