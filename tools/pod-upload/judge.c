/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-upload/judge.h"

#include <limits.h>
#include <string.h>

#define DEEPEST 256

static bool is_dots(const char *s, size_t n)
{
	return (n == 1 && s[0] == '.') || (n == 2 && s[0] == '.' && s[1] == '.');
}

bool judge_path(const char *path)
{
	unsigned depth = 0;

	if (strlen(path) >= PATH_MAX)
		return false;
	for (const char *p = path;; p++) {
		size_t n = strcspn(p, "/");

		if (n == 0 || n > NAME_MAX || is_dots(p, n) || ++depth > DEEPEST)
			return false;
		p += n;
		if (!*p)
			return true;
	}
}

static unsigned slashes(const char *path)
{
	unsigned n = 0;

	for (; *path; path++)
		n += *path == '/';
	return n;
}

bool judge_target(const char *path, const char *target)
{
	unsigned up = 0, above = slashes(path);
	bool down = false;

	if (*target == '/' || !*target)
		return false;
	for (const char *p = target; *p;) {
		size_t n = strcspn(p, "/");

		if (n == 2 && p[0] == '.' && p[1] == '.') {
			if (down || ++up >= above)
				return false;
		} else if (n > 0 && !is_dots(p, n)) {
			down = true;
		}
		p += n;
		p += *p == '/';
	}
	return above > 0;
}

bool judge_foreign(const char *name, char *out, size_t size)
{
	size_t n = strlen(name);

	if (n >= size)
		return false;
	for (; *name == '/' || (name[0] == '.' && name[1] == '/'); name++)
		;
	memcpy(out, name, strlen(name) + 1);
	for (n = strlen(out); n > 0 && out[n - 1] == '/'; n--)
		out[n - 1] = '\0';
	if (strcmp(out, ".") == 0)
		out[0] = '\0';
	return !out[0] || judge_path(out);
}
