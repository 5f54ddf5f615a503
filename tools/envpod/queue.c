/* SPDX-License-Identifier: Apache-2.0 */
/* The action queue: pod-queue's words for a person, under the user's names for them. */
#include "tools/envpod/front.h"

int cmd_queue(int argc, char **argv)
{
	return front_pass("pod-queue", "queue", false, argc, argv);
}

int cmd_approve(int argc, char **argv)
{
	return front_pass("pod-queue", "approve", false, argc, argv);
}

int cmd_deny(int argc, char **argv)
{
	return front_pass("pod-queue", "deny", false, argc, argv);
}

int cmd_cancel(int argc, char **argv)
{
	return front_pass("pod-queue", "cancel", false, argc, argv);
}

/* A copy of the file is taken: its path is the caller's, as we are. */
int cmd_actions(int argc, char **argv)
{
	return front_pass("pod-queue", "actions", false, argc, argv);
}
