/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "envpod/exit.h"
#include "libcommon/buf.h"
#include "libcommon/io.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/say.h"
#include "tools/pod-config/cmds.h"
#include "tools/pod-config/flatten.h"
#include "tools/pod-config/podfile.h"

/* Identity and bytes of one and the same file: when it is replaced meanwhile, the plan's first line
 * names the old one and the next reader of the plan makes it anew. */
static int load(const struct pod *pod, struct buf *b, struct stat *st, struct err *e)
{
	OWN_FD int fd = openat(pod->dir, "pod.json", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	int r;

	if (fd < 0 || fstat(fd, st) < 0)
		return err_set(e, errno, "open %s/pod.json", pod->path);
	r = read_fd(fd, b, NODE_BYTES_MAX + 1);
	return r < 0 ? err_set(e, -r, "read %s/pod.json", pod->path) : 0;
}

/* Validate it like a pod file: a person may have edited it. */
static jv compile(const struct pod *pod, const struct buf *b, struct err *e)
{
	OWN_FREE char *file = xfmt("%s/pod.json", pod->path);
	OWN_PROBLEMS struct problems p = {.file = file};
	struct origin o = {.name = pod->name, .dir = "/", .cwd = "/", .compiled = true};
	jv made = jv_invalid();

	if (pod_caller(&o.owner, e) < 0)
		return made;
	made = podfile_compile(b->data, b->len, &o, &p);
	problems_print(&p, stderr);
	if (!jv_is_valid(made))
		err_status(e, POD_EXIT_CONFIG, ERR_PLAIN,
			   "pod %s: pod.json is not what envpod would write; mend it, or make the "
			   "pod anew from its pod.yaml",
			   pod->name);
	return made;
}

static int plan_make(const struct pod *pod, struct err *e)
{
	OWN_BUF struct buf json = BUF_INIT, plan = BUF_INIT;
	struct stat st;
	jv made;
	int r = load(pod, &json, &st, e);

	if (r < 0)
		return r;
	made = compile(pod, &json, e);
	if (!jv_is_valid(made)) {
		jv_free(made);
		return -e->code;
	}
	r = flatten(made, &st, &plan, e);
	jv_free(made);
	if (r < 0)
		return err_wrap(e, "pod %s", pod->name);
	r = write_file_at(pod->dir, "plan", plan.data, plan.len, 0600, false);
	return r < 0 ? err_set(e, -r, "write %s/plan", pod->path) : 0;
}

int cmd_plan(int argc, char **argv)
{
	const struct opt opts[] = {{0}};
	const struct opt_usage usage = {"pod-config plan POD",
					"Make the plan of a pod anew from its pod.json.", 1, 1, 0};
	__attribute__((cleanup(pod_finish))) struct pod pod = POD_INIT;
	struct err e = {0};

	opt_parse(opts, &usage, argc, argv);
	if (pod_check_caller(&e) < 0 || pod_open(&pod, argv[0], &e) < 0)
		return say_err(&e);
	return plan_make(&pod, &e) < 0 ? say_err(&e) : POD_EXIT_OK;
}
