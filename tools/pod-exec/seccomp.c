/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-exec/seccomp.h"

#include <fcntl.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/buf.h"
#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/spawn.h"
#include "tools/pod-exec/seccomp_bpf.h"
#include "tools/pod-exec/seccomp_rules.h"

/* What `pod-config seccomp PROFILE` prints: the JSON is read there, where libjq is. */
static int read_rules(const char *profile, struct buf *text, struct err *e)
{
	char *argv[] = {"pod-config", "seccomp", (char *)profile, NULL};
	OWN_FD int from = -1, to = -1;
	int ends[2], pid, r, status;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_set(e, errno, "make a pipe");
	from = ends[0];
	to = ends[1];
	pid = spawn_start(argv, &(struct spawn_io){.in = -1, .out = to, .err = -1}, e);
	if (pid < 0)
		return pid;
	own_close(&to);
	to = -1;
	r = read_fd(from, text, RULES_TEXT_MAX);
	own_close(&from);
	from = -1;
	status = spawn_reap(pid);
	if (status != 0)
		return err_status(e, status, ERR_PLAIN,
				  "seccomp profile %s: pod-config ended with %d", esc(profile),
				  status);
	return r < 0 ? err_set(e, -r, "seccomp profile %s: read its rules", esc(profile)) : 0;
}

static int write_filter(int fd, const struct sock_filter *v, size_t n, struct err *e)
{
	int r = write_full(fd, v, n * sizeof(*v));

	return r < 0 ? err_set(e, -r, "write the seccomp filter") : 0;
}

int seccomp_compile(const char *profile, int out_fd, struct err *e)
{
	static const struct sock_filter everything = {.code = BPF_RET | BPF_K,
						      .k = SECCOMP_RET_ALLOW};
	OWN_BUF struct buf text = BUF_INIT;
	OWN_RULES struct rules rules = {0};
	OWN_FREE struct bpf *bpf = NULL;
	int r;

	if (strcmp(profile, "none") == 0)
		return write_filter(out_fd, &everything, 1, e);
	r = read_rules(profile, &text, e);
	if (r < 0)
		return r;
	r = rules_parse(&rules, text.data, text.len, e);
	if (r == 0) {
		bpf = xcalloc(1, sizeof(*bpf));
		r = bpf_compile(bpf, &rules, e);
	}
	if (r < 0)
		return err_wrap(e, "profile %s", esc(profile));
	return write_filter(out_fd, bpf->v, bpf->n, e);
}

int seccomp_load_fd(int bpf_fd, struct err *e)
{
	struct sock_filter v[BPF_LENGTH_MAX];
	struct sock_fprog prog = {.filter = v};
	ssize_t n = pread(bpf_fd, v, sizeof(v), 0);

	if (n < 0)
		return err_set(e, errno, "read the seccomp filter");
	if (n == 0 || (size_t)n % sizeof(v[0]) != 0)
		return err_status(
			e, POD_EXIT_CONFIG, ERR_PLAIN,
			"the seccomp filter is damaged; mend with: pod-exec --compile POD");
	prog.len = (unsigned short)((size_t)n / sizeof(v[0]));
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog) < 0)
		return err_set(e, errno, "load the seccomp filter%s",
			       errno == EINVAL ? " (damaged? mend with: pod-exec --compile POD)"
					       : "");
	return 0;
}
