/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/undo.h"
#include "tests/lib/tap.h"

#define WRITERS 8

static int count(const struct pod *p)
{
	OWN_FD int fd = open_beneath(p->dir, "undo", O_RDONLY | O_DIRECTORY, 0);
	OWN_DIR DIR *d = fd < 0 ? NULL : fdopendir(take_fd(&fd));
	const char *name;
	int n = 0;

	while (d && dir_next(d, &name) > 0)
		n++;
	return n;
}

static void thaws(struct undo_note *n)
{
	strv_add(&n->what, "freeze");
	undo_words(&n->run, "pod-limit", "thaw", "a b\n\\", NULL);
}

static void round_trip(const struct pod *p)
{
	OWN_UNDO_NOTE struct undo_note n = {0}, back = {0};
	struct err e = {0};
	char id[UNDO_ID], found[UNDO_ID];

	thaws(&n);
	is_int(undo_standing(p, "freeze", found), -ENOENT,
	       "nothing stands before anything was done");
	is_int(undo_register(p, &n, id, &e), 0, "registered");
	ok(undo_is_id(id) && undo_id_seconds(id) > 1700000000, "its id has a time: %s", id);
	is_int(undo_read(&back, p, id, &e), 0, "and is read");
	ok(back.run.n == 3 && strcmp(back.run.v[2], "a b\n\\") == 0 && back.by && !back.never,
	   "with its words as they were");
	is_int(undo_standing(p, "freeze", found), 0, "it stands");
	is_str(found, id, "by its id");
	is_int(undo_standing(p, "limits", found), -ENOENT, "nothing of another kind does");
	is_int(undo_mark(p, id, "20261122T101010Z-1", &e), 0, "taken back");
	is_int(undo_standing(p, "freeze", found), -ENOENT, "it stands no more");
	undo_withdraw(p, id);
	is_int(count(p), 0, "withdrawn, nothing is left");
}

static void refused(const struct pod *p)
{
	OWN_UNDO_NOTE struct undo_note empty = {0}, back = {0};
	struct err e = {0};
	char id[UNDO_ID];

	thaws(&empty);
	strv_add(&empty.run, "");
	ok(undo_register(p, &empty, id, &e) < 0 && e.msg[0], "an empty word cannot be written");
	is_int(undo_read(&back, p, "20261122T101010Z-9", &e), -ENOENT, "no record, no message");
	is_int(count(p), 0, "nothing is left");
}

static void from_the_environment(const struct pod *p)
{
	OWN_UNDO_NOTE struct undo_note n = {0}, back = {0};
	struct err e = {0};
	char id[UNDO_ID];

	thaws(&n);
	setenv(UNDO_ENV, "20261122T101010Z-3", 1);
	is_int(undo_register(p, &n, id, &e), 0, "registered while an undo runs");
	unsetenv(UNDO_ENV);
	is_int(undo_read(&back, p, id, &e), 0, "read");
	is_str(back.undoes, "20261122T101010Z-3", "it says what it undoes");
	undo_withdraw(p, id);
}

/* A directory holds what lies in it; and what an agent had done goes before what a person did. */
static void evicted(const struct pod *p)
{
	OWN_UNDO_NOTE struct undo_note mine = {0};
	OWN_FREE char *data = xcalloc(1, 128 << 10);
	char kept[UNDO_ID], id[UNDO_ID];
	struct err e = {0};

	memset(data, 'y', 128 << 10);
	thaws(&mine);
	undo_register(p, &mine, kept, &e);
	for (int i = 0; i < 3; i++) {
		OWN_UNDO_NOTE struct undo_note n = {0};
		OWN_FREE char *dir = xfmt("d%d", i);
		OWN_FD int fd = -1;

		mkdirat(p->dir, dir, 0700);
		fd = openat(p->dir, dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		write_file_at(fd, "kept", data, 128 << 10, 0600, false);
		thaws(&n);
		n.by = xstrdup("agent");
		n.holds = xstrdup(dir);
		is_int(undo_register(p, &n, id, &e), 0, "a directory with 128 KiB");
	}
	ok(faccessat(p->dir, "d0", F_OK, 0) < 0 && faccessat(p->dir, "d2", F_OK, 0) == 0,
	   "the agent's oldest went with what its directory held");
	ok(faccessat(p->dir, "k3", F_OK, 0) == 0, "and nothing that is older and a person's");
	undo_withdraw(p, kept);
	undo_withdraw(p, id);
}

/* What records hold goes with them, the oldest first, and with the limit of the pod file. */
static void bounded(const struct pod *p)
{
	static const char plan[] = "envpod-plan 1 %llu %llu %lld\nundo.max_size 300000\nend\n";
	OWN_BUF struct buf text = BUF_INIT;
	OWN_FREE char *data = xcalloc(1, 128 << 10);
	struct err e = {0};
	char id[4][UNDO_ID];
	struct stat st;

	memset(data, 'x', 128 << 10);
	write_file_at(p->dir, "pod.json", "{}", 2, 0600, false);
	fstatat(p->dir, "pod.json", &st, 0);
	buf_fmt(&text, plan, (unsigned long long)st.st_ino,
		(unsigned long long)st.st_mtim.tv_sec * 1000000000u +
			(unsigned long long)st.st_mtim.tv_nsec,
		(long long)st.st_size);
	write_file_at(p->dir, "plan", text.data, text.len, 0600, false);
	for (int i = 0; i < 4; i++) {
		OWN_UNDO_NOTE struct undo_note n = {0};
		char name[8] = {'k', (char)('0' + i), '\0'};

		write_file_at(p->dir, name, data, 128 << 10, 0600, false);
		thaws(&n);
		n.holds = xstrdup(name);
		is_int(undo_register(p, &n, id[i], &e), 0, "number %d holds 128 KiB", i);
	}
	ok(faccessat(p->dir, "k0", F_OK, 0) < 0 && faccessat(p->dir, "k1", F_OK, 0) < 0,
	   "of four, two are too many: the oldest went, with what they held");
	ok(faccessat(p->dir, "k2", F_OK, 0) == 0 && faccessat(p->dir, "k3", F_OK, 0) == 0,
	   "the newest stay");
	undo_withdraw(p, id[2]);
	ok(faccessat(p->dir, "k2", F_OK, 0) < 0, "what is withdrawn takes its file along");
	evicted(p);
	undo_withdraw(p, id[3]);
}

/* At the same moment, nobody gets another's id, and nothing is lost. */
static void at_a_time(const struct pod *p)
{
	pid_t pids[WRITERS];
	int bad = 0;

	for (int i = 0; i < WRITERS; i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			struct err e = {0};
			char id[UNDO_ID];

			for (int k = 0; k < 10; k++) {
				OWN_UNDO_NOTE struct undo_note n = {0};

				thaws(&n);
				bad |= undo_register(p, &n, id, &e) < 0;
			}
			_exit(bad);
		}
	}
	for (int i = 0; i < WRITERS; i++) {
		int status;

		waitpid(pids[i], &status, 0);
		bad |= status != 0;
	}
	is_int(bad, 0, "eight register ten times each");
	is_int(count(p), WRITERS * 10, "and all are there");
}

static void order(void)
{
	ok(undo_id_order("20261122T101010Z-9", "20261122T101010Z-10") < 0, "-9 before -10");
	ok(undo_id_order("20261122T101011Z-1", "20261122T101010Z-10") > 0, "time before number");
	ok(!undo_is_id("") && !undo_is_id(".x") && !undo_is_id("../1") && undo_is_id("2026-1"),
	   "what is an id");
	ok(undo_tool("pod-limit") && !undo_tool("sh") && !undo_tool("/bin/pod-limit") &&
		   !undo_tool("pod-exec"),
	   "which tools a record may run");
}

int main(void)
{
	char dir[] = "/tmp/envpod-undo.XXXXXX";
	OWN_FREE char *podpath = NULL;
	struct pod p = POD_INIT;

	if (!mkdtemp(dir))
		return 1;
	setenv("ENVPOD_STATE_DIR", dir, 1);
	setenv("ENVPOD_RUN_DIR", dir, 1);
	podpath = xfmt("%s/pods/web", dir);
	mkdir_p_at(AT_FDCWD, podpath, 0700);
	p.dir = open(podpath, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	p.path = podpath;
	memcpy(p.name, "web", 4);
	order();
	round_trip(&p);
	refused(&p);
	from_the_environment(&p);
	bounded(&p);
	at_a_time(&p);
	close(p.dir);
	remove_tree_at(AT_FDCWD, dir);
	return done_testing();
}
