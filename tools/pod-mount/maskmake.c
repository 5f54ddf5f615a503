/* SPDX-License-Identifier: Apache-2.0 */
/* What the mask holds: patterns, the pod file's additions and exceptions, files of our own. */
#include "tools/pod-mount/maskmake.h"

#include <dirent.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "envpod/exit.h"
#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/spawn.h"
#include "tools/pod-mount/binds.h"
#include "tools/pod-mount/mountinfo.h"
#include "tools/pod-mount/trust.h"

#define DATA_MAX (1u << 20)

#define NREAL 8
static struct {
	char *path, *real;
} reals[NREAL];
static size_t next_real;

static bool is_pattern(const char *s)
{
	return strpbrk(s, "*?[");
}

/* errno says why it is not. */
static bool is_dir(const char *path)
{
	struct stat st;

	if (lstat(path, &st) < 0)
		return false;
	errno = ENOTDIR;
	return S_ISDIR(st.st_mode);
}

static void add_closed(struct mask *m, const char *path, enum mask_kind kind, bool soft)
{
	struct mask_entry *en;

	if (strcmp(path, "/") == 0 || m->n >= MASK_MAX)
		return;
	en = mask_add(m, path, kind);
	en->soft = soft;
}

/* Hiding a link leaves what it points to in sight: hide that too, unless half the system is there.
 */
static void hide(struct mask *m, const char *path, bool soft)
{
	struct stat st;
	char *target;

	add_closed(m, path, MASK_HIDDEN, soft);
	if (lstat(path, &st) < 0) {
		mask_fault(m, errno, path);
		return;
	}
	if (!S_ISLNK(st.st_mode))
		return;
	target = realpath(path, NULL);
	if (!target)
		mask_fault(m, errno, path);
	if (target && strchr(target + 1, '/') && !path_below(path, target) &&
	    !path_below(target, "/usr") && !path_below(target, "/dev") &&
	    !path_below(target, "/proc"))
		add_closed(m, target, MASK_HIDDEN, soft);
	free(target);
}

static void expand(struct mask *m, const char *dir, const char *rest, bool soft);

static void expand_matches(struct mask *m, const char *dir, const char *pattern, const char *rest,
			   bool soft)
{
	OWN_DIR DIR *d = opendir(dir);
	int more = d ? 0 : -errno;
	const char *name;

	mask_watch(m, dir, false);
	while (d && (more = dir_next(d, &name)) > 0) {
		OWN_FREE char *path = NULL;

		if (fnmatch(pattern, name, 0) != 0)
			continue;
		path = xfmt("%s/%s", strcmp(dir, "/") == 0 ? "" : dir, name);
		if (!*rest)
			hide(m, path, soft);
		else if (is_dir(path))
			expand(m, path, rest, soft);
		else
			mask_fault(m, errno, path);
	}
	mask_fault(m, -more, dir);
}

/*
 * The directory a path leads to, or NULL.  Kept until the next mask: the list of secrets asks for
 * the same few directories over and over.
 */
static const char *real_dir(const char *path)
{
	errno = ENOENT; /* what is kept was found out without a fault */
	for (size_t i = 0; i < NREAL; i++)
		if (reals[i].path && strcmp(reals[i].path, path) == 0)
			return reals[i].real;
	next_real = (next_real + 1) % NREAL;
	free(reals[next_real].path);
	free(reals[next_real].real);
	reals[next_real].path = xstrdup(path);
	reals[next_real].real = realpath(path, NULL);
	if (reals[next_real].real && !is_dir(reals[next_real].real))
		free(take_ptr(reals[next_real].real));
	return reals[next_real].real;
}

static void forget_reals(void)
{
	for (size_t i = 0; i < NREAL; i++) {
		free(take_ptr(reals[i].path));
		free(take_ptr(reals[i].real));
	}
}

/* dir is real: no symlinks in it.  A whiteout can only stand in a real directory. */
static void expand(struct mask *m, const char *dir, const char *rest, bool soft)
{
	size_t n = strcspn(rest, "/");
	OWN_FREE char *word = xfmt("%.*s", (int)n, rest);
	OWN_FREE char *path = xfmt("%s/%s", strcmp(dir, "/") == 0 ? "" : dir, word);
	const char *real;

	while (rest[n] == '/')
		n++;
	rest += n;
	if (is_pattern(word)) {
		expand_matches(m, dir, word, rest, soft);
		return;
	}
	if (!*rest) {
		hide(m, path, soft);
		return;
	}
	real = real_dir(path);
	if (real) {
		OWN_FREE char *at = xstrdup(real); /* may be forgotten below */

		expand(m, at, rest, soft);
	} else {
		mask_fault(m, errno, path);
		mask_watch(m, dir, false);
	}
}

void mask_expand(struct mask *m, const char *pattern, bool soft)
{
	while (*pattern == '/')
		pattern++;
	if (*pattern)
		expand(m, "/", pattern, soft);
}

const char *mask_home(const struct mask_ask *ask)
{
	const char *home = plan_str(ask->plan, "user.home", "/root");

	return home[0] == '/' && home[1] ? home : "/nonexistent";
}

/* Directories that are homes of system accounts, not of people. */
static bool is_personal(const struct passwd *pw)
{
	static const char *const system[] = {"/usr", "/bin", "/sbin", "/etc", "/var", "/proc",
					     "/dev", "/run", "/sys",  "/lib", "/tmp", NULL};

	if (pw->pw_uid < 1000 || pw->pw_uid >= 60000 || pw->pw_dir[0] != '/' || !pw->pw_dir[1])
		return false;
	for (const char *const *d = system; *d; d++)
		if (path_below(pw->pw_dir, *d))
			return false;
	return is_dir(pw->pw_dir);
}

static bool is_mine(const char *dir, const char *home)
{
	return path_below(dir, home) || path_below(home, dir);
}

/* Everybody's home but the person's own. */
static void list_others(struct mask *m, struct strv *homes, const struct mask_ask *ask)
{
	OWN_FILE FILE *f = fopen("/etc/passwd", "re");
	OWN_DIR DIR *d = opendir("/home");
	int more = d ? 0 : -errno;
	const char *home = mask_home(ask), *name;
	struct passwd *pw;

	while (f && (pw = fgetpwent(f)))
		if (is_personal(pw) && !is_mine(pw->pw_dir, home))
			strv_add(homes, pw->pw_dir);
	if (!f || ferror(f))
		mask_fault(m, EIO, "/etc/passwd");
	while (d && (more = dir_next(d, &name)) > 0) {
		OWN_FREE char *path = xfmt("/home/%s", name);

		if (!is_mine(path, home) && !strv_has(homes, path))
			strv_add(homes, path);
	}
	mask_fault(m, -more, "/home");
	if (is_dir("/root") && !is_mine("/root", home))
		strv_add(homes, "/root");
}

/* Root's is emptied, because pod root needs one. */
static void hide_homes(struct mask *m, const struct strv *homes)
{
	for (size_t i = 0; i < homes->n; i++) {
		if (strcmp(homes->v[i], "/root") == 0)
			add_closed(m, homes->v[i], MASK_EMPTIED, true);
		else
			hide(m, homes->v[i], true);
	}
	mask_watch(m, "/home", false);
	mask_watch(m, "/etc/passwd", false);
}

/* Does a working directory show something of that home? */
static bool is_shown(const struct mask_ask *ask, const char *home)
{
	const char *cwd = plan_str(ask->plan, "cwd", NULL);

	for (size_t i = 0; ask->tracked && i < ask->tracked->n; i++)
		if (is_mine(ask->tracked->v[i], home))
			return true;
	return (cwd && is_mine(cwd, home)) || (ask->cwd && is_mine(ask->cwd, home));
}

static int read_data(struct buf *b, const char *name, struct err *e)
{
	OWN_FREE char *path = data_path(name);
	int r = read_file_at(AT_FDCWD, path, b, DATA_MAX);

	return r < 0 ? err_set(e, -r, "read %s (is the installation whole?)", path) : 0;
}

/* The next line that says something, blanks and comments cut off. */
static char *next_line(char **save, char *text)
{
	for (char *w = strtok_r(text, "\n", save); w; w = strtok_r(NULL, "\n", save)) {
		size_t n;

		w += strspn(w, " \t");
		n = strlen(w);
		while (n > 0 && strchr(" \t\r", w[n - 1]))
			w[--n] = '\0';
		if (n > 0 && *w != '#')
			return w;
	}
	return NULL;
}

static char *at_home(const char *path, const char *home)
{
	return strncmp(path, "~/", 2) == 0 ? xfmt("%s%s", home, path + 1) : xstrdup(path);
}

/* A pattern of somebody's home; those of others only where a working directory lets them be seen.
 */
static void hide_at_homes(struct mask *m, const struct mask_ask *ask, const char *word,
			  const struct strv *others)
{
	OWN_FREE char *own = at_home(word, mask_home(ask));

	mask_expand(m, own, false);
	for (size_t i = 0; i < others->n; i++) {
		OWN_FREE char *pattern = at_home(word, others->v[i]);

		if (is_shown(ask, others->v[i]))
			mask_expand(m, pattern, false);
	}
}

static int hide_secrets(struct mask *m, const struct mask_ask *ask, struct err *e)
{
	OWN_BUF struct buf b = BUF_INIT;
	OWN_STRV struct strv others = {0};
	char *save = NULL;
	int r = read_data(&b, "masks/secrets", e);

	if (r < 0)
		return r;
	list_others(m, &others, ask);
	for (char *w = next_line(&save, b.data); w; w = next_line(&save, NULL)) {
		if (strcmp(w, "homes") == 0)
			hide_homes(m, &others);
		else if (w[0] == '~')
			hide_at_homes(m, ask, w, &others);
		else if (w[0] == '/')
			mask_expand(m, w, false);
	}
	return 0;
}

static void hide_rest(struct mask *m, const struct strv *keep, const struct strv *empty)
{
	OWN_DIR DIR *d = opendir("/");
	int more = d ? 0 : -errno;
	const char *name;

	mask_watch(m, "/", false);
	while (d && (more = dir_next(d, &name)) > 0) {
		OWN_FREE char *path = xfmt("/%s", name);

		if (strv_has(keep, path))
			continue;
		add_closed(m, path,
			   strv_has(empty, path) && is_dir(path) ? MASK_EMPTIED : MASK_HIDDEN,
			   true);
	}
	mask_fault(m, -more, "/");
}

/* view: minimal. */
static int hide_most(struct mask *m, struct err *e)
{
	OWN_BUF struct buf b = BUF_INIT;
	OWN_STRV struct strv keep = {0}, empty = {0};
	char *save = NULL;
	int r = read_data(&b, "masks/minimal", e);

	if (r < 0)
		return r;
	for (char *w = next_line(&save, b.data); w; w = next_line(&save, NULL)) {
		if (strncmp(w, "keep /", 6) == 0)
			strv_add(&keep, w + 5);
		else if (strncmp(w, "empty /", 7) == 0)
			strv_add(&empty, w + 6);
	}
	hide_rest(m, &keep, &empty);
	return 0;
}

/* An empty home is still a home. */
static void make_home(struct mask *m, const struct mask_ask *ask)
{
	const char *home = mask_home(ask);
	const struct mask_entry *en = mask_find(m, home);

	if (en && en->soft && is_dir(home)) {
		mask_add(m, home, MASK_MADE)->soft = true;
		mask_sort(m);
	}
}

/* host_user: what of the person's home a minimal view shows; what of it no view shows. */
static void settle_home(struct mask *m, const struct mask_ask *ask)
{
	static const char *const shown[] = {"host_user.dotfile", "host_user.dir", NULL};
	const char *value;

	if (!plan_is(ask->plan, "host_user.clone", "yes"))
		return;
	for (const char *const *key = shown; *key; key++)
		for (size_t i = 0; (value = plan_next(ask->plan, *key, &i));)
			if (value[0] == '/')
				mask_reveal(m, value);
	for (size_t i = 0; (value = plan_next(ask->plan, "host_user.exclude", &i));)
		mask_expand(m, value, false);
	mask_sort(m);
}

static char *find_program(const char *name, const char *home)
{
	OWN_FREE char *local = xfmt("%s/.local/bin/%s", home, name);
	const char *const dirs[] = {"/usr/local/bin", "/usr/bin",        "/bin",      "/opt/bin",
				    "/snap/bin",      "/usr/local/sbin", "/usr/sbin", NULL};

	if (name[0] == '/')
		return xstrdup(name);
	for (const char *const *d = dirs; *d; d++) {
		OWN_FREE char *path = xfmt("%s/%s", *d, name);
		struct stat st;

		if (stat(path, &st) == 0 && S_ISREG(st.st_mode))
			return take_ptr(path);
	}
	return take_ptr(local);
}

/* The program itself, what its link points to, and its data directories. */
static void reveal_app(struct mask *m, const char *name, const char *home, const char *table)
{
	OWN_FREE char *program = find_program(name, home);
	OWN_FREE char *real = realpath(program, NULL);
	OWN_FREE char *copy = xstrdup(table);
	char *save = NULL;

	if (real) {
		mask_reveal(m, program);
		mask_reveal(m, real);
	}
	for (char *w = next_line(&save, copy); w; w = next_line(&save, NULL)) {
		size_t n = strcspn(w, " \t");
		const char *path = w + n + strspn(w + n, " \t");
		OWN_FREE char *full = at_home(path, home);

		if (strncmp(w, name, n) == 0 && !name[n] && full[0] == '/')
			mask_reveal(m, full);
	}
}

static int reveal_apps(struct mask *m, const struct mask_ask *ask, struct err *e)
{
	OWN_BUF struct buf b = BUF_INIT;
	const char *app;
	int r = plan_str(ask->plan, "app", NULL) ? read_data(&b, "masks/apps", e) : 0;

	for (size_t i = 0; r == 0 && (app = plan_next(ask->plan, "app", &i));)
		reveal_app(m, app, mask_home(ask), b.data);
	return r;
}

static void add_own_files(struct mask *m, const struct mask_ask *ask)
{
	static const char *const files[] = {"/etc/hostname",
					    "/etc/hosts",
					    "/etc/resolv.conf",
					    "/etc/nsswitch.conf",
					    "/etc/passwd",
					    "/etc/machine-id",
					    NULL};

	for (const char *const *f = files; *f; f++) {
		OWN_FREE char *text = mask_text(ask, *f);

		if (text)
			mask_add(m, *f, MASK_MADE)->file = true;
	}
	trust_collect(m, ask);
	mask_watch(m, "/etc/nsswitch.conf", false);
	if (plan_is(ask->plan, "desktop", "yes")) {
		mask_watch(m, "/etc/passwd", false);
		mask_watch(m, "/etc/machine-id", false);
	}
	if (plan_is(ask->plan, "network", "unsafe")) {
		OWN_FREE char *real = realpath("/etc/resolv.conf", NULL);

		mask_watch(m, real ? real : "/etc/resolv.conf", false);
	}
}

/* A place to mount on, where the host has none or the mask hides it. */
static void add_point(struct mask *m, const char *path, bool file)
{
	const struct mask_entry *en = mask_find(m, path);
	struct stat st;

	if (path_below(path, "/tmp") || path_below(path, "/run") ||
	    (!en && lstat(path, &st) == 0) || (en && en->kind == MASK_POINT))
		return;
	mask_add(m, path, MASK_POINT)->file = file;
	mask_sort(m);
}

static void add_points(struct mask *m, const struct mask_ask *ask)
{
	struct bind_ask b = {0};

	for (size_t i = 0; ask->tracked && i < ask->tracked->n; i++) {
		const struct mask_entry *en = mask_find(m, ask->tracked->v[i]);

		if (en && en->soft && is_dir(ask->tracked->v[i]))
			add_point(m, ask->tracked->v[i], false);
	}
	if (ask->cwd && mask_find(m, ask->cwd) && mask_find(m, ask->cwd)->soft)
		add_point(m, ask->cwd, false);
	if (mask_has_agent(ask))
		add_point(m, MASK_AGENT_HOME, false);
	for (size_t i = 0; bind_next(ask->plan, &i, &b); bind_finish(&b)) {
		struct stat st;

		if (stat(b.source, &st) == 0)
			add_point(m, b.target, !S_ISDIR(st.st_mode));
	}
	bind_finish(&b);
}

/* The generic class was found out before and nothing it follows from has changed. */
static void keep_scanned(struct mask *m, const struct mask *old)
{
	for (size_t i = 0; i < old->n; i++) {
		struct mask_entry *en;

		if (!old->v[i].scanned)
			continue;
		en = mask_add(m, old->v[i].path, old->v[i].kind);
		en->soft = en->scanned = true;
	}
	for (size_t i = 0; i < old->nwatches; i++)
		if (old->watches[i].scanned)
			mask_watch(m, old->watches[i].path, true);
	for (size_t i = 0; i < old->known.n; i++)
		strv_add(&m->known, old->known.v[i]);
}

static int collect_general(struct mask *m, const struct mask_ask *ask, struct err *e)
{
	int r = hide_secrets(m, ask, e);

	if (r == 0 && plan_is(ask->plan, "view", "minimal"))
		r = hide_most(m, e);
	if (r == 0 && ask->rescan)
		r = mask_scan(m, ask, e);
	else if (r == 0)
		keep_scanned(m, ask->old);
	return r;
}

/* Under each name the host has for it: the state may lie on another disk, and be bound here. */
static void hide_ours(struct mask *m, const struct mask_ask *ask, const char *dir)
{
	OWN_STRV struct strv names = {0};

	hide(m, dir, false);
	mount_names(&names, ask->host, dir);
	for (size_t i = 0; i < names.n; i++)
		hide(m, names.v[i], false);
}

int mask_collect(struct mask *m, const struct mask_ask *ask, struct err *e)
{
	const char *value;
	int r;

	forget_reals();
	r = collect_general(m, ask, e);
	if (r < 0)
		return r;
	for (size_t i = 0; (value = plan_next(ask->plan, "mask", &i));)
		mask_expand(m, value, false);
	mask_sort(m);
	settle_home(m, ask);
	r = reveal_apps(m, ask, e);
	for (size_t i = 0; (value = plan_next(ask->plan, "reveal", &i));)
		mask_reveal(m, value);
	/* These two whatever the pod file reveals. */
	hide_ours(m, ask, pod_state_dir());
	hide_ours(m, ask, pod_run_dir());
	add_own_files(m, ask);
	mask_sort(m);
	make_home(m, ask);
	add_points(m, ask);
	if (r == 0 && m->fault)
		r = err_set(e, -m->fault, "look at %s, where something may have to be hidden",
			    esc(m->unseen));
	return r;
}
