/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-exec/user.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "libcommon/buf.h"
#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/unit.h"

#define FIELDS 7 /* name:password:uid:gid:gecos:home:shell */
#define ID_MAX 65535

struct field {
	const char *at;
	size_t len;
};

static bool split(const char *line, size_t len, struct field f[FIELDS])
{
	const char *end = line + len;

	if (memchr(line, '\0', len))
		return false;
	for (int i = 0; i < FIELDS; i++) {
		const char *colon = memchr(line, ':', (size_t)(end - line));
		const char *stop = colon ? colon : end;

		f[i] = (struct field){line, (size_t)(stop - line)};
		if (i == FIELDS - 1)
			return !colon;
		if (!colon)
			return false;
		line = colon + 1;
	}
	return false;
}

/* An absolute path that fits, or the fallback. */
static void take_path(char *out, size_t size, const struct field *f, const char *fallback)
{
	bool good = f->len > 0 && f->len < size && f->at[0] == '/';

	snprintf(out, size, "%.*s", good ? (int)f->len : (int)strlen(fallback),
		 good ? f->at : fallback);
}

static bool take_id(const struct field *f, uint64_t *id)
{
	char text[8];

	if (f->len == 0 || f->len >= sizeof(text))
		return false;
	memcpy(text, f->at, f->len);
	text[f->len] = '\0';
	return unit_u64(text, ID_MAX, id) == 0;
}

static bool match(const char *line, size_t len, const char *name, uint64_t wanted, struct user *u)
{
	struct field f[FIELDS];
	uint64_t uid, gid;

	if (!split(line, len, f) || !take_id(&f[2], &uid) || !take_id(&f[3], &gid))
		return false;
	if (f[0].len == 0 || f[0].len >= sizeof(u->name))
		return false;
	if (uid != wanted && (f[0].len != strlen(name) || memcmp(f[0].at, name, f[0].len) != 0))
		return false;
	*u = (struct user){.uid = (uid_t)uid, .gid = (gid_t)gid};
	memcpy(u->name, f[0].at, f[0].len);
	take_path(u->home, sizeof(u->home), &f[5], "/");
	take_path(u->shell, sizeof(u->shell), &f[6], "/bin/sh");
	return true;
}

bool user_from_passwd(const char *data, size_t len, const char *name, struct user *u)
{
	uint64_t wanted = UINT64_MAX;

	unit_u64(name, ID_MAX, &wanted);
	while (len > 0) {
		const char *eol = memchr(data, '\n', len);
		size_t n = eol ? (size_t)(eol - data) : len;

		if (match(data, n, name, wanted, u))
			return true;
		data += n + (eol != NULL);
		len -= n + (eol != NULL);
	}
	return false;
}

/* A fifo or a device in its place must not make us wait. */
static bool look_up(int rootfd, const char *name, struct user *u)
{
	OWN_FD int fd = open_beneath(rootfd, "etc/passwd", O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
	OWN_BUF struct buf b = BUF_INIT;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return false;
	if (read_fd(fd, &b, USER_PASSWD_MAX) < 0)
		return false;
	return user_from_passwd(b.data, b.len, name, u);
}

/* Users of ours have ids and homes the pod cannot change; its passwd may only name their shell. */
static void fixed(struct user *u, const char *name, uid_t id, const char *home, int rootfd)
{
	struct user found;
	bool known = look_up(rootfd, name, &found);

	*u = (struct user){.uid = id, .gid = id};
	snprintf(u->name, sizeof(u->name), "%s", name);
	snprintf(u->home, sizeof(u->home), "%s", home);
	snprintf(u->shell, sizeof(u->shell), "%s", known ? found.shell : "/bin/sh");
}

static int invoking(struct user *u, const struct plan *pl)
{
	*u = (struct user){.uid = (uid_t)plan_u64(pl, "user.uid", 0),
			   .gid = (gid_t)plan_u64(pl, "user.gid", 0)};
	snprintf(u->name, sizeof(u->name), "%s", plan_str(pl, "user.name", "root"));
	snprintf(u->home, sizeof(u->home), "%s", plan_str(pl, "user.home", "/"));
	snprintf(u->shell, sizeof(u->shell), "%s", plan_str(pl, "user.shell", "/bin/sh"));
	return 0;
}

int user_resolve(struct user *u, const struct plan *pl, const char *name, int rootfd, struct err *e)
{
	uint64_t id;

	if (plan_is(pl, "user.name", name)) {
		if (plan_is(pl, "user.uid", "0")) /* the host's root becomes the pod's */
			name = "root";
		else
			return invoking(u, pl);
	}
	if (strcmp(name, "root") == 0 || strcmp(name, "0") == 0) {
		fixed(u, "root", 0, "/root", rootfd);
		return 0;
	}
	if (strcmp(name, "agent") == 0) {
		fixed(u, "agent", USER_AGENT_ID, "/home/agent", rootfd);
		return 0;
	}
	if (look_up(rootfd, name, u))
		return 0;
	if (unit_u64(name, ID_MAX, &id) < 0)
		return err_set(e, ERR_PLAIN,
			       "find user %s: neither the invoking user, root or agent, nor in the "
			       "pod's /etc/passwd; a number from 0 to %d works too",
			       esc(name), ID_MAX);
	fixed(u, name, (uid_t)id, "/", rootfd);
	return 0;
}
