/* SPDX-License-Identifier: Apache-2.0 */
#include "libcommon/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "envpod/exit.h"

__attribute__((format(printf, 4, 0))) static int fill(struct err *e, int status, int code,
						      const char *fmt, va_list ap)
{
	int n;

	e->code = code ? code : EINVAL;
	e->status = status;
	n = vsnprintf(e->msg, sizeof(e->msg), fmt, ap);
	if (code && n >= 0 && (size_t)n < sizeof(e->msg))
		snprintf(e->msg + n, sizeof(e->msg) - (size_t)n, ": %s", strerror(code));
	return -e->code;
}

int err_set(struct err *e, int code, const char *fmt, ...)
{
	va_list ap;
	int r;

	va_start(ap, fmt);
	r = fill(e, 0, code, fmt, ap);
	va_end(ap);
	return r;
}

int err_status(struct err *e, int status, int code, const char *fmt, ...)
{
	va_list ap;
	int r;

	va_start(ap, fmt);
	r = fill(e, status, code, fmt, ap);
	va_end(ap);
	return r;
}

int err_wrap(struct err *e, const char *fmt, ...)
{
	char old[sizeof(e->msg)];
	va_list ap;
	int n;

	memcpy(old, e->msg, sizeof(old));
	va_start(ap, fmt);
	n = vsnprintf(e->msg, sizeof(e->msg), fmt, ap);
	va_end(ap);
	if (n >= 0 && (size_t)n < sizeof(e->msg))
		snprintf(e->msg + n, sizeof(e->msg) - (size_t)n, ": %s", old);
	return -e->code;
}

int err_exit(const struct err *e)
{
	static const struct {
		int code, status;
	} follows[] = {
		{EAGAIN, POD_EXIT_BUSY},
		{EBUSY, POD_EXIT_BUSY},
		{EPERM, POD_EXIT_UNSUPPORTED},
		{ENOSYS, POD_EXIT_UNSUPPORTED},
		{EOPNOTSUPP, POD_EXIT_UNSUPPORTED},
	};

	if (e->status)
		return e->status;
	for (size_t i = 0; i < sizeof(follows) / sizeof(follows[0]); i++)
		if (follows[i].code == e->code)
			return follows[i].status;
	return POD_EXIT_FAILED;
}
