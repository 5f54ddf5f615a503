/* SPDX-License-Identifier: Apache-2.0 */
/* The few files of /etc that a pod gets of its own. */
#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "libcommon/io.h"
#include "libcommon/own.h"
#include "tools/pod-mount/maskmake.h"

#define TEXT_MAX (1u << 20)

static char *hostname_text(const struct mask_ask *ask)
{
	return xfmt("%s\n", ask->pod->name);
}

static char *hosts_text(const struct mask_ask *ask)
{
	return xfmt("127.0.0.1\tlocalhost\n127.0.1.1\t%s\n"
		    "::1\tlocalhost ip6-localhost ip6-loopback\n"
		    "ff02::1\tip6-allnodes\nff02::2\tip6-allrouters\n",
		    ask->pod->name);
}

static char *host_file(const char *path)
{
	OWN_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct buf b = BUF_INIT;

	if (fd >= 0 && read_fd(fd, &b, TEXT_MAX) >= 0)
		return buf_take(&b);
	buf_finish(&b);
	return NULL;
}

/* With the host's network its resolvers; else only what listens on the pod's loopback. */
static char *resolv_text(const struct mask_ask *ask)
{
	char *text = plan_is(ask->plan, "network", "unsafe") ? host_file("/etc/resolv.conf") : NULL;

	return text ? text : xstrdup("nameserver 127.0.0.1\n");
}

/* The host's resolvers' sockets are not in the view: names come from files and dns only. */
static char *nsswitch_text(const struct mask_ask *ask)
{
	OWN_FREE char *text = host_file("/etc/nsswitch.conf");
	struct buf b = BUF_INIT;
	char *save = NULL;

	(void)ask;
	for (char *w = text ? strtok_r(text, "\n", &save) : NULL; w;
	     w = strtok_r(NULL, "\n", &save))
		if (strncmp(w + strspn(w, " \t"), "hosts:", 6) != 0)
			buf_fmt(&b, "%s\n", w);
	buf_str(&b, "hosts:          files dns\n");
	return buf_take(&b);
}

bool mask_has_agent(const struct mask_ask *ask)
{
	return plan_u64(ask->plan, "desktop.uid", 0) == MASK_AGENT_ID;
}

/* NAME:PASSWORD:ID:… */
static bool knows(const char *passwd, unsigned id)
{
	for (const char *line = passwd; line && *line; line = strchr(line, '\n')) {
		unsigned found;

		line += *line == '\n';
		if (sscanf(line, "%*[^:\n]:%*[^:\n]:%u:", &found) == 1 && found == id)
			return true;
	}
	return false;
}

/* A bus does not start for a user without a name: the agent, or one of a directory service's. */
static char *passwd_text(const struct mask_ask *ask)
{
	unsigned uid = (unsigned)plan_u64(ask->plan, "desktop.uid", 0);
	unsigned gid = (unsigned)plan_u64(ask->plan, "desktop.gid", uid);
	bool invoking = plan_u64(ask->plan, "user.uid", 0) == uid;
	const char *word = plan_str(ask->plan, "desktop.user", "");
	OWN_FREE char *name = isdigit((unsigned char)*word) ? xfmt("user%s", word) : xstrdup(word);
	OWN_FREE char *text = uid > 0 ? host_file("/etc/passwd") : NULL;
	size_t n = text ? strlen(text) : 0;

	if (!text || knows(text, uid) || strpbrk(name, ":\n"))
		return NULL;
	return xfmt("%s%s%s:x:%u:%u::%s:/bin/sh\n", text, n > 0 && text[n - 1] != '\n' ? "\n" : "",
		    name, uid, gid,
		    mask_has_agent(ask) ? MASK_AGENT_HOME
		    : invoking          ? plan_str(ask->plan, "user.home", "/")
					: "/");
}

/* Buses and toolkits want one; a host without one gives the pod one of its own, always the same. */
static char *machine_text(const struct mask_ask *ask)
{
	uint64_t h[2] = {14695981039346656037ull, 1099511628211ull};
	OWN_FREE char *host = NULL;

	if (!plan_is(ask->plan, "desktop", "yes"))
		return NULL;
	host = host_file("/etc/machine-id");
	if (host && *host)
		return NULL;
	for (const char *p = ask->pod->path; *p; p++)
		for (int i = 0; i < 2; i++)
			h[i] = (h[i] ^ (unsigned char)*p) * 1099511628211ull;
	return xfmt("%016llx%016llx\n", (unsigned long long)h[0], (unsigned long long)h[1]);
}

char *mask_text(const struct mask_ask *ask, const char *path)
{
	static const struct {
		const char *path;
		char *(*text)(const struct mask_ask *ask);
	} files[] = {
		{"/etc/hostname", hostname_text},
		{"/etc/hosts", hosts_text},
		{"/etc/resolv.conf", resolv_text},
		{"/etc/nsswitch.conf", nsswitch_text},
		{"/etc/passwd", passwd_text},
		{"/etc/machine-id", machine_text},
		{NULL, NULL},
	};

	for (size_t i = 0; files[i].path; i++)
		if (strcmp(files[i].path, path) == 0)
			return files[i].text(ask);
	return NULL;
}
