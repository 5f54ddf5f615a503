/* SPDX-License-Identifier: Apache-2.0 */
/* What the pod's plugins need and its view does not have: looked up, never executed. */
#include "tools/pod-mount/lacking.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/need.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/say.h"
#include "tools/pod-mount/cmds.h"

#define SHOWN 4

/* Links of directories (/bin) lead on in the view; the file itself may be one that leads nowhere.
 */
static bool has(int root, const char *file)
{
	struct open_how how = {.flags = O_PATH | O_NOFOLLOW | O_CLOEXEC,
			       .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};
	OWN_FD int fd = (int)syscall(SYS_openat2, root, file, &how, sizeof(how));

	return fd >= 0;
}

static int list(struct strv *names, const struct pod *p, int root, struct err *e)
{
	OWN_NEEDS struct needs n = {0};
	int r = needs_load(&n, p, e);

	for (size_t i = 0; r == 0 && i < n.n_packages; i++)
		if (!has(root, n.packages[i].file) && !strv_has(names, n.packages[i].name))
			strv_add(names, n.packages[i].name);
	return r;
}

int lacking_check(const struct pod *p, struct err *e)
{
	OWN_STRV struct strv names = {0};
	OWN_BUF struct buf b = BUF_INIT;
	OWN_FD int root = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int r = root < 0 ? err_set(e, errno, "open the view") : list(&names, p, root, e);

	if (r < 0 || names.n == 0)
		return r;
	for (size_t i = 0; i < names.n && i < SHOWN; i++)
		buf_fmt(&b, "%s%s", i > 0 ? ", " : "", names.v[i]);
	if (names.n > SHOWN)
		buf_fmt(&b, " and %zu more", names.n - SHOWN);
	return err_status(e, POD_EXIT_UNSUPPORTED, ERR_PLAIN,
			  "pod %s needs packages that it does not have: %s (envpod setup %s "
			  "installs them into the pod)",
			  p->name, b.data, p->name);
}

/* enter leaves us in the view it built; where the pod lives it builds none. */
static int open_view(const struct pod *p, struct err *e)
{
	pid_t init = pod_init_pid(p, NULL, e);
	OWN_FREE char *path = init > 0 ? xfmt("/proc/%d/root", (int)init) : xstrdup(".");
	int fd = init < 0 ? -1 : open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	return init < 0 ? init : fd < 0 ? err_set(e, errno, "open the view") : fd;
}

int cmd_lacking(int argc, char **argv)
{
	const struct opt opts[] = {{0}};
	const struct opt_usage usage = {
		"pod-mount enter --setup POD -- pod-mount lacking POD",
		"List the packages that the pod's plugins need and the view, in which this "
		"stands, lacks.",
		1, 1, 0};
	OWN(pod_finish) struct pod p = POD_INIT;
	OWN_STRV struct strv names = {0};
	OWN_FD int root = -1;
	struct err e = {0};

	opt_parse(opts, &usage, argc, argv);
	if (pod_open(&p, argv[0], &e) < 0)
		return say_err(&e);
	root = open_view(&p, &e);
	if (root < 0 || list(&names, &p, root, &e) < 0)
		return say_err(&e);
	for (size_t i = 0; i < names.n; i++)
		printf("%s\n", names.v[i]);
	return names.n ? POD_EXIT_OK : POD_EXIT_NO;
}
