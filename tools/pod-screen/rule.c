/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/spawn.h"
#include "tools/pod-screen/rule.h"

const char *const category_names[CATEGORIES] = {"injection", "credentials", "exfiltration", "pii"};
const char *const severity_names[SEVERITIES] = {"low", "medium", "high", "critical"};
const char *const view_names[VIEWS] = {"raw", "text", "leet", "spaced", "decoded"};

int word_index(const char *const *names, int n, const char *word)
{
	for (int i = 0; i < n; i++)
		if (strcmp(names[i], word) == 0)
			return i;
	return -1;
}

int rules_read(struct ruleset *s, const char *file, struct err *e)
{
	OWN_BUF struct buf b = BUF_INIT;
	OWN_FD int fd = strcmp(file, "-") == 0 ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
					       : open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	int r;

	if (fd < 0)
		return err_set(e, errno, "open %s", esc(file));
	r = read_fd(fd, &b, RULE_FILE_MAX);
	if (r < 0)
		return err_set(e, -r, "read %s", esc(file));
	return rules_parse(s, file, b.data ? b.data : "", b.len, e);
}

/* A directory's files of rules, in the order of their names. */
static int is_rule_file(const struct dirent *d)
{
	const size_t n = strlen(d->d_name);

	return d->d_name[0] != '.' && n > 5 && strcmp(d->d_name + n - 5, ".yaml") == 0;
}

int rules_files(struct strv *files, struct err *e)
{
	OWN_FREE char *dir = data_path("screen");
	struct dirent **list = NULL;
	int n = scandir(dir, &list, is_rule_file, alphasort);

	if (n < 0)
		return err_set(e, errno, "read the rules of %s", dir);
	for (int i = 0; i < n; i++) {
		strv_fmt(files, "%s/%s", dir, list[i]->d_name);
		free(list[i]);
	}
	free(list);
	return n ? 0 : err_set(e, ENOENT, "find a file of rules in %s", dir);
}

int rules_builtin(struct ruleset *s, struct err *e)
{
	OWN_STRV struct strv files = {0};
	int r = rules_files(&files, e);

	for (size_t i = 0; r == 0 && i < files.n; i++)
		r = rules_read(s, files.v[i], e);
	return r;
}

static void rule_finish(struct rule *r)
{
	free(r->name);
	free(r->about);
	free(r->file);
	strv_finish(&r->patterns);
	strv_finish(&r->hits);
	strv_finish(&r->cleans);
}

void rules_finish(struct ruleset *s)
{
	for (size_t i = 0; i < s->n; i++)
		rule_finish(&s->rules[i]);
	free(s->rules);
	*s = (struct ruleset){0};
}
