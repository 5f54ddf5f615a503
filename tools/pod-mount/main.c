/* SPDX-License-Identifier: Apache-2.0 */
/* pod-mount: the view, its layers, and what becomes of them. */
#include "libcommon/opt.h"
#include "libcommon/say.h"
#include "tools/pod-mount/cmds.h"

static const struct cmd cmds[] = {
	{"prepare", cmd_prepare, "make a pod's stack and mask layer"},
	{"enter", cmd_enter, "build the view and become a command standing in its root"},
	{"lacking", cmd_lacking, "packages that plugins need and the view lacks"},
	{"seal", cmd_seal, "close the writable layer"},
	{"diff", cmd_diff, "what a pod's changes would do to the host"},
	{"show", cmd_show, "both sides of one path, and how they came about"},
	{"commit", cmd_commit, "put changes in place on the host"},
	{"apply", cmd_apply, "bring a change set of diff --export to this host"},
	{"rollback", cmd_rollback, "drop changes"},
	{"undo", cmd_undo, "list what was done, or take one of it back"},
	{"quota", cmd_quota, "what a pod has written, and may write"},
	{"snapshot", cmd_snapshot, "states of a pod that can be gone back to"},
	{"base", cmd_base, "what pods are cloned of"},
	{"clone", cmd_clone, "fill a new pod that stands on another's layers"},
	{"add", cmd_add, "show a path of the host in a running pod"},
	{"drop", cmd_drop, "take out what add brought in"},
	{"resize", cmd_resize, "change how much /tmp of a running pod may hold"},
	{"remove", cmd_remove, "let go of mounts, layers and pins"},
	{"gc", cmd_gc, "remove what nothing needs any more"},
	{"fsck", cmd_fsck, "check what pods stand on, and mend what crashes left"},
	{"doctor", cmd_doctor, "what this host offers for views"},
	{0},
};

int main(int argc, char **argv)
{
	say_name("pod-mount");
	return cmd_main("pod-mount", cmds, argc, argv);
}
