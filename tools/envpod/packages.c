/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/envpod/packages.h"

#include <fcntl.h>
#include <string.h>

#include "envpod/exit.h"
#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/spawn.h"
#include "tools/envpod/front.h"

#define SCRIPT_MAX (64 << 10)
#define LIST_MAX   8192
#define SHOWN      4 /* names */

/* "ASKER NAME WORD...": ours that name none, and may find nothing while the pod is made. */
bool packages_wanted(const struct plan *pl)
{
	static const char *const without[] = {" gpu-", " null", " display-", " web-"};
	const char *line;

	for (size_t i = 0; (line = plan_next(pl, "plugin", &i));) {
		const char *name = strchr(line, ' ');
		bool any = name;

		for (size_t j = 0; any && j < sizeof(without) / sizeof(without[0]); j++)
			any = strncmp(name, without[j], strlen(without[j])) != 0;
		if (any)
			return true;
	}
	return false;
}

int packages_lacking(const char *pod, struct buf *names, struct err *e)
{
	OWN_STRV struct strv line = {0};
	int status;

	front_words(&line, "pod-mount", "enter", "--setup", "--no-cwd", pod, "--", "pod-mount",
		    "lacking", pod, NULL);
	status = spawn_capture(line.v, names, LIST_MAX, e);
	if (status == 0 || status == POD_EXIT_NO)
		return 0;
	return status < 0 ? status
			  : err_status(e, status, ERR_PLAIN,
				       "pod %s: nobody could say which packages it lacks", pod);
}

/* The script by its text: the pod may have no file of ours where it looks. */
int packages_command(struct strv *command, const struct buf *names, struct err *e)
{
	OWN_FREE char *path = data_path("setup/packages"), *list = xstrdup(names->data);
	OWN_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
	OWN_BUF struct buf b = BUF_INIT;
	int r = fd < 0 ? -errno : read_fd(fd, &b, SCRIPT_MAX);
	char *save = NULL;

	if (r < 0)
		return err_set(e, -r, "read %s", path);
	strv_add(command, "/bin/sh");
	strv_add(command, "-c");
	strv_add(command, b.data);
	strv_add(command, "packages");
	for (char *w = strtok_r(list, "\n", &save); w; w = strtok_r(NULL, "\n", &save))
		strv_add(command, w);
	return 0;
}

char *packages_shown(const struct buf *names)
{
	OWN_FREE char *text = xstrdup(names->data ? names->data : "");
	struct buf b = BUF_INIT;
	char *save = NULL;
	size_t n = 0;

	for (char *w = strtok_r(text, "\n", &save); w; w = strtok_r(NULL, "\n", &save))
		if (n++ < SHOWN)
			buf_fmt(&b, "%s%s", n > 1 ? ", " : "", esc(w));
	if (n > SHOWN)
		buf_fmt(&b, " and %zu more", n - SHOWN);
	return buf_take(&b);
}
