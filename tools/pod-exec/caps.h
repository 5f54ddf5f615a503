/* SPDX-License-Identifier: Apache-2.0 */
/* Capabilities: none for users, a short list for pod root, one for the init. */
#ifndef POD_EXEC_CAPS_H
#define POD_EXEC_CAPS_H

#include <stdint.h>
#include <sys/types.h>

/* What a user of the pod may keep: enough for apt, dpkg, adduser, setcap, chroot as uid 0. */
uint64_t caps_for(uid_t uid);
/* What the init keeps: passing on signals. */
uint64_t caps_for_init(void);

/* Cut the bounding set down to keep.  Before the ids change; needs CAP_SETPCAP.  -errno. */
int caps_bound(uint64_t keep);
/* Effective and permitted become keep; inheritable and ambient nothing.  After the ids changed. */
int caps_set(uint64_t keep);

#endif
