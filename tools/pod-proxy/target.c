/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-proxy/target.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "libcommon/own.h"
#include "libcommon/path.h"

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 32);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The byte that stands as %XX at s, or -1. */
static int percent(const char *s)
{
	int high, low;

	if (s[0] != '%')
		return -1;
	high = digit(s[1]);
	low = high < 0 ? -1 : digit(s[2]);
	return low < 0 ? -1 : high << 4 | low;
}

/* Not what some server takes for a separator, the end, or for one more encoding. */
static bool is_plain(int c, const char *behind)
{
	if (c < ' ' || c == 0x7f || c == '/' || c == '\\')
		return false;
	return c != '%' || digit(behind[0]) < 0 || digit(behind[1]) < 0;
}

static int decode(const char *s, size_t len, struct buf *path)
{
	for (const char *end = s + len; s < end; s++) {
		int c = (unsigned char)*s;

		if (c == '%') {
			c = end - s > 2 ? percent(s) : -1;
			if (c < 0 || !is_plain(c, s + 3))
				return -EINVAL;
			s += 2;
		} else if (c <= ' ' || c == 0x7f || c == '\\' || c == '#') {
			return -EINVAL;
		}
		buf_char(path, (char)c);
	}
	return utf8_ok(path->data) ? 0 : -EINVAL;
}

/* "", "." and ".." are taken out by some, and what follows ';' by others. */
static bool is_odd_segment(const char *s, size_t len, bool last)
{
	size_t n = 0;

	while (n < len && s[n] != ';')
		n++;
	if (n == 0)
		return len > 0 || !last;
	return (n == 1 && s[0] == '.') || (n == 2 && s[0] == '.' && s[1] == '.');
}

static int check_segments(const char *path)
{
	for (const char *s = path + 1;;) {
		const char *end = strchrnul(s, '/');

		if (is_odd_segment(s, (size_t)(end - s), !*end))
			return -EINVAL;
		if (!*end)
			return 0;
		s = end + 1;
	}
}

int target_path(const char *target, struct buf *path)
{
	if (target[0] != '/' || decode(target, strcspn(target, "?"), path) < 0)
		return -EINVAL;
	return check_segments(path->data);
}

bool target_match(const char *glob, const char *path)
{
	const char *star = NULL, *from = NULL;

	while (*path) {
		if (*glob == '*') {
			star = ++glob;
			from = path;
		} else if (*glob == *path) {
			glob++, path++;
		} else if (star) {
			glob = star;
			path = ++from;
		} else {
			return false;
		}
	}
	return glob[strspn(glob, "*")] == '\0';
}

/* The name of a query word, as a server decodes it. */
static void word_name(const char *word, size_t len, struct buf *name)
{
	const char *end = memchr(word, '=', len);

	end = end ? end : word + len;
	buf_clear(name);
	for (; word < end; word++) {
		int c = end - word > 2 ? percent(word) : -1;

		if (c > 0)
			word += 2;
		buf_char(name, (char)(c > 0 ? c : *word == '+' ? ' ' : *word));
	}
	buf_char(name, '\0');
}

size_t target_without(const char *target, bool (*is_named)(const void *arg, const char *name),
		      const void *arg, struct buf *out)
{
	OWN_BUF struct buf name = BUF_INIT;
	const char *s = target + strcspn(target, "?");
	size_t gone = 0;
	char before = '?';

	buf_add(out, target, (size_t)(s - target));
	while (*s) {
		size_t len = strcspn(++s, "&;");

		word_name(s, len, &name);
		if (is_named(arg, name.data)) {
			gone++;
		} else {
			buf_char(out, before);
			buf_add(out, s, len);
			before = s[len] ? s[len] : before;
		}
		s += len;
	}
	return gone;
}
