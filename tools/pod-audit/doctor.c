/* SPDX-License-Identifier: Apache-2.0 */
/* What an audit log leans on: the libraries, inotify, and logs that can be continued. */
#include <dirent.h>
#include <fcntl.h>
#include <jq.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/finding.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/pod.h"
#include "libcommon/record.h"
#include "libcommon/say.h"
#include "tools/pod-audit/keyfile.h"
#include "tools/pod-audit/pod-audit.h"
#include "tools/pod-audit/source.h"

struct check {
	const char *name;
	bool good;
	const char *message, *hint;
};

static int print_check(const struct check *c, bool json)
{
	finding_block(
		&(struct finding){c->name, "audit", c->good ? "pass" : "fail", c->message, c->hint},
		json);
	return c->good ? POD_EXIT_OK : POD_EXIT_FAILED;
}

static int check_libraries(bool json)
{
	jq_state *jq = jq_init();
	bool jq_good = jq && jq_compile(jq, ".event == \"x\"");
	bool sodium_good = sodium_init() >= 0;
	int r;

	if (jq)
		jq_teardown(&jq);
	r = print_check(&(struct check){"libjq", jq_good,
					jq_good ? "query --where works" : "libjq compiles nothing",
					"install libjq1 again"},
			json);
	return r | print_check(&(struct check){"libsodium", sodium_good,
					       sodium_good ? sodium_version_string()
							   : "does not start: no chain, no events",
					       "install libsodium23 again"},
			       json);
}

static int check_inotify(bool json)
{
	OWN_FD int fd = inotify_init1(IN_CLOEXEC);
	bool good = fd >= 0 && inotify_add_watch(fd, "/", IN_MODIFY) >= 0;

	return print_check(
		&(struct check){"inotify", good,
				good ? "follow works" : "no watch is left: follow does not work",
				"raise fs.inotify.max_user_instances and max_user_watches"},
		json);
}

/* The newest segment's last whole line: can the next event be chained to it? */
static int check_end(const char *pod, struct err *e)
{
	OWN(source_finish) struct source s = SOURCE_INIT;
	struct record_tail tail;
	bool sound = true;
	struct line *l;
	int r = source_open(&s, pod, false, e);

	if (r == 0 && s.n)
		s.next = s.n - 1;
	while (r == 0 && (r = source_next(&s, &l, e)) > 0) {
		if (!l->torn)
			sound = record_tail(l->text, l->len, &tail) == 0;
		r = 0;
	}
	if (r < 0)
		return r;
	return sound ? 0 : err_set(e, ERR_PLAIN, "the log of pod %s ends in a damaged line", pod);
}

static int check_logs(bool json)
{
	OWN_FREE char *path = xfmt("%s/pods", pod_state_dir());
	OWN_DIR DIR *d = opendir(path);
	const struct dirent *ent;
	char message[64];
	unsigned n = 0;
	int status = POD_EXIT_OK;

	while (d && (ent = readdir(d))) {
		struct err e = {0};
		OWN_FREE char *hint = xfmt("pod-audit verify %s", ent->d_name);

		if (pod_check_name(ent->d_name, &e) < 0)
			continue;
		n++;
		if (check_end(ent->d_name, &e) < 0)
			status |=
				print_check(&(struct check){"audit-log", false, e.msg, hint}, json);
	}
	snprintf(message, sizeof(message), "%u pod(s), their logs can be continued", n);
	return status ? status : print_check(&(struct check){"audit-log", true, message, ""}, json);
}

/* Who has both keys can make any log look right. */
static int check_key(bool json)
{
	OWN(keyfile_finish) struct keyfile k = {0};
	struct err e = {0};
	int here = keyfile_host(&k, &e);

	finding_block(&(struct finding){"audit-key", "audit",
					here < 0 ? "fail"
					: here   ? "warn"
						 : "pass",
					here < 0 ? e.msg
					: here ? "the key that proves audit logs lies on this host"
					       : "the key that proves audit logs is elsewhere",
					here < 0 ? ""
						 : "pod-audit key --take, and keep what it prints "
						   "where this host cannot reach it"},
		      json);
	return here < 0 ? POD_EXIT_FAILED : POD_EXIT_OK;
}

int cmd_doctor(int argc, char **argv)
{
	bool json = false;
	struct err e = {0};
	const struct opt opts[] = {
		{OPT_FLAG, 'j', "json", &json, NULL, "one JSON object a line"},
		{0},
	};
	const struct opt_usage usage = {"pod-audit doctor [--json]",
					"Check what audit logs need on this host.", 0, 0, 0};
	int status;

	opt_parse(opts, &usage, argc, argv);
	if (pod_state_open(&e) < 0)
		return say_err(&e);
	status = check_libraries(json);
	status |= check_inotify(json);
	status |= check_key(json);
	return status | check_logs(json);
}
