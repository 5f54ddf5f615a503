/* SPDX-License-Identifier: Apache-2.0 */
/* The pod's /etc/passwd: whatever stands in it, who is found has a name, paths and mapped ids. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tools/pod-exec/user.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const char *text, size_t size, const char *name)
{
	struct user u;

	if (!user_from_passwd(text, size, name, &u))
		return;
	if (u.uid > 65535 || u.gid > 65535 || !u.name[0] || u.home[0] != '/' || u.shell[0] != '/')
		abort();
	if (strlen(u.name) >= sizeof(u.name) || strpbrk(u.name, ":\n"))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check((const char *)data, size, "root");
	check((const char *)data, size, "1000");
	return 0;
}
