/* SPDX-License-Identifier: Apache-2.0 */
/*
 * IPv4: the device by which a packet comes in decides, so pods' links and the uplinks (for what is
 * answered) suffice; net.ipv4.ip_forward stays as it is.  IPv6 has no such switch of its own
 * before Linux 6.17: `forwarding` of one interface does nothing there while that of all is off.
 */
#include "tools/pod-net/forwarding.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "libcommon/io.h"
#include "libcommon/own.h"

#define ROOT   "/proc/sys/net"
#define RECORD "sysctls"
#define MAX    (1 << 20)

static const struct family {
	int family;
	const char *dir, *key;
} families[] = {{AF_INET, "ipv4/conf", "forwarding"}, {AF_INET6, "ipv6/conf", "force_forwarding"}};

static int sys_dir(struct err *e)
{
	int fd = open(ROOT, O_PATH | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? err_set(e, errno, "open " ROOT) : fd;
}

/* 0 or 1; -errno. */
static int look(int sys, const char *path)
{
	char text[16];
	int r = read_line_at(sys, path, text, sizeof(text));

	return r < 0 ? r : text[0] != '0';
}

static bool routes_everywhere(int sys, const struct family *f)
{
	OWN_FREE char *path = xfmt("%s/all/forwarding", f->dir);

	return look(sys, path) == 1;
}

bool forwarding_has_six(void)
{
	struct err ignored = {0};
	OWN_FD int sys = sys_dir(&ignored);

	if (sys < 0)
		return false;
	return routes_everywhere(sys, &families[1]) ||
	       faccessat(sys, "ipv6/conf/all/force_forwarding", F_OK, 0) == 0;
}

static int set(int sys, const char *path, const char *value, struct err *e)
{
	int r = poke_at(sys, path, value);

	return r < 0 ? err_set(e, -r, "write " ROOT "/%s", path) : 0;
}

/* What comes from a pod is from its own address, and teaches the host nothing; whatever has become
 * of the rules. */
static int distrust(int sys, const char *name, struct err *e)
{
	static const struct {
		const char *dir, *key, *value;
	} wanted[] = {
		{"ipv4/conf", "rp_filter", "1"},        {"ipv4/conf", "accept_source_route", "0"},
		{"ipv4/conf", "accept_redirects", "0"}, {"ipv6/conf", "accept_redirects", "0"},
		{"ipv6/conf", "accept_ra", "0"},
	};
	int r = 0;

	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]) && r == 0; i++) {
		OWN_FREE char *path = xfmt("%s/%s/%s", wanted[i].dir, name, wanted[i].key);

		if (faccessat(sys, path, F_OK, 0) == 0)
			r = set(sys, path, wanted[i].value, e);
	}
	return r;
}

int forwarding_of_link(const char *name, struct err *e)
{
	OWN_FD int sys = sys_dir(e);
	int r = sys < 0 ? sys : distrust(sys, name, e);

	for (size_t i = 0; i < 2 && r == 0; i++) {
		OWN_FREE char *path = xfmt("%s/%s/%s", families[i].dir, name, families[i].key);

		if (look(sys, path) == 0)
			r = set(sys, path, "1", e);
	}
	return r;
}

/* --- the record --- */

static int read_record(int dir, struct buf *b, struct err *e)
{
	int r = read_file_at(dir, RECORD, b, MAX);

	return r < 0 && r != -ENOENT ? err_set(e, -r, "read the record of changed sysctls") : 0;
}

int forwarding_forget(int dir, struct err *e)
{
	if (unlinkat(dir, RECORD, 0) < 0 && errno != ENOENT)
		return err_set(e, errno, "remove the record of changed sysctls");
	return 0;
}

static int write_record(int dir, const struct buf *b, struct err *e)
{
	int r = write_file_at(dir, RECORD, b->len ? b->data : "", b->len, 0600, false);

	return r < 0 ? err_set(e, -r, "write the record of changed sysctls") : 0;
}

/* What is on is somebody else's doing, or ours and written down already. */
static int note_one(int sys, const struct family *f, const char *interface, struct buf *b)
{
	OWN_FREE char *path = xfmt("%s/%s/%s", f->dir, interface, f->key);
	OWN_FREE char *line = xfmt("%s 0 1\n", path);
	int now = look(sys, path);

	if (now == 0 && !(b->len && strstr(b->data, line)))
		buf_str(b, line);
	return now < 0 && now != -ENOENT ? now : 0;
}

int forwarding_note(int dir, const struct strv *interfaces, struct err *e)
{
	OWN_BUF struct buf b = BUF_INIT;
	OWN_FD int sys = sys_dir(e);
	size_t before;
	int r = 0;

	if (sys < 0 || read_record(dir, &b, e) < 0)
		return -EINVAL;
	before = b.len;
	for (size_t f = 0; f < 2; f++)
		for (size_t i = 0; i < interfaces->n && r == 0; i++)
			if (f == 0 || !routes_everywhere(sys, &families[f]))
				r = note_one(sys, &families[f], interfaces->v[i], &b);
	if (r < 0)
		return err_set(e, -r, "look how the host's interfaces forward");
	return b.len == before ? 0 : write_record(dir, &b, e);
}

/* The interface of a record's line; 0 when it is not of that family. */
static bool take_line(const struct family *f, const char *line, char path[300], char interface[64])
{
	size_t prefix = strlen(f->dir);
	const char *slash;

	if (sscanf(line, "%299s 0 1", path) != 1 || strncmp(path, f->dir, prefix) != 0 ||
	    path[prefix] != '/' || !(slash = strchr(path + prefix + 1, '/')) ||
	    strcmp(slash + 1, f->key) != 0)
		return false;
	snprintf(interface, 64, "%.*s", (int)(slash - path - (int)prefix - 1), path + prefix + 1);
	return true;
}

/* fn for each interface of that family, all of them; the first -errno of any. */
static int each_line(struct buf *record, const struct family *f,
		     int (*fn)(void *arg, const char *path, const char *interface), void *arg)
{
	char path[300], interface[64];
	char *save = NULL;
	int r = 0;

	if (!record->len)
		return 0;
	for (char *line = strtok_r(record->data, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save))
		if (take_line(f, line, path, interface)) {
			int one = fn(arg, path, interface);

			r = r ? r : one;
		}
	return r;
}

static int add_name(void *arg, const char *path, const char *interface)
{
	(void)path;
	strv_add(arg, interface);
	return 0;
}

void forwarding_ours(int dir, int family, struct strv *out)
{
	const struct family *f = &families[family == AF_INET6];
	OWN_BUF struct buf b = BUF_INIT;
	struct err ignored = {0};
	OWN_FD int sys = sys_dir(&ignored);

	if (sys < 0 || routes_everywhere(sys, f) || read_record(dir, &b, &ignored) < 0)
		return;
	each_line(&b, f, add_name, out);
}

/* One that has gone is no fault. */
static int turn(int sys, const char *path, int from, const char *to)
{
	int now = look(sys, path);

	if (now < 0)
		return now == -ENOENT ? 0 : now;
	return now == from ? poke_at(sys, path, to) : 0;
}

static int switch_on(void *arg, const char *path, const char *interface)
{
	(void)interface;
	return turn(*(const int *)arg, path, 0, "1");
}

int forwarding_open(int dir, struct err *e)
{
	OWN_FD int sys = sys_dir(e);
	int r;

	if (sys < 0)
		return sys;
	for (size_t i = 0; i < 2; i++) {
		OWN_BUF struct buf b = BUF_INIT;

		if (read_record(dir, &b, e) < 0)
			return -e->code;
		r = each_line(&b, &families[i], switch_on, &sys);
		if (r < 0)
			return err_set(e, -r, "let the host's interfaces forward for pods");
	}
	return 0;
}

static int put_back(void *arg, const char *path, const char *interface)
{
	(void)interface;
	return turn(*(const int *)arg, path, 1, "0");
}

/* As long as one could not be put back, the record stays. */
static int restore_family(int dir, int sys, const struct family *f, struct err *e)
{
	OWN_BUF struct buf b = BUF_INIT;
	int r = read_record(dir, &b, e);

	if (r < 0 || routes_everywhere(sys, f))
		return r;
	r = each_line(&b, f, put_back, &sys);
	return r < 0 ? err_set(e, -r, "put back how the host's interfaces forward") : 0;
}

/* Whoever has made the host a router since wants each interface to route. */
int forwarding_restore(int dir, struct err *e)
{
	OWN_FD int sys = sys_dir(e);
	int r = sys < 0 ? sys : 0;

	for (size_t i = 0; i < 2 && r == 0; i++)
		r = restore_family(dir, sys, &families[i], e);
	return r < 0 ? r : forwarding_forget(dir, e);
}
