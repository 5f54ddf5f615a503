/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/pod.h"
#include "tests/lib/tap.h"

static void names(void)
{
	static const struct {
		const char *name;
		bool good;
	} cases[] = {
		{"web", true},
		{"0", true},
		{"a.b_c-d", true},
		{"", false},
		{".", false},
		{"..", false},
		{".a", false},
		{"-a", false},
		{"_a", false},
		{"Web", false},
		{"a/b", false},
		{"a b", false},
		{"a\n", false},
		{"\xc3\xa4", false},
		{"a\x1b", false},
		{"123456789012345678901234567890123456789012345678901234567890123", true},
		{"1234567890123456789012345678901234567890123456789012345678901234", false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct err e = {0};
		int r = pod_check_name(cases[i].name, &e);

		is_int(r == 0, cases[i].good, "pod name '%s'", esc(cases[i].name));
		if (r < 0)
			ok(err_exit(&e) == POD_EXIT_USAGE && !strpbrk(e.msg, "\n\x1b"),
			   "status 64, and the message is safe to print");
	}
}

/* Every id a pod can have goes out and comes back; nothing lands on host root. */
static void ids(void)
{
	static const uid_t identities[] = {0, 1000, 65535, 100000, 524288};
	enum { BASE = 524288 };

	for (size_t i = 0; i < sizeof(identities) / sizeof(identities[0]); i++) {
		uid_t identity = identities[i], bad = 0, host_root = 0;

		for (uid_t id = 0; id < 65536; id++) {
			uid_t out = pod_map_out(id, BASE, identity);

			host_root += out == 0;
			bad += pod_map_in(out, BASE, identity) != id;
		}
		/* An identity inside the shifted range takes the place of one id of the pod. */
		is_int(bad, identity >= BASE && identity < BASE + 65536,
		       "ids come back, identity %u", identity);
		is_int(host_root, 0, "none is host root, identity %u", identity);
	}
	is_int(pod_map_out(1000, BASE, 1000), 1000, "the invoking user is itself");
	is_int(pod_map_out(1001, BASE, 1000), BASE + 1001, "its neighbour is shifted");
	ok(pod_map_out(65536, BASE, 0) == (uid_t)-1, "beyond the range there is no id");
	is_int(pod_map_in(0, BASE, 1000), 65534, "host root is nobody inside");
	is_int(pod_map_in(BASE + 1000, BASE, 1000), 65534, "what the identity replaced is nobody");
	is_int(pod_map_in(BASE + 65536, BASE, 0), 65534, "one beyond the range is nobody");
}

static void covers(void)
{
	static const struct {
		const char *path, *name;
	} cases[] = {
		{"/", "_"},
		{"/home/u", "_home_u"},
		{"/a_b/c%d", "_a%5Fb_c%25d"},
		{"/_", "_%5F"},
	};
	static const char *const hostile[] = {"%", "%5", "%5Z", "%zz", "% 5", "%+5", "%00x", "a%"};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		OWN_FREE char *name = pod_cover_name(cases[i].path);
		OWN_FREE char *back = pod_cover_path(name);

		is_str(name, cases[i].name, "cover name of %s", cases[i].path);
		is_str(back, cases[i].path, "and back");
	}
	for (size_t i = 0; i < sizeof(hostile) / sizeof(hostile[0]); i++) {
		OWN_FREE char *path = pod_cover_path(hostile[i]);

		is_str(path, hostile[i], "a broken escape stands for itself: %s", hostile[i]);
	}
}

static void lives(const struct pod *p)
{
	struct err e = {0};
	char text[64];
	int pidfd = -1;
	pid_t pid;

	is_int(pod_init_pid(p, NULL, &e), 0, "without init.pid nothing lives");
	pid = fork();
	if (pid == 0)
		pause();
	is_int(pod_init_set(p, pid, &e), 0, "register an init");
	is_int(pod_init_pid(p, &pidfd, &e), pid, "it lives");
	ok(pidfd >= 0 && (fcntl(pidfd, F_GETFD) & FD_CLOEXEC), "and is held by a pidfd");
	close(pidfd);

	snprintf(text, sizeof(text), "%d %llu\n", (int)pid, pod_start_time(pid) + 1);
	write_file_at(p->run, "init.pid", text, strlen(text), 0600, false);
	is_int(pod_init_pid(p, NULL, &e), 0, "another process with that pid is not taken for it");

	pod_init_set(p, pid, &e);
	kill(pid, SIGKILL);
	waitid(P_PID, (id_t)pid, &(siginfo_t){0}, WEXITED | WNOWAIT);
	is_int(pod_init_pid(p, NULL, &e), 0, "a zombie does not live");
	waitpid(pid, NULL, 0);
	is_int(pod_init_pid(p, NULL, &e), 0, "nor does what is gone");

	for (const char *const *bad =
		     (const char *const[]){"", "x", "1 1", "-1 5", "0 0", "5", NULL};
	     *bad; bad++) {
		write_file_at(p->run, "init.pid", *bad, strlen(*bad), 0600, false);
		is_int(pod_init_pid(p, NULL, &e), 0, "init.pid '%s' is nobody", *bad);
	}
	ok(!pod_may_live(p), "and nobody does not live");
	unlinkat(p->run, "init.pid", 0);
	mkdirat(p->run, "init.pid", 0700);
	is_int(pod_init_pid(p, NULL, &e), -EISDIR, "one that cannot be read: nobody knows");
	ok(pod_may_live(p), "so it may live");
	unlinkat(p->run, "init.pid", AT_REMOVEDIR);
}

/* A process may call itself anything: the fields behind its name are found all the same. */
static void start_times(void)
{
	unsigned long long mine = pod_start_time(getpid());
	OWN_FD int comm = open("/proc/self/comm", O_WRONLY | O_CLOEXEC);

	ok(mine > 0, "we started some time");
	write_full(comm, ") R 1 1 1 (", 11);
	ok(pod_start_time(getpid()) == mine, "a name with ) and blanks changes nothing");
	is_int((int)pod_start_time(0x3fffff), 0, "nobody started never");
}

static void locks(struct pod *p)
{
	struct pod other = POD_INIT;
	struct err e = {0};

	is_int(pod_open(&other, p->name, &e), 0, "open the pod twice");
	is_int(pod_lock(p, 0, &e), 0, "lock it");
	ok(pod_lock(&other, 0, &e) < 0 && err_exit(&e) == POD_EXIT_BUSY, "the other is told: busy");
	pod_unlock(p);
	is_int(pod_lock(&other, 0, &e), 0, "until it is let go");
	pod_finish(&other);
	is_int(pod_lock(p, 0, &e), 0, "finishing lets go");
	pod_unlock(p);
}

static void state(const char *top)
{
	OWN_FREE char *path = xfmt("%s/state", top);
	OWN_FD int dir = -1;
	struct pod p = POD_INIT;
	struct err e = {0};

	ok(pod_open(&p, "web", &e) < 0 && err_exit(&e) == POD_EXIT_FAILED, "no such pod: %s",
	   e.msg);
	pod_finish(&p);
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	write_file_at(dir, "version", "2\n", 2, 0600, false);
	ok(pod_state_open(&e) < 0 && err_exit(&e) == POD_EXIT_CONFIG, "a newer state: %s", e.msg);
	write_file_at(dir, "version", "x", 1, 0600, false);
	ok(pod_state_open(&e) < 0, "a broken version file is refused");
	write_file_at(dir, "version", "1\n", 2, 0600, false);
	chmod(path, 0755);
	ok(pod_state_open(&e) < 0 && err_exit(&e) == POD_EXIT_UNSUPPORTED,
	   "a state directory that others can read: %s", e.msg);
	chmod(path, 0700);
	is_int(pod_state_open(&e), 0, "mended");
}

int main(void)
{
	OWN_FREE char *top = xfmt("%s/pod.XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
	char *dirs[3];
	struct pod p = POD_INIT;
	struct err e = {0};

	names();
	ids();
	covers();
	start_times();
	if (geteuid() != 0 || !mkdtemp(top)) {
		skip_rest("needs root");
		return done_testing();
	}
	dirs[0] = xfmt("%s/state", top);
	dirs[1] = xfmt("%s/run", top);
	dirs[2] = xfmt("%s/state/pods/one", top);
	setenv("ENVPOD_STATE_DIR", dirs[0], 1);
	setenv("ENVPOD_RUN_DIR", dirs[1], 1);
	state(top);
	mkdir(dirs[2], 0700);
	is_int(pod_open(&p, "one", &e), 0, "open a pod: %s", e.msg);
	lives(&p);
	locks(&p);
	pod_finish(&p);
	for (size_t i = 0; i < 3; i++)
		free(dirs[i]);
	remove_tree_at(AT_FDCWD, top);
	return done_testing();
}
