/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plugins run in processes of pod-plugin's, without any power, and only print; here their words
 * meet the ceiling of their kind and the host's /dev.
 */
#include "tools/pod-mount/needs.h"

#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/io.h"
#include "libcommon/need.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/spawn.h"
#include "libcommon/words.h"
#include "tools/pod-mount/hostsocket.h"

#define PRINTED_MAX (NEED_MAX * NEED_LINE_MAX)

struct settling {
	const struct pod *pod;
	const struct plan *plan;
	bool unsafe;
	struct needs needs;
	struct strv asked, found; /* who asked; whose plugins found something */
};

static void settling_finish(struct settling *s)
{
	needs_finish(&s->needs);
	strv_finish(&s->asked);
	strv_finish(&s->found);
}

/* Whoever holds one of these holds the host, or what others type on it. */
static const struct {
	unsigned major, minor, last; /* minors, from and to */
	const char *what;
} commanding[] = {
	{1, 1, 2, "the host's memory"},
	{1, 4, 4, "the host's ports"},
	{1, 11, 11, "the kernel's log"},
	{4, 0, 0xfffff, "a terminal of the host"},
	{5, 1, 1, "the host's console"},
	{7, 0, 0xfffff, "a screen of the host"},
	{10, 137, 137, "vhci: it types on the host"},
	{10, 223, 223, "uinput: it types on the host"},
	{10, 239, 239, "uhid: it types on the host"},
	{10, 236, 237, "the making of block devices"},
	{13, 0, 0xfffff, "keyboards and mice of the host"},
	{21, 0, 0xfffff, "a disk of the host, by SCSI commands"},
	{29, 0, 0xfffff, "a screen of the host"},
	{90, 0, 0xfffff, "flash memory of the host"},
	{189, 0, 0xfffff, "USB devices of the host, its keyboards too"},
	{202, 0, 0xfffff, "a processor's registers"},
	{204, 0, 0xfffff, "a terminal of the host"},
	{229, 0, 0xfffff, "a terminal of the host"},
};

/* Those whose numbers are given out at boot. */
static const struct {
	const char *pattern, *what;
} named[] = {
	{"/dev/hidraw*", "keyboards and mice of the host"},
	{"/dev/ng[0-9]*", "a disk of the host"},
	{"/dev/nvme*", "a disk of the host"},
	{"/dev/bsg/*", "a disk of the host, by SCSI commands"},
};

static const char *why_not(const char *path, const struct stat *st)
{
	if (S_ISBLK(st->st_mode))
		return "a disk of the host";
	for (size_t i = 0; i < sizeof(commanding) / sizeof(commanding[0]); i++)
		if (major(st->st_rdev) == commanding[i].major &&
		    minor(st->st_rdev) >= commanding[i].minor &&
		    minor(st->st_rdev) <= commanding[i].last)
			return commanding[i].what;
	for (size_t i = 0; i < sizeof(named) / sizeof(named[0]); i++)
		if (fnmatch(named[i].pattern, path, FNM_PATHNAME) == 0)
			return named[i].what;
	return NULL;
}

/* The node itself, on the host's /dev, found without following symlinks.  asker: for messages. */
static int add_device(struct settling *s, const char *asker, const char *path, struct err *e)
{
	OWN_FD int dev = open("/dev", O_PATH | O_DIRECTORY | O_CLOEXEC), fd = -1;
	struct stat st;
	const char *why;

	if (!path_below(path, "/dev") || strcmp(path, "/dev") == 0)
		return err_status(e, POD_EXIT_CONFIG, ERR_PLAIN, "%s: %s does not lie below /dev",
				  asker, esc(path));
	fd = dev < 0 ? -errno : open_beneath(dev, path + 5, O_PATH | O_NOFOLLOW, 0);
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_status(e, POD_EXIT_UNSUPPORTED, fd < 0 ? -fd : errno, "%s: look at %s",
				  asker, esc(path));
	if (!S_ISCHR(st.st_mode) && !S_ISBLK(st.st_mode))
		return err_status(e, POD_EXIT_CONFIG, ERR_PLAIN, "%s: %s is no device", asker,
				  esc(path));
	why = why_not(path, &st);
	if (why && !s->unsafe)
		return err_status(e, POD_EXIT_REFUSED, ERR_PLAIN,
				  "%s: %s is %s: whoever has it needs no pod (--unsafe gives it)",
				  asker, esc(path), why);
	needs_add_device(&s->needs, path, S_ISBLK(st.st_mode) ? 'b' : 'c', major(st.st_rdev),
			 minor(st.st_rdev));
	return 0;
}

/* --- plugins --- */

static int add_service(struct needs *needs, const struct need *n, struct err *e)
{
	struct need_service s = {.name = n->values[SERVICE_NAME],
				 .group = n->values[SERVICE_GROUP],
				 .ready = n->values[SERVICE_READY],
				 .with = n->values[SERVICE_WITH],
				 .listen = n->values[SERVICE_LISTEN]};
	int r = words_split(&s.argv, n->values[SERVICE_COMMAND]);

	if (r == 0 && *n->values[SERVICE_AFTER])
		r = words_split(&s.after, n->values[SERVICE_AFTER]);
	r = r < 0 ? err_set(e, -r, "service %s", s.name) : needs_add_service(needs, &s, e);
	strv_finish(&s.argv);
	strv_finish(&s.after);
	return r;
}

static int add_socket(struct settling *s, const struct need *n, const char *asker, struct err *e)
{
	OWN_FD int fd = hostsocket_open(s->plan, n->values[SOCKET_PATH], e);

	if (fd < 0)
		return err_wrap(e, "%s", asker);
	needs_add_socket(&s->needs, n->values[SOCKET_PATH], n->values[SOCKET_AS]);
	return 0;
}

static int add_need(struct settling *s, const struct need *n, const char *asker, struct err *e)
{
	switch (n->kind) {
	case NEED_DEVICE:
		return add_device(s, asker, n->values[DEVICE_PATH], e);
	case NEED_PACKAGE:
		needs_add_package(&s->needs, n->values[PACKAGE_NAME], n->values[PACKAGE_FILE]);
		return 0;
	case NEED_SERVICE:
		return add_service(&s->needs, n, e) < 0 ? err_wrap(e, "%s", asker) : 0;
	case NEED_ENV:
		strv_fmt(&s->needs.env, "%s=%s", n->values[ENV_NAME], n->values[ENV_VALUE]);
		return 0;
	case NEED_SOCKET:
		return add_socket(s, n, asker, e);
	default:
		return err_status(e, POD_EXIT_UNSUPPORTED, ERR_PLAIN,
				  "%s: needs of that kind are not built", asker);
	}
}

static int take_need(struct settling *s, const struct need *n, const char *plugin,
		     char *const *opts, struct err *e)
{
	OWN_FREE char *asker = xfmt("plugin %s", plugin);
	int r = need_judge(n, plugin, opts, e);

	return r < 0 ? r : add_need(s, n, asker, e);
}

static int take_printed(struct settling *s, const struct buf *b, const char *plugin,
			char *const *opts, struct err *e)
{
	const char *at = b->len ? b->data : "", *end = at + b->len;
	int r = 0;

	while (at < end && r == 0) {
		const char *eol = memchr(at, '\n', (size_t)(end - at));
		OWN_NEED struct need n = {0};

		if (!eol)
			return err_status(e, POD_EXIT_FAILED, ERR_PLAIN,
					  "plugin %s: pod-plugin printed half a line", plugin);
		r = need_parse(&n, at, (size_t)(eol - at), e);
		r = r < 0 ? err_wrap(e, "plugin %s", plugin) : take_need(s, &n, plugin, opts, e);
		at = eol + 1;
	}
	return r;
}

/* Its exit status, and what it printed. */
static int run_plugin(const struct settling *s, char *const *words, struct buf *printed,
		      struct err *e)
{
	OWN_STRV struct strv argv = {0};
	uint64_t uid = plan_u64(s->plan, "identity.uid", 0);

	strv_add(&argv, "pod-plugin");
	strv_add(&argv, "plan");
	strv_add(&argv, "--pod");
	strv_add(&argv, s->pod->name);
	/* The owner's display is in a directory that is closed to nobody. */
	if (strncmp(*words, "display-", 8) == 0 && uid > 0) {
		strv_add(&argv, "--user");
		strv_fmt(&argv, "%llu:%llu", (unsigned long long)uid,
			 (unsigned long long)plan_u64(s->plan, "identity.gid", uid));
	}
	while (*words)
		strv_add(&argv, *words++);
	return spawn_capture(argv.v, printed, PRINTED_MAX, e);
}

/* "ASKER NAME WORD..." of the plan. */
static int settle_plugin(struct settling *s, const char *line, struct err *e)
{
	OWN_STRV struct strv words = {0};
	OWN_BUF struct buf printed = BUF_INIT;
	int r = words_split(&words, line);

	if (r < 0 || words.n < 2)
		return err_status(e, POD_EXIT_CONFIG, ERR_PLAIN, "plan: 'plugin %s' is none",
				  esc(line));
	if (!strv_has(&s->asked, words.v[0]))
		strv_add(&s->asked, words.v[0]);
	r = run_plugin(s, words.v + 1, &printed, e);
	if (r < 0 || r == POD_EXIT_NO)
		return r < 0 ? r : 0;
	if (r != POD_EXIT_OK)
		return err_status(e, r, ERR_PLAIN, "%s: plugin %s made no plan", words.v[0],
				  words.v[1]);
	strv_add(&s->found, words.v[0]);
	return take_printed(s, &printed, words.v[1], words.v + 2, e);
}

/* A pod that asks for what is not there does not run without it. */
static int check_found(const struct settling *s, struct err *e)
{
	for (size_t i = 0; i < s->asked.n; i++)
		if (!strv_has(&s->found, s->asked.v[i]))
			return err_status(e, POD_EXIT_UNSUPPORTED, ERR_PLAIN,
					  "%s: not on this machine (envpod plugins says what is; "
					  "without that key the pod runs without it)",
					  esc(s->asked.v[i]));
	return 0;
}

int needs_settle(const struct pod *p, const struct plan *pl, bool unsafe, struct err *e)
{
	OWN(settling_finish) struct settling s = {.pod = p, .plan = pl, .unsafe = unsafe};
	const char *line;
	int r = 0;

	for (size_t i = 0; r == 0 && (line = plan_next(pl, "plugin", &i));)
		r = settle_plugin(&s, line, e);
	if (r == 0)
		r = check_found(&s, e);
	for (size_t i = 0; r == 0 && (line = plan_next(pl, "device", &i));)
		r = add_device(&s, "devices.extra", line, e);
	if (r == 0)
		r = needs_check_services(&s.needs, e);
	return r < 0 ? r : needs_save(&s.needs, p, e);
}
