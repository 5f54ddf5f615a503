/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-upload/name.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "libcommon/path.h"

#define EXTENSION_BYTES 16

/* The code point at *s, which is valid UTF-8, and the next one's place. */
static unsigned next_point(const char **s)
{
	const unsigned char *p = (const unsigned char *)*s;
	unsigned n = *p < 0x80 ? 1 : *p < 0xe0 ? 2 : *p < 0xf0 ? 3 : 4;
	unsigned point = n == 1 ? *p : *p & (0x7fu >> n);

	for (unsigned i = 1; i < n; i++)
		point = point << 6 | (p[i] & 0x3f);
	*s += n;
	return point;
}

/* Control characters, and those that are seen by nobody but turn what stands beside them. */
static bool steers(unsigned c)
{
	static const struct {
		unsigned from, to;
	} rows[] = {{0, 0x1f},        {0x7f, 0x9f},     {0x061c, 0x061c},
		    {0x200b, 0x200f}, {0x2028, 0x202e}, {0x2060, 0x206f},
		    {0xfeff, 0xfeff}, {0xfff9, 0xfffb}, {0xe0000, 0xe007f}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (c >= rows[i].from && c <= rows[i].to)
			return true;
	return false;
}

static const char *last_component(const char *s)
{
	const char *last = s;

	for (; *s; s++)
		if (*s == '/' || *s == '\\')
			last = s + 1;
	return last;
}

/* Where the extension begins, its dot included; the end when there is none. */
static const char *extension(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot && dot > name && strlen(dot) <= EXTENSION_BYTES ? dot : name + strlen(name);
}

/* No further than `most` bytes, and not within a character. */
static size_t cut(const char *s, size_t most)
{
	size_t n = strlen(s);

	if (n <= most)
		return n;
	for (n = most; n > 0 && ((unsigned char)s[n] & 0xc0) == 0x80;)
		n--;
	return n;
}

static int refuse(const char **why, const char *text)
{
	*why = text;
	return -EINVAL;
}

int name_clean(const char *given, size_t len, struct buf *out, const char **why)
{
	const char *name, *tail;

	if (memchr(given, 0, len) || !utf8_ok(given))
		return refuse(why, "a name must be UTF-8");
	name = last_component(given);
	for (const char *p = name; *p;)
		if (steers(next_point(&p)))
			return refuse(why, "a name must not have control characters");
	name += strspn(name, ".- ");
	if (!*name)
		return refuse(why, "a name must have more than dots and dashes");
	tail = extension(name);
	buf_clear(out);
	if (strlen(name) <= NAME_BYTES) {
		buf_str(out, name);
		return 0;
	}
	buf_add(out, name, cut(name, NAME_BYTES - strlen(tail)));
	buf_str(out, tail);
	return 0;
}

void name_numbered(const char *name, unsigned n, struct buf *out)
{
	const char *tail = extension(name);

	buf_clear(out);
	if (n == 0) {
		buf_str(out, name);
		return;
	}
	buf_add(out, name, (size_t)(tail - name));
	buf_fmt(out, "-%u%s", n, tail);
}
