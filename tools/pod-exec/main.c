/* SPDX-License-Identifier: Apache-2.0 */
/* pod-exec: the processor and memory walls, PID 1 and terminal of a run. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/io.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/say.h"
#include "libcommon/title.h"
#include "tools/pod-exec/beside.h"
#include "tools/pod-exec/doctor.h"
#include "tools/pod-exec/run.h"
#include "tools/pod-exec/seccomp.h"

/* 0, 1 and 2 must be taken, or a file of ours would become the command's input. */
static void fill_standard_fds(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= 2);
	if (fd < 0)
		die(POD_EXIT_BEFORE_RUN, "open /dev/null: %s", strerror(errno));
	close(fd);
}

static int compile_into(const struct pod *p, const struct plan *pl, struct err *e)
{
	OWN_FD int fd = openat(p->dir, ".seccomp.bpf",
			       O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	int r;

	if (fd < 0)
		return err_set(e, errno, "make %s/seccomp.bpf", p->path);
	r = seccomp_compile(plan_str(pl, "seccomp", "default"), fd, e);
	if (r < 0)
		unlinkat(p->dir, ".seccomp.bpf", 0);
	else if (renameat(p->dir, ".seccomp.bpf", p->dir, "seccomp.bpf") < 0)
		r = err_set(e, errno, "make %s/seccomp.bpf", p->path);
	return r;
}

static int compile(const char *name)
{
	OWN(pod_finish) struct pod p = POD_INIT;
	OWN_PLAN struct plan pl = {0};
	struct err e = {0};
	int r = pod_open(&p, name, &e);

	if (r == 0)
		r = plan_open(&pl, &p, &e);
	if (r == 0)
		r = compile_into(&p, &pl, &e);
	return r < 0 ? say_err(&e) : POD_EXIT_OK;
}

static void check_tty_word(const char *word)
{
	if (strcmp(word, "auto") != 0 && strcmp(word, "never") != 0)
		die(POD_EXIT_USAGE, "--tty %s: want auto or never", word);
}

int main(int argc, char **argv)
{
	struct ask ask = {.tty = "auto",
			  .status_fd = UINT64_MAX,
			  .ready_fd = UINT64_MAX,
			  .keep_fd = UINT64_MAX,
			  .exec_fd = UINT64_MAX,
			  .listen_fd = UINT64_MAX};
	const char *compiled = NULL;
	bool doctor = false, json = false;
	const struct opt opts[] = {
		{OPT_STR, 0, "user", &ask.user, "USER", "a name or number of the pod"},
		{OPT_FLAG, 0, "root", &ask.root, NULL, "the same as --user root"},
		{OPT_LIST, 'e', "env", &ask.env, "NAME[=VALUE]",
		 "one more variable; ours without =VALUE"},
		{OPT_STR, 0, "cwd", &ask.cwd, "DIR", "start there, if the pod can see it"},
		{OPT_LIST, 0, "without", &ask.without, "KEY",
		 "run although KEY's wall is not built yet"},
		{OPT_FLAG, 0, "unsafe", &ask.unsafe, NULL, "allow the host's own network"},
		{OPT_FLAG, 0, "probe", &ask.probe, NULL,
		 "only where the pod runs, and off the record: for checks of health"},
		{OPT_STR, 0, "tty", &ask.tty, "auto|never",
		 "a terminal of the pod where ours is one"},
		{OPT_U64, 0, "status-fd", &ask.status_fd, "N", "write NDJSON about the run there"},
		{OPT_U64, 0, "ready-fd", &ask.ready_fd, "N",
		 "write a byte there once the command runs"},
		{OPT_FLAG, 0, "apart", &ask.apart, NULL,
		 "out of sight of the pod's other processes"},
		{OPT_U64, 0, "keep-fd", &ask.keep_fd, "N",
		 "with --apart: leave the command this regular file"},
		{OPT_U64, 0, "exec-fd", &ask.exec_fd, "N",
		 "with --apart, or a sealed memfd: execute this file of the host"},
		{OPT_STR, 0, "beside", &ask.beside, "guardian|app",
		 "a service of the running pod: no run, and it ends with who started it"},
		{OPT_U64, 0, "listen-fd", &ask.listen_fd, "N",
		 "with --beside: hand the command this listening Unix socket as 3"},
		{OPT_STR, 0, "compile", &compiled, "POD", "only make the pod's seccomp.bpf"},
		{OPT_FLAG, 0, "doctor", &doctor, NULL, "only say what this kernel lacks"},
		{OPT_FLAG, 0, "json", &json, NULL, "with --doctor: NDJSON"},
		{0},
	};
	const struct opt_usage usage = {
		"pod-exec [OPTION]... POD -- COMMAND [ARGUMENT]...",
		"Run a command behind the walls of a pod, standing in its view.", 0, 0, 2};
	OWN_STRV struct strv self = {0}, command = {0};
	int n;

	say_name("pod-exec");
	fill_standard_fds();
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); /* children of ours are seen from inside the pod */
	title_keep(argc, argv);
	for (int i = 0; i < argc; i++)
		strv_add(&self, argv[i]);
	n = opt_parse(opts, &usage, argc, argv);
	if (doctor)
		return doctor_main(json);
	if (compiled)
		return compile(compiled);
	if (n < 2)
		die(POD_EXIT_USAGE, "name a pod and a command (usage: %s)", usage.line);
	check_tty_word(ask.tty);
	beside_begin(&ask);
	for (int i = 1; i < n; i++)
		strv_add(&command, argv[i]);
	ask.pod = argv[0];
	ask.argv = command.v;
	ask.self = self.v;
	return run_main(&ask);
}
