/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "envpod/exit.h"
#include "libcommon/dummies.h"
#include "libcommon/own.h"
#include "tests/lib/tap.h"
#include "tools/pod-exec/env.h"
#include "tools/pod-exec/given.h"

static const struct user ann = {
	.uid = 1000, .gid = 1000, .name = "ann", .home = "/home/ann", .shell = "/bin/zsh"};

static void plan_from(struct plan *pl, const char *lines)
{
	char text[512];
	struct err e = {0};

	snprintf(text, sizeof(text), "envpod-plan 1 1 1 1\nname web\n%send\n", lines);
	*pl = (struct plan){0};
	ok(plan_parse(pl, text, strlen(text), &e) == 0, "a plan (%s)", e.msg);
}

static void check_base(void)
{
	OWN_STRV struct strv env = {0}, given = {0}, asked = {0};
	OWN_PLAN struct plan pl;
	struct err e = {0};

	clearenv();
	setenv("SECRET", "x", 1);
	plan_from(&pl, "");
	ok(env_build(&env, &pl, &ann, &given, &asked, &e) == 0, "built");
	is_int((int)env.n, 8, "eight variables");
	is_str(env_get(&env, "HOME"), "/home/ann", "HOME");
	is_str(env_get(&env, "USER"), "ann", "USER");
	is_str(env_get(&env, "SHELL"), "/bin/zsh", "SHELL");
	is_str(env_get(&env, "TERM"), "dumb", "TERM without one of the caller's");
	is_str(env_get(&env, "LANG"), "C.UTF-8", "LANG without one of the caller's");
	is_str(env_get(&env, "SECRET"), NULL, "nothing else of the caller's");
	ok(strncmp(env_get(&env, "PATH"), "/run/envpod/bin:", 16) == 0, "ours first in PATH");
}

static void check_order(void)
{
	OWN_STRV struct strv env = {0}, given = {0}, asked = {0};
	OWN_PLAN struct plan pl;
	struct err e = {0};

	clearenv();
	setenv("MINE", "caller", 1);
	plan_from(&pl, "env A=plan\nenv HOME=/elsewhere\nenv AB=long\nenv ENVPOD_POD_NAME=x\n");
	strv_add(&given, "A=given");
	strv_add(&given, "HOME=given");
	strv_add(&given, "G=given");
	strv_add(&asked, "A=asked=twice");
	strv_add(&asked, "EMPTY=");
	strv_add(&asked, "MINE");
	strv_add(&asked, "UNSET");
	ok(env_build(&env, &pl, &ann, &given, &asked, &e) == 0, "built");
	is_str(env_get(&env, "A"), "asked=twice", "-e wins over the plan");
	is_str(env_get(&env, "AB"), "long", "a longer name is another one");
	is_str(env_get(&env, "HOME"), "/elsewhere", "the plan wins over what we set");
	is_str(env_get(&env, "G"), "given", "what is given for the proxy is there");
	is_str(env_get(&env, "EMPTY"), "", "an empty value is a value");
	is_str(env_get(&env, "MINE"), "caller", "a name alone takes the caller's value");
	is_str(env_get(&env, "UNSET"), NULL, "if there is one");
	is_str(env_get(&env, "ENVPOD_POD_NAME"), "web", "the pod's name cannot be changed");
}

static void check_wrong(const char *word)
{
	OWN_STRV struct strv env = {0}, given = {0}, asked = {0};
	OWN_PLAN struct plan pl;
	struct err e = {0};

	plan_from(&pl, "");
	strv_add(&asked, word);
	ok(env_build(&env, &pl, &ann, &given, &asked, &e) < 0, "-e '%s' is refused", word);
	is_int(e.status, POD_EXIT_USAGE, "as wrong usage");
}

static void check_sane(const char *term, const char *want)
{
	OWN_STRV struct strv env = {0}, given = {0}, asked = {0};
	OWN_PLAN struct plan pl;
	struct err e = {0};

	setenv("TERM", term, 1);
	plan_from(&pl, "");
	env_build(&env, &pl, &ann, &given, &asked, &e);
	is_str(env_get(&env, "TERM"), want, "TERM '%.20s' becomes '%s'", term, want);
}

static int dummies(struct strv *env, const char *lines)
{
	OWN_FREE char *text = xfmt("envpod-plan 1 0 0 0\ncanary alert\n%send\n", lines);
	struct err e = {0};

	return dummies_parse(env, text, strlen(text), &e);
}

static void check_dummies(void)
{
	static const char *const wrong[] = {"dummy A\n",    "dummy A b c\n", "dummy A-B c\n",
					    "dummy 1A b\n", "dummy A=B c\n", "nonsense"};
	OWN_STRV struct strv env = {0}, none = {0};

	is_int(dummies(&env, "dummy API_KEY sk-1\ndummy B a=b\\\\040c\n"), 0, "two dummies");
	is_int((int)env.n, 2, "are two variables");
	is_str(env_get(&env, "API_KEY"), "sk-1", "with their values");
	is_str(env_get(&env, "B"), "a=b c", "and the blanks in them");
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		ok(dummies(&none, wrong[i]) < 0, "wrong dummy %zu is refused", i);
}

int main(void)
{
	check_dummies();
	check_base();
	check_order();
	check_wrong("");
	check_wrong("=value");
	check_sane("xterm-256color", "xterm-256color");
	check_sane("", "dumb");
	check_sane("../../etc/passwd", "dumb");
	check_sane("a b", "dumb");
	check_sane("0123456789012345678901234567890123456789012345678901234567890123", "dumb");
	return done_testing();
}
