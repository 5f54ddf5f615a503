/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-audio/quiet.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>

#include "libcommon/lockdown.h"

void quiet_pipewire(void)
{
	setenv("PIPEWIRE_DEBUG", "0", 0);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

int quiet_lock_down(struct err *e)
{
	const struct lockdown l = {.promises = PROMISE_STDIO | PROMISE_EPOLL | PROMISE_SOUND,
				   .death = SIGKILL,
				   .threads = true};

	return lockdown(&l, e);
}
