/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "libcommon/plan.h"
#include "tests/lib/tap.h"
#include "tools/pod-exec/user.h"

static bool find(const char *text, const char *name, struct user *u)
{
	*u = (struct user){0};
	return user_from_passwd(text, strlen(text), name, u);
}

static void check_good(void)
{
	static const char text[] = "root:x:0:0:root:/root:/bin/bash\n"
				   "daemon:*:1:2::/usr/sbin:/usr/sbin/nologin\n"
				   "last:x:65535:65535:::";
	struct user u;

	ok(find(text, "daemon", &u), "a name is found");
	is_int(u.uid, 1, "its uid");
	is_int(u.gid, 2, "its gid");
	is_str(u.home, "/usr/sbin", "its home");
	is_str(u.shell, "/usr/sbin/nologin", "its shell");
	ok(find(text, "1", &u), "a number is found");
	is_str(u.name, "daemon", "by its name");
	ok(find(text, "last", &u), "the last line needs no newline");
	is_int(u.uid, 65535, "the highest id");
	is_str(u.home, "/", "no home: the root");
	is_str(u.shell, "/bin/sh", "no shell: sh");
	ok(!find(text, "daem", &u), "half a name is not found");
	ok(!find(text, "daemons", &u), "a longer name is not found");
	ok(!find(text, "", &u), "the empty name is not found");
	ok(!find("", "root", &u), "nothing is found in nothing");
}

static void check_bad_lines(void)
{
	static const struct {
		const char *line, *why;
	} bad[] = {
		{"u:x:1:1::/", "a field is missing"},
		{"u:x:1:1::/:/bin/sh:more", "a field too many"},
		{"u:x:-1:1::/:/bin/sh", "a negative uid"},
		{"u:x:65536:1::/:/bin/sh", "a uid outside the map"},
		{"u:x:1:65536::/:/bin/sh", "a gid outside the map"},
		{"u:x:99999999999999999999:1::/:/bin/sh", "a uid beyond any number"},
		{"u:x::1::/:/bin/sh", "an empty uid"},
		{"u:x: 1:1::/:/bin/sh", "a blank before the uid"},
		{"u:x:0x1:1::/:/bin/sh", "a uid in hexadecimal"},
		{":x:1:1::/:/bin/sh", "no name"},
		{"u", "a word"},
	};
	struct user u;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ok(!find(bad[i].line, "u", &u), "not believed: %s", bad[i].why);
	ok(!user_from_passwd("u:x:1:1::/\0:/sh", 15, "u", &u), "not believed: a NUL byte");
	ok(!user_from_passwd("u\0:x:1:1::/:/sh", 15, "u", &u), "not believed: a NUL in the name");
}

static void check_bad_fields(void)
{
	char text[2048], name[80];
	struct user u;

	ok(find("u:x:1:1::relative:sh", "u", &u), "a line with relative paths counts");
	is_str(u.home, "/", "a relative home does not");
	is_str(u.shell, "/bin/sh", "nor a relative shell");
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	snprintf(text, sizeof(text), "%s:x:1:1::/:/bin/sh", name);
	ok(!find(text, name, &u), "a name that is too long is not believed");
	snprintf(text, sizeof(text), "u:x:1:1::/%01000d:/bin/%0500d", 0, 0);
	ok(find(text, "u", &u), "a line with long paths counts");
	is_str(u.home, "/", "a home that is too long does not");
	is_str(u.shell, "/bin/sh", "nor such a shell");
}

static void plan_from(struct plan *pl, const char *lines)
{
	char text[512];
	struct err e = {0};

	snprintf(text, sizeof(text), "envpod-plan 1 1 1 1\n%send\n", lines);
	*pl = (struct plan){0};
	ok(plan_parse(pl, text, strlen(text), &e) == 0, "a plan (%s)", e.msg);
}

static void check_resolve(void)
{
	OWN_PLAN struct plan pl, rootly;
	struct err e = {0};
	struct user u;

	plan_from(&pl, "user.name ann\nuser.uid 4321\nuser.gid 99\nuser.home /h\nuser.shell /s\n");
	ok(user_resolve(&u, &pl, "ann", -1, &e) == 0, "the invoking user");
	is_int(u.uid, 4321, "has the plan's uid");
	is_str(u.home, "/h", "and home");
	ok(user_resolve(&u, &pl, "agent", -1, &e) == 0, "agent");
	is_int(u.uid, USER_AGENT_ID, "has its own id");
	ok(user_resolve(&u, &pl, "0", -1, &e) == 0, "0");
	is_str(u.name, "root", "is root");
	ok(user_resolve(&u, &pl, "nobody-here", -1, &e) < 0, "an unknown name is an error");
	ok(strstr(e.msg, "nobody-here") != NULL, "that names it");
	ok(user_resolve(&u, &pl, "65536", -1, &e) < 0, "a number outside the map is an error");
	plan_from(&rootly, "user.name root\nuser.uid 0\nuser.home /root\n");
	ok(user_resolve(&u, &rootly, "root", -1, &e) == 0 && u.uid == 0, "root invokes: pod root");
}

int main(void)
{
	check_good();
	check_bad_lines();
	check_bad_fields();
	check_resolve();
	return done_testing();
}
