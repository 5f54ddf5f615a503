/* SPDX-License-Identifier: Apache-2.0 */
#include "libcommon/say.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "envpod/exit.h"

static const char *name = "envpod";
static int verbose;

void say_name(const char *tool)
{
	name = tool;
}

void say_verbose(int on)
{
	verbose = on;
}

__attribute__((format(printf, 2, 0))) static void line(const char *kind, const char *fmt,
						       va_list ap)
{
	int saved = errno;
	char text[2048];
	int n = snprintf(text, sizeof(text), "%s: %s", name, kind);

	n += vsnprintf(text + n, sizeof(text) - (size_t)n - 1, fmt, ap);
	if (n > (int)sizeof(text) - 2)
		n = (int)sizeof(text) - 2;
	text[n++] = '\n';
	if (write(STDERR_FILENO, text, (size_t)n) < 0)
		errno = saved; /* nobody left to tell */
	errno = saved;
}

#define SAY(kind)                    \
	do {                         \
		va_list ap;          \
		va_start(ap, fmt);   \
		line(kind, fmt, ap); \
		va_end(ap);          \
	} while (0)

void say_error(const char *fmt, ...)
{
	SAY("");
}

void say_warn(const char *fmt, ...)
{
	SAY("warning: ");
}

void say_note(const char *fmt, ...)
{
	const char *level = getenv("ENVPOD_LOG");

	if (verbose || (level && strcmp(level, "debug") == 0))
		SAY("");
}

int say_err(const struct err *e)
{
	say_error("%s", e->msg);
	return err_exit(e);
}

void die(int status, const char *fmt, ...)
{
	SAY("");
	exit(status);
}

int say_end(int status)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	say_error("write to standard output: %s", strerror(errno));
	return status ? status : POD_EXIT_FAILED;
}
