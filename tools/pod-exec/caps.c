/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-exec/caps.h"

#include <errno.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define BIT(cap) (1ull << (cap))

uint64_t caps_for(uid_t uid)
{
	/*
	 * The pod's mount, pid, uts, ipc and net namespaces belong to the host's user namespace, so
	 * SYS_ADMIN, NET_ADMIN and their kin would buy nothing but attack surface.
	 */
	static const uint64_t root = BIT(CAP_CHOWN) | BIT(CAP_DAC_OVERRIDE) | BIT(CAP_FOWNER) |
				     BIT(CAP_FSETID) | BIT(CAP_KILL) | BIT(CAP_SETGID) |
				     BIT(CAP_SETUID) | BIT(CAP_SETPCAP) |
				     BIT(CAP_NET_BIND_SERVICE) | BIT(CAP_SYS_CHROOT) |
				     BIT(CAP_AUDIT_WRITE) | BIT(CAP_SETFCAP);

	return uid == 0 ? root : 0;
}

uint64_t caps_for_init(void)
{
	return BIT(CAP_KILL);
}

/* The kernel may know capabilities that this source does not: go on until it says EINVAL. */
int caps_bound(uint64_t keep)
{
	for (int cap = 0; cap < 64; cap++) {
		if (keep & BIT(cap))
			continue;
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0)
			return errno == EINVAL && cap > CAP_CHOWN ? 0 : -errno;
	}
	return 0;
}

int caps_set(uint64_t keep)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {
		{.effective = (uint32_t)keep, .permitted = (uint32_t)keep},
		{.effective = (uint32_t)(keep >> 32), .permitted = (uint32_t)(keep >> 32)},
	};

	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
		return -errno;
	return syscall(SYS_capset, &head, data) < 0 ? -errno : 0;
}
