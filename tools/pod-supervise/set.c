/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-supervise/set.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcommon/buf.h"
#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/plan.h"
#include "libcommon/spawn.h"

const char *const set_names[SETS] = {"net", "govern", "desktop"};

/* Each ends with status 0 where it has nothing to do, and rests until it is woken. */
static const struct {
	enum set set;
	const char *service, *tool, *word;
} daemons[] = {
	{SET_GOVERN, "queue", "pod-queue", "serve"},
	{SET_GOVERN, "monitor", "pod-monitor", "watch"},
	{SET_GOVERN, "budget", "pod-budget", "meter"},
	{SET_GOVERN, "trace", "pod-trace", "watch"},
	{SET_DESKTOP, "session", "pod-supervise", "session"},
	{SET_DESKTOP, "web", "pod-web", "serve"},
};

const char *set_log(enum set set)
{
	static const char *const logs[SETS] = {"helpers", "govern", "desktop-helpers"};

	return logs[set];
}

const char *set_maker(enum set set)
{
	static const char *const makers[SETS] = {"pod-net up",
						 "pod-supervise helpers --set govern start",
						 "pod-supervise helpers --set desktop start"};

	return makers[set];
}

int set_enter(struct pod *p, enum set set, bool make, struct err *e)
{
	OWN_FD int fd = -1;

	if (set == SET_NET)
		return 0;
	/* pod-web's account has business in its set; nobody else gets as far as there */
	if (make && mkdirat(p->run, set_names[set], set == SET_DESKTOP ? 0711 : 0700) < 0 &&
	    errno != EEXIST)
		return err_set(e, errno, "make %s/%s", p->runpath, set_names[set]);
	fd = openat(p->run, set_names[set], O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd >= 0 && make && set == SET_DESKTOP)
		fchmod(fd, 0711); /* whatever our umask was */
	if (fd < 0)
		return errno == ENOENT && !make
			       ? -ENOENT
			       : err_set(e, errno, "open %s/%s", p->runpath, set_names[set]);
	OWN_FREE char *path = xfmt("%s/%s", p->runpath, set_names[set]);

	free(p->runpath);
	p->runpath = take_ptr(path);
	close(p->run);
	p->run = take_fd(&fd);
	return 0;
}

/*
 * The ports of a pod's page, as pod-web would choose them, are held for it: a browser's next
 * request after a crash carries its login to whoever listens there.  Where one is taken pod-web
 * looks for another itself.
 */
static void add_ports(struct buf *b, const struct plan *plan)
{
	static const struct {
		const char *key;
		uint64_t usual;
	} ports[] = {{"web.port", 6080}, {"web.audio_port", 6081}, {"web.upload_port", 5080}};
	const char *text, *page = NULL;

	for (size_t i = 0; !page && (text = plan_next(plan, "plugin", &i));)
		page = strncmp(text, "web_display ", 12) == 0 ? text : NULL;
	for (size_t i = 0; page && i < sizeof(ports) / sizeof(ports[0]); i++) {
		unsigned port = (unsigned)plan_u64(plan, ports[i].key, ports[i].usual);

		if (port && (i != 1 || strstr(page, " audio=yes")) &&
		    (i != 2 || strstr(page, " upload=yes")))
			buf_fmt(b, "%sown:127.0.0.1#%u,own:::1#%u", i ? "," : " listen=", port,
				port);
	}
}

static int add_daemon(const struct pod *p, size_t i, struct buf *b, struct err *e)
{
	OWN_PLAN struct plan plan = {0};
	int r = 0;

	buf_fmt(b, "%s?", daemons[i].service);
	if (strcmp(daemons[i].tool, "pod-web") == 0) {
		r = plan_open(&plan, p, e);
		if (r == 0)
			add_ports(b, &plan);
	}
	buf_fmt(b, " %s %s %s\n", daemons[i].tool, daemons[i].word, p->name);
	return r;
}

int set_list(const struct pod *p, enum set set, struct err *e)
{
	OWN_BUF struct buf text = BUF_INIT;
	int r;

	if (set == SET_NET)
		return 0;
	for (size_t i = 0; i < sizeof(daemons) / sizeof(daemons[0]); i++) {
		struct err missing = {0};
		OWN_FREE char *tool =
			daemons[i].set == set ? tool_path(daemons[i].tool, &missing) : NULL;

		if (tool && add_daemon(p, i, &text, e) < 0)
			return -e->code;
	}
	r = write_file_at(p->run, "services", text.data ? text.data : "", text.len, 0600, false);
	return r < 0 ? err_set(e, -r, "write %s/services", p->runpath) : 0;
}
