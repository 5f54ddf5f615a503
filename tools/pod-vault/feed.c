/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-vault/feed.h"

#include <string.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/io.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/say.h"
#include "tools/pod-vault/cmds.h"

#define WHY_MAX 190

static int put(int fd, const void *data, size_t len, struct err *e)
{
	int r = write_full(fd, data, len);

	return r < 0 ? err_set(e, -r, "write the secrets to the injector") : 0;
}

static int put_secret(int fd, const char *key, const struct secret *value, size_t *total,
		      struct err *e)
{
	OWN_FREE char *line = xfmt("secret %s %zu\n", key, value->len);
	int r;

	*total += strlen(line) + value->len + 1;
	if (*total > FEED_MAX - 16)
		return err_set(e, EFBIG, "give the injector all its secrets");
	r = put(fd, line, strlen(line), e);
	if (r == 0)
		r = put(fd, value->data, value->len, e);
	return r == 0 ? put(fd, "\n", 1, e) : r;
}

/* One that cannot be found again in answers is not sent; nor one whose file is damaged. */
static int put_key(int fd, const struct vault *v, const struct pod *p, const char *key,
		   size_t *total, struct err *e)
{
	OWN_SECRET struct secret value = {0};
	struct err why = {0};
	int r = lookup(v, p, key, &value, &why);

	if (r == -ENOENT)
		say_warn("pod %s: there is no secret %s, which is bound", p->name, key);
	else if (r < 0)
		say_warn("pod %s: %s", p->name, why.msg);
	else if (value.len < BOUND_MIN || value.len > BOUND_MAX)
		say_warn("pod %s: %s is not put into requests: it should have %d to %d bytes",
			 p->name, key, BOUND_MIN, BOUND_MAX);
	else
		return put_secret(fd, key, &value, total, e);
	return 0;
}

static int put_keys(int fd, const struct vault *v, const struct policy *p,
		    const struct bindings *all, struct err *e)
{
	OWN_STRV struct strv done = {0};
	size_t total = 0;
	int r = 0;

	for (size_t i = 0; i < all->n && r == 0; i++) {
		if (strv_has(&done, all->v[i].key))
			continue;
		strv_add(&done, all->v[i].key);
		r = put_key(fd, v, &p->pod, all->v[i].key, &total, e);
	}
	return r;
}

/* One line, whatever went wrong. */
static int put_locked(int fd, const struct err *why, struct err *e)
{
	OWN_BUF struct buf line = BUF_INIT;

	buf_str(&line, "locked ");
	buf_esc(&line, why->msg);
	if (line.len > WHY_MAX)
		line.len = WHY_MAX;
	buf_char(&line, '\n');
	return put(fd, line.data, line.len, e);
}

static int write_policy(int fd, const struct policy *p, struct err *e)
{
	OWN(vault_finish) struct vault v = VAULT_INIT;
	OWN_BINDINGS struct bindings all = {0};
	struct err why = {0};
	int r = policy_bindings(p, &all, e);

	if (r == 0 && all.n && vault_open(&v, VAULT_READ, -1, &why) < 0)
		r = put_locked(fd, &why, e);
	else if (r == 0)
		r = put_keys(fd, &v, p, &all, e);
	return r == 0 ? put(fd, "end\n", 4, e) : r;
}

int feed_write(int fd, const char *pod, struct err *e)
{
	OWN(policy_finish) struct policy p = POLICY_INIT;
	int r = policy_load(&p, pod, POLICY_READ, e);

	return r < 0 ? r : write_policy(fd, &p, e);
}

int cmd_feed(int argc, char **argv)
{
	const struct opt opts[] = {{0}};
	const struct opt_usage usage = {"pod-vault feed POD",
					"Write the values of bound keys to standard output, for "
					"pod-proxy inject.",
					1, 1, 0};
	struct err e = {0};

	opt_parse(opts, &usage, argc, argv);
	if (isatty(STDOUT_FILENO))
		die(POD_EXIT_USAGE, "the terminal would show the secrets");
	return feed_write(STDOUT_FILENO, argv[0], &e) < 0 ? say_err(&e) : POD_EXIT_OK;
}
