/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/envpod/planted.h"

#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/pod.h"
#include "libcommon/spawn.h"
#include "libcommon/words.h"

#define HIDDEN_MAX  400 /* files that are asked for */
#define ENTRIES_MAX 300 /* that are looked at for one of them */

void planted_finish(struct planted *p)
{
	free(p->state);
	free(p->run);
	free(p->stage);
	strv_finish(&p->ns);
	strv_finish(&p->roots);
	buf_finish(&p->bait);
}

static void add_fmt(struct planted *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void add_fmt(struct planted *p, const char *fmt, ...)
{
	char line[4400];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof(line) || strchr(line, '\n'))
		return; /* no name for a line of the bait */
	buf_fmt(&p->bait, "%s\n", line);
}

void planted_add(struct planted *p, const char *name, const char *value)
{
	add_fmt(p, "%s %s", name, value);
}

static int make_secret(struct planted *p, struct err *e)
{
	unsigned char random[16];

	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		return err_set(e, errno, "make a secret");
	for (size_t i = 0; i < sizeof(random); i++)
		snprintf(p->secret + 2 * i, 3, "%02x", random[i]);
	snprintf(p->mark, sizeof(p->mark), "envpod-verify-%.16s", p->secret + 8);
	return 0;
}

int planted_begin(struct planted *p, struct err *e)
{
	static const char *const kinds[] = {"mnt", "pid", "user", "ipc", "uts", "cgroup", NULL};
	char name[64];

	for (const char *const *k = kinds; *k; k++) {
		OWN_FREE char *path = xfmt("/proc/self/ns/%s", *k);
		ssize_t n = readlink(path, name, sizeof(name) - 1);

		if (n > 0)
			strv_fmt(&p->ns, "%s %.*s", *k, (int)n, name);
	}
	p->state = xstrdup(pod_state_dir());
	p->run = xstrdup(pod_run_dir());
	return make_secret(p, e);
}

/* --- true of this host --- */

static void add_line_of(struct planted *p, const char *name, const char *path)
{
	char line[200];

	if (read_line_at(AT_FDCWD, path, line, sizeof(line)) >= 0 && *line)
		planted_add(p, name, line);
}

static void add_namespaces(struct planted *p)
{
	char net[64];
	ssize_t n = readlink("/proc/self/ns/net", net, sizeof(net) - 1);

	for (size_t i = 0; i < p->ns.n; i++)
		add_fmt(p, "ns-%s", p->ns.v[i]);
	if (n > 0) /* the stage's: the host's own is out of reach for the clone anyhow */
		add_fmt(p, "ns-net %.*s", (int)n, net);
}

static void add_places(struct planted *p)
{
	static const char *const places[] = {"/tmp", "/run", "/dev/shm", NULL};
	struct statx st;

	for (const char *const *at = places; *at; at++)
		if (statx(AT_FDCWD, *at, 0, STATX_INO | STATX_BTIME, &st) == 0)
			add_fmt(p, "place %llu %llu %s", (unsigned long long)st.stx_ino,
				(unsigned long long)st.stx_btime.tv_sec * 1000000000u +
					st.stx_btime.tv_nsec,
				*at);
}

static void add_mounts(struct planted *p, const struct plan *pl)
{
	const char *value;

	for (size_t i = 0; (value = plan_next(pl, "mount", &i));) {
		OWN_STRV struct strv words = {0};
		struct stat st;

		if (words_split(&words, value) == 0 && words.n == 3 && stat(words.v[1], &st) == 0)
			add_fmt(p, "mount %llu %s", (unsigned long long)st.st_ino, words.v[2]);
	}
}

/* --- what every pod hides --- */

static struct planted *hiding;
static unsigned entries, hidden;

static void add_hidden(struct planted *p, const char *path, const struct stat *st)
{
	hidden++;
	add_fmt(p, "hidden %lld %lld %s", (long long)st->st_size, (long long)st->st_mtim.tv_sec,
		path);
}

/* One file with something in it stands for the directory. */
static int note_first(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)ftw;
	if (++entries > ENTRIES_MAX)
		return 1;
	if (kind != FTW_F || !S_ISREG(st->st_mode) || st->st_size == 0)
		return 0;
	add_hidden(hiding, path, st);
	return 1;
}

static void add_path(struct planted *p, const char *path, const struct stat *st)
{
	hiding = p;
	entries = 0;
	if (hidden >= HIDDEN_MAX)
		return;
	if (S_ISDIR(st->st_mode))
		nftw(path, note_first, 8, FTW_PHYS | FTW_MOUNT);
	else if (S_ISREG(st->st_mode) && st->st_size > 0)
		add_hidden(p, path, st);
}

static void add_found(struct planted *p, const char *path, const char *home)
{
	struct stat st;

	if (strcmp(path, home) == 0 || lstat(path, &st) < 0)
		return;
	if (S_ISDIR(st.st_mode))
		strv_add(&p->roots, path);
	add_path(p, path, &st);
}

static bool is_below_hidden(const struct planted *p, const char *path)
{
	for (size_t i = 0; i < p->roots.n; i++) {
		const size_t n = strlen(p->roots.v[i]);

		if (strncmp(path, p->roots.v[i], n) == 0 && path[n] == '/')
			return true;
	}
	return false;
}

/* The file that stands for its directory may not be the one that is shown. */
static void add_revealed(struct planted *p, const char *path, const char *home)
{
	struct stat st;

	(void)home;
	if (is_below_hidden(p, path) && lstat(path, &st) == 0)
		add_path(p, path, &st);
}

static void add_pattern(struct planted *p, const char *pattern, const char *home,
			void (*add)(struct planted *p, const char *path, const char *home))
{
	OWN_FREE char *path = strcmp(pattern, "homes") == 0 ? xstrdup("/home/*")
			      : *pattern == '~'             ? xfmt("%s%s", home, pattern + 1)
							    : xstrdup(pattern);
	glob_t found;

	if (*path == '/' && glob(path, GLOB_NOSORT, NULL, &found) == 0) {
		for (size_t i = 0; i < found.gl_pathc; i++)
			add(p, found.gl_pathv[i], home);
		globfree(&found);
	}
}

/* The list that the masks are made of, whatever the pod file reveals. */
static int add_all_hidden(struct planted *p, const struct plan *pl, struct err *e)
{
	OWN_FREE char *file = data_path("masks/secrets");
	const char *home = plan_str(pl, "user.home", "/root");
	OWN_BUF struct buf b = BUF_INIT;
	char *rest, *line;
	int r = read_file_at(AT_FDCWD, file, &b, 1u << 20);

	if (r < 0)
		return err_set(e, -r, "read %s", file);
	rest = b.data;
	while (rest && (line = strsep(&rest, "\n")))
		if (*line && *line != '#')
			add_pattern(p, line, home, add_found);
	for (size_t i = 0; (line = (char *)(uintptr_t)plan_next(pl, "reveal", &i));)
		add_pattern(p, line, home, add_revealed);
	return 0;
}

/* --- planted --- */

static int write_secret(const struct planted *p, int dir, const char *name, struct err *e)
{
	int r = write_file_at(dir, name, p->secret, strlen(p->secret), 0644, false);

	return r < 0 ? err_set(e, -r, "write %s", name) : 0;
}

static int plant_files(struct planted *p, const struct throwaway *t, struct err *e)
{
	OWN_FD int run = open(t->run, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	OWN_BUF struct buf b = BUF_INIT;
	int r = run < 0 ? err_set(e, errno, "open %s", t->run) : write_secret(p, run, "secret", e);

	if (r == 0)
		r = write_secret(p, t->pod.dir, "bait", e);
	if (r < 0)
		return r;
	p->stage = xfmt("%s/stage", t->run);
	buf_fmt(&b, "secret %s\nabstract %s\n", p->secret, p->mark);
	r = write_file_at(run, "stage", b.data, b.len, 0600, false);
	return r < 0 ? err_set(e, -r, "write %s", p->stage) : 0;
}

static void add_planted(struct planted *p, const struct throwaway *t)
{
	add_fmt(p, "secret %s", p->secret);
	add_fmt(p, "mark %s", p->mark);
	add_fmt(p, "abstract %s", p->mark);
	add_fmt(p, "state %s", p->state);
	add_fmt(p, "run %s", p->run);
	add_fmt(p, "pod %s", t->name);
	add_fmt(p, "file %s/secret", t->run);
	add_fmt(p, "keeper %s/%s", t->run, t->name);
	planted_add(p, "judge", "yes");
	planted_add(p, "stage", "yes");
	planted_add(p, "port", "5557");
}

int planted_place(struct planted *p, const struct throwaway *t, const struct plan *pl,
		  struct err *e)
{
	int r = plant_files(p, t, e);

	if (r < 0)
		return r;
	add_planted(p, t);
	add_line_of(p, "init", "/proc/1/comm");
	add_line_of(p, "hostname", "/proc/sys/kernel/hostname");
	add_namespaces(p);
	add_places(p);
	add_mounts(p, pl);
	return add_all_hidden(p, pl, e);
}
