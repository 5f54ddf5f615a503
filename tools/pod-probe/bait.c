/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-probe/bait.h"

#include <stdlib.h>
#include <string.h>

#include "envpod/exit.h"
#include "libcommon/buf.h"
#include "libcommon/io.h"
#include "libcommon/path.h"

static struct strv names, values;

static bool is_name(const char *s, size_t n)
{
	return n > 0 && n < 32 && strspn(s, "abcdefghijklmnopqrstuvwxyz-") == n;
}

static int wrong(size_t line, const char *why, struct err *e)
{
	return err_status(e, POD_EXIT_USAGE, ERR_PLAIN, "bait: line %zu: %s", line, why);
}

static int take_line(char *line, size_t number, struct err *e)
{
	char *value = strchr(line, ' ');

	if (!value)
		return wrong(number, "want NAME VALUE", e);
	*value++ = '\0';
	if (!is_name(line, strlen(line)))
		return wrong(number, "a name is of small letters", e);
	strv_add(&names, line);
	strv_add(&values, value);
	return 0;
}

int bait_parse(const char *data, size_t len, struct err *e)
{
	OWN_BUF struct buf text = BUF_INIT;
	char *line, *rest;
	int r = 0;

	if (len > BAIT_MAX)
		return err_status(e, POD_EXIT_USAGE, ERR_PLAIN, "bait: more than %u bytes",
				  BAIT_MAX);
	if (memchr(data, '\0', len))
		return err_status(e, POD_EXIT_USAGE, ERR_PLAIN, "bait: a NUL in it");
	buf_add(&text, data, len);
	rest = text.data;
	for (size_t n = 1; rest && r == 0 && (line = strsep(&rest, "\n")); n++)
		if (*line)
			r = take_line(line, n, e);
	return r;
}

int bait_read(int fd, struct err *e)
{
	OWN_BUF struct buf b = BUF_INIT;
	int r = read_fd(fd, &b, BAIT_MAX);

	if (r < 0)
		return err_set(e, -r, "read the bait");
	return b.len ? bait_parse(b.data, b.len, e) : 0;
}

const char *bait_nth(const char *name, size_t i)
{
	for (size_t k = 0; k < names.n; k++)
		if (strcmp(names.v[k], name) == 0 && i-- == 0)
			return values.v[k];
	return NULL;
}

const char *bait(const char *name)
{
	return bait_nth(name, 0);
}

long bait_number(const char *name)
{
	const char *value = bait(name);

	return value ? strtol(value, NULL, 10) : -1;
}

const char *bait_expand(const char *text)
{
	static struct buf out;
	const char *brace, *end, *value;
	char name[32];

	buf_clear(&out);
	while ((brace = strchr(text, '{')) && (end = strchr(brace, '}')) &&
	       end - brace < (long)sizeof(name)) {
		memcpy(name, brace + 1, (size_t)(end - brace) - 1);
		name[end - brace - 1] = '\0';
		value = bait(name);
		if (!value)
			return NULL;
		buf_add(&out, text, (size_t)(brace - text));
		buf_str(&out, value);
		text = end + 1;
	}
	buf_str(&out, text);
	return out.data;
}
