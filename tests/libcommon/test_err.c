/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "envpod/exit.h"
#include "libcommon/err.h"
#include "tests/lib/tap.h"

static void messages(void)
{
	struct err e = {0};
	char big[1000];

	is_int(err_set(&e, ENOENT, "open %s", "/x"), -ENOENT, "the code comes back negative");
	is_str(e.msg, "open /x: No such file or directory", "the reason follows the object");
	is_int(err_wrap(&e, "pod %s", "web"), -ENOENT, "context keeps the code");
	is_str(e.msg, "pod web: open /x: No such file or directory", "context stands in front");
	is_int(err_set(&e, ERR_PLAIN, "plain"), -EINVAL, "a plain message never returns 0");
	is_str(e.msg, "plain", "a plain message has no reason behind it");
	memset(big, 'x', sizeof(big));
	big[sizeof(big) - 1] = '\0';
	err_set(&e, EIO, "%s", big);
	is_int((int)strlen(e.msg), sizeof(e.msg) - 1, "an endless message is cut, not overrun");
	err_wrap(&e, "%s", big);
	is_int((int)strlen(e.msg), sizeof(e.msg) - 1, "so is endless context");
}

static void statuses(void)
{
	static const struct {
		int code, status, want;
	} cases[] = {
		{EAGAIN, 0, POD_EXIT_BUSY},
		{EBUSY, 0, POD_EXIT_BUSY},
		{EPERM, 0, POD_EXIT_UNSUPPORTED},
		{ENOSYS, 0, POD_EXIT_UNSUPPORTED},
		{EOPNOTSUPP, 0, POD_EXIT_UNSUPPORTED},
		{EACCES, 0, POD_EXIT_FAILED},
		{EINVAL, 0, POD_EXIT_FAILED},
		{EAGAIN, POD_EXIT_CONFIG, POD_EXIT_CONFIG},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct err e = {.code = cases[i].code, .status = cases[i].status};

		is_int(err_exit(&e), cases[i].want, "%s (status %d)", strerror(cases[i].code),
		       cases[i].status);
	}
}

int main(void)
{
	messages();
	statuses();
	return done_testing();
}
