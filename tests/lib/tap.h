/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Test anything protocol for C unit tests, one program a file:
 *	int main(void)
 *	{
 *		ok(1 + 1 == 2, "sums");
 *		is_str(esc("a\n"), "a\\x0a", "escapes %s", "newline");
 *		return done_testing();
 *	}
 * Every check returns whether it held, so that later ones can lean on it.
 */
#ifndef TESTS_LIB_TAP_H
#define TESTS_LIB_TAP_H

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int tap_run, tap_failed;

/* A line for people, "# " in front. */
__attribute__((format(printf, 1, 2), unused)) static void diag(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fputs("# ", stdout);
	vprintf(fmt, ap);
	putchar('\n');
	va_end(ap);
}

__attribute__((format(printf, 4, 0))) static inline bool
tap_result(bool good, const char *file, int line, const char *fmt, va_list ap)
{
	printf("%sok %d - ", good ? "" : "not ", ++tap_run);
	vprintf(fmt, ap);
	putchar('\n');
	if (!good) {
		tap_failed++;
		diag("at %s:%d", file, line);
	}
	fflush(stdout); /* a crash must not take the lines before it along */
	return good;
}

__attribute__((format(printf, 4, 5), unused)) static bool tap_ok(bool good, const char *file,
								 int line, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	tap_result(good, file, line, fmt, ap);
	va_end(ap);
	return good;
}

__attribute__((format(printf, 5, 6), unused)) static bool
tap_str(const char *got, const char *want, const char *file, int line, const char *fmt, ...)
{
	bool good = got && want ? strcmp(got, want) == 0 : got == want;
	va_list ap;

	va_start(ap, fmt);
	tap_result(good, file, line, fmt, ap);
	va_end(ap);
	if (!good) {
		diag("want: %s", want ? want : "(null)");
		diag("got:  %s", got ? got : "(null)");
	}
	return good;
}

__attribute__((format(printf, 5, 6), unused)) static bool
tap_int(intmax_t got, intmax_t want, const char *file, int line, const char *fmt, ...)
{
	bool good = got == want;
	va_list ap;

	va_start(ap, fmt);
	tap_result(good, file, line, fmt, ap);
	va_end(ap);
	if (!good)
		diag("want %" PRIdMAX ", got %" PRIdMAX, want, got);
	return good;
}

#define ok(cond, ...)          tap_ok((cond), __FILE__, __LINE__, __VA_ARGS__)
#define is_str(got, want, ...) tap_str((got), (want), __FILE__, __LINE__, __VA_ARGS__)
#define is_int(got, want, ...) tap_int((got), (want), __FILE__, __LINE__, __VA_ARGS__)

/* The checks of a feature this machine lacks; under ENVPOD_MUST_RUN=1 that is a failure. */
__attribute__((unused)) static void skip_rest(const char *why)
{
	const char *must = getenv("ENVPOD_MUST_RUN");
	bool forced = must && strcmp(must, "1") == 0;

	printf("%sok %d - # SKIP %s\n", forced ? "not " : "", ++tap_run, why);
	tap_failed += forced;
}

/* Print the plan; the exit status for main. */
__attribute__((unused)) static int done_testing(void)
{
	printf("1..%d\n", tap_run);
	return tap_failed != 0;
}

#endif
