/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-exec/seccomp.h"

#include <fcntl.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/buf.h"
#include "libcommon/cache.h"
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
	int r = spawn_capture(argv, text, RULES_TEXT_MAX, e);

	if (r < 0)
		return err_wrap(e, "seccomp profile %s", esc(profile));
	return r ? err_status(e, r, ERR_PLAIN, "seccomp profile %s: pod-config ended with %d",
			      esc(profile), r)
		 : 0;
}

static int write_filter(int fd, const void *v, size_t n, struct err *e)
{
	int r = write_full(fd, v, n);

	return r < 0 ? err_set(e, -r, "write the seccomp filter") : 0;
}

static int compile(const char *profile, struct buf *filter, struct err *e)
{
	OWN_BUF struct buf text = BUF_INIT;
	OWN_RULES struct rules rules = {0};
	OWN_FREE struct bpf *bpf = NULL;
	int r = read_rules(profile, &text, e);

	if (r < 0)
		return r;
	r = rules_parse(&rules, text.data, text.len, e);
	if (r == 0) {
		bpf = xcalloc(1, sizeof(*bpf));
		r = bpf_compile(bpf, &rules, e);
	}
	if (r < 0)
		return err_wrap(e, "profile %s", esc(profile));
	buf_add(filter, bpf->v, bpf->n * sizeof(bpf->v[0]));
	return 0;
}

static bool add_identity(struct buf *head, const char *path)
{
	struct stat st;

	if (!path || stat(path, &st) < 0)
		return false;
	buf_fmt(head, " %llu %lld %lld.%09ld", (unsigned long long)st.st_ino, (long long)st.st_size,
		(long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
	return true;
}

/*
 * All that the filter of one of our own profiles follows from: the profile's bytes, and the two
 * programs that make it.  False for somebody's own profile, and where another pod-config stands in
 * front: those are read each time.
 */
static bool made_from(const char *profile, struct buf *head)
{
	OWN_FREE char *file = xfmt("seccomp/%s.json", profile);
	OWN_FREE char *path = strchr(profile, '/') ? NULL : data_path(file);
	struct err none = {0};
	OWN_FREE char *tool = tool_is_foreign("pod-config") ? NULL : tool_path("pod-config", &none);
	OWN_BUF struct buf json = BUF_INIT;
	char hash[CACHE_HASH];

	if (!path || !tool || read_file_at(AT_FDCWD, path, &json, RULES_TEXT_MAX) < 0)
		return false;
	cache_hash(json.data, json.len, hash);
	buf_fmt(head, "%s %s", ENVPOD_VERSION, hash);
	return add_identity(head, "/proc/self/exe") && add_identity(head, tool);
}

int seccomp_compile(const char *profile, int out_fd, struct err *e)
{
	static const struct sock_filter everything = {.code = BPF_RET | BPF_K,
						      .k = SECCOMP_RET_ALLOW};
	OWN_FREE char *name = xfmt("seccomp.%s", profile);
	OWN_BUF struct buf filter = BUF_INIT, head = BUF_INIT;
	OWN_FD int cache = -1;
	int r = 0;

	if (strcmp(profile, "none") == 0)
		return write_filter(out_fd, &everything, sizeof(everything), e);
	if (made_from(profile, &head))
		cache = cache_open();
	if (!cache_get(cache, name, head.data, &filter) || filter.len == 0) {
		r = compile(profile, &filter, e);
		if (r == 0)
			cache_put(cache, name, head.data, &filter);
	}
	return r < 0 ? r : write_filter(out_fd, filter.data, filter.len, e);
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
