/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/envpod/judge.h"

#include <inttypes.h>
#include <linux/netlink.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcommon/own.h"
#include "libcommon/usage.h"
#include "libcommon/words.h"

__attribute__((format(printf, 4, 5))) static void judge(struct check *c, enum pass pass,
							enum verdict v, const char *fmt, ...)
{
	va_list ap;

	if (!c)
		return;
	c->verdict[pass] = v;
	va_start(ap, fmt);
	vsnprintf(c->detail[pass], sizeof(c->detail[pass]), fmt, ap);
	va_end(ap);
}

/* --- limits --- */

static void judge_limit(const struct checks *checks, const char *id, uint64_t max)
{
	struct check *c = checks_find(checks, id);

	for (int pass = 0; pass < PASSES; pass++)
		if (max >= USAGE_NO_MAX)
			judge(c, pass, OPEN, "the kernel has none");
		else
			judge(c, pass, HELD, "%" PRIu64, max);
}

void judge_limits(struct checks *c, const char *pod)
{
	struct usage_files f = USAGE_FILES_INIT;
	OWN_CGTREE struct cgtree t = CGTREE_INIT;
	struct err ignored = {0};
	struct usage u;

	if (cgtree_open(&t, pod, &ignored) < 0)
		return; /* nobody could tell: as the probes said */
	usage_open(&f, &t);
	usage_read(&f, &u);
	usage_finish(&f);
	judge_limit(c, "limit-memory", u.memory_max);
	judge_limit(c, "limit-pids", u.pids_max);
	judge_limit(c, "limit-cpu", u.cpu_quota);
}

/* --- the network --- */

/* Is it one of the lines? */
static bool has_line(const char *lines, const char *line)
{
	size_t n = strlen(line);

	for (const char *at = lines; at && (at = strstr(at, line)); at += n)
		if ((at == lines || at[-1] == '\n') && (at[n] == '\n' || !at[n]))
			return true;
	return false;
}

void judge_ways(struct checks *c, enum pass pass, const char *reached)
{
	for (size_t i = 0; i < c->n; i++)
		if (*c->v[i].way && c->v[i].verdict[pass] != OPEN && has_line(reached, c->v[i].way))
			judge(&c->v[i], pass, OPEN, "it got there, and no answer came back");
}

/* --- the files --- */

/* Nobody else's: its name was made up for this one clone. */
static bool take_mark(const char *dir, const char *mark)
{
	OWN_FREE char *path = xfmt("%s/%s", dir, mark);
	struct stat st;

	return lstat(path, &st) == 0 && S_ISREG(st.st_mode) && st.st_size == 0 && unlink(path) == 0;
}

void judge_marks(struct checks *c, enum pass pass, const struct planted *p, const struct plan *pl)
{
	static const char *const places[] = {
		"",     "/etc",  "/usr", "/usr/bin", "/var",     "/opt", "/var/lib", "/home",
		"/srv", "/root", "/run", "/boot",    "/var/tmp", "/tmp", "/dev/shm", NULL};
	struct check *check = checks_find(c, "writes-stay");
	const char *value;

	for (const char *const *at = places; *at; at++)
		if (take_mark(*at, p->mark))
			judge(check, pass, OPEN, "one lay in %s of the host", **at ? *at : "/");
	for (size_t i = 0; (value = plan_next(pl, "mount", &i));) {
		OWN_STRV struct strv words = {0};

		if (words_split(&words, value) == 0 && words.n == 3 &&
		    take_mark(words.v[1], p->mark))
			judge(check, pass, OPEN, "one lay in %s of the host", words.v[1]);
	}
}

/* --- system calls --- */

void judge_sockets(struct checks *c)
{
	static const struct family {
		const char *id;
		int family, type, protocol;
	} families[] = {
		{"vsock", AF_VSOCK, SOCK_STREAM, 0},
		{"packet-socket", AF_PACKET, SOCK_RAW, 0},
		{"firewall-socket", AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER},
		{0},
	};

	for (const struct family *f = families; f->id; f++) {
		OWN_FD int fd = socket(f->family, f->type | SOCK_CLOEXEC, f->protocol);
		struct check *one = checks_find(c, f->id);

		for (int pass = 0; one && fd >= 0 && pass < PASSES; pass++)
			if (one->verdict[pass] == CANNOT_TRY)
				one->verdict[pass] = HELD;
	}
}

/* --- causes --- */

struct cause {
	const char *key, *value; /* of the plan; value NULL: any */
	const char *finding, *fix;
};

static const struct cause filters[] = {
	{"seccomp", "none", "S-04", "security.seccomp_profile: default"},
	{"seccomp", "browser", "S-03", "security.seccomp_profile: default"},
	{"seccomp", NULL, "S-05", "security.seccomp_profile: default, or close it in the file"},
	{0},
};
static const struct cause networks[] = {
	{"network", "unsafe", "N-01",
	 "network.mode: Isolated, with the names it needs in network.dns.allow"},
	{"dns.mode", "monitor", "N-03", "network.dns.mode: Allowlist"},
	{"cidr_allow", NULL, "N-09, N-10", "narrow network.cidr_allow, or allow names"},
	{"dns.mode", "denylist", "N-03", "network.dns.mode: Allowlist"},
	{0},
};

/* NULL: it is none of them. */
static const struct cause *find_cause(const struct cause *causes, const struct plan *pl)
{
	for (; causes->key; causes++)
		if (causes->value ? plan_is(pl, causes->key, causes->value)
				  : plan_str(pl, causes->key, NULL) != NULL)
			return causes;
	return NULL;
}

void judge_causes(struct checks *c, const struct plan *pl)
{
	const struct cause *filter = find_cause(filters, pl);
	const struct cause *network = find_cause(networks, pl);

	for (size_t i = 0; i < c->n; i++) {
		const struct cause *is = strncmp(c->v[i].finding, "S-", 2) == 0    ? filter
					 : strncmp(c->v[i].finding, "N-0", 3) == 0 ? network
										   : NULL;

		if (!is || strcmp(c->v[i].id, "default-user") == 0)
			continue;
		snprintf(c->v[i].finding, sizeof(c->v[i].finding), "%s", is->finding);
		snprintf(c->v[i].fix, sizeof(c->v[i].fix), "%s", is->fix);
	}
}

void judge_user(struct checks *c, const struct plan *pl)
{
	struct check *check = checks_find(c, "default-user");
	const char *user = plan_str(pl, "run.user", "");
	bool root = strcmp(user, "root") == 0 || strcmp(user, "0") == 0;

	if (plan_u64(pl, "user.uid", 0) == 0)
		judge(check, AS_USER, CANNOT_TRY, "the pod belongs to root");
	else if (root)
		judge(check, AS_USER, OPEN, "the pod file says user: %s", user);
	else
		judge(check, AS_USER, HELD, "%s", user);
}
