/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-mount/gate.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/io.h"
#include "libcommon/jsonr.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/say.h"
#include "libcommon/spawn.h"
#include "tools/pod-mount/content.h"
#include "tools/pod-mount/xattrs.h"

#define ACTION_MAX (2u << 20)

/* --- what exactly --- */

static void hash_text(crypto_generichash_state *h, const char *text)
{
	/* With the NUL, so that no two texts run together. */
	crypto_generichash_update(h, (const unsigned char *)(text ? text : ""),
				  strlen(text ? text : "") + 1);
}

static int hash_xattrs(crypto_generichash_state *h, const struct survey *s, const struct change *c)
{
	OWN_XATTRS struct xattrs x = {0};
	OWN_FD int fd = content_open(s, c, SIDE_POD);
	int r = fd < 0 ? (fd == -ELOOP ? 0 : fd) : xattrs_read(&x, fd, c->from ? NULL : &s->ids);

	for (size_t i = 0; i < x.n && r == 0; i++) {
		OWN_FREE char *size = xfmt("%zu", x.v[i].len);

		hash_text(h, x.v[i].name);
		hash_text(h, size);
		crypto_generichash_update(h, x.v[i].value, x.v[i].len);
	}
	return r;
}

/* What the pod has there, or what was put together of it. */
static int hash_content(crypto_generichash_state *h, const struct survey *s, const struct change *c)
{
	unsigned char digest[DIGEST_BYTES];
	int r = 0;

	if (c->composed) {
		crypto_generichash_update(h, (const unsigned char *)c->composed->data,
					  c->composed->len);
		return 0;
	}
	if (S_ISREG(c->mode) || S_ISLNK(c->mode)) {
		r = content_digest(s, c, SIDE_POD, digest);
		crypto_generichash_update(h, digest, sizeof(digest));
	}
	if (r == 0 && (S_ISREG(c->mode) || S_ISDIR(c->mode)))
		r = hash_xattrs(h, s, c);
	return r;
}

static int hash_change(crypto_generichash_state *h, const struct survey *s, const struct change *c)
{
	OWN_BUF struct buf path = BUF_INIT;
	OWN_FREE char *facts = xfmt("%c %o %u %u %d %d", c->kind, c->mode, c->uid, c->gid,
				    c->with_mode, (c->marks & MARK_CONFLICT) != 0);

	hash_text(h, change_path(c, &path));
	hash_text(h, facts);
	hash_text(h, c->target);
	/* A conflict that somebody decided: the host's side is what he saw. */
	if (c->marks & MARK_CONFLICT) {
		OWN_FREE char *host = xfmt("%llu %llu", (unsigned long long)c->old_ino,
					   (unsigned long long)c->old_ctime_ns);

		hash_text(h, host);
	}
	return c->kind == CHANGE_DELETED ? 0 : hash_content(h, s, c);
}

int gate_digest(const struct survey *s, char out[GATE_HEX], struct err *e)
{
	unsigned char digest[DIGEST_BYTES];
	crypto_generichash_state h;

	crypto_generichash_init(&h, NULL, 0, sizeof(digest));
	for (size_t i = 0; i < s->changes.n; i++) {
		OWN_BUF struct buf path = BUF_INIT;
		const struct change *c = &s->changes.v[i];
		int r = c->chosen ? hash_change(&h, s, c) : 0;

		if (r < 0)
			return err_set(e, -r, "read %s in the pod", esc(change_path(c, &path)));
	}
	crypto_generichash_final(&h, digest, sizeof(digest));
	sodium_bin2hex(out, GATE_HEX, digest, sizeof(digest));
	return 0;
}

/* --- what was approved --- */

struct approved {
	char type[16], by[64], digest[GATE_HEX];
};

static void read_params(struct json *j, struct approved *a)
{
	char key[32];

	if (json_open(j, '{'))
		while (json_member(j, key, sizeof(key))) {
			if (strcmp(key, "digest") == 0)
				json_string(j, a->digest, sizeof(a->digest));
			else
				json_skip(j);
		}
}

static const char *parse_action(struct approved *a, const char *data, size_t len)
{
	struct json j;
	char key[32];

	json_init(&j, data, len);
	if (json_open(&j, '{'))
		while (json_member(&j, key, sizeof(key))) {
			if (strcmp(key, "type") == 0)
				json_string(&j, a->type, sizeof(a->type));
			else if (strcmp(key, "approved_by") == 0)
				json_string(&j, a->by, sizeof(a->by));
			else if (strcmp(key, "params") == 0)
				read_params(&j, a);
			else
				json_skip(&j);
		}
	json_end(&j);
	return j.fault;
}

/* Its file lies in running/: the steward has put it there, and runs us. */
static int read_action(const struct gate *g, const struct survey *s, struct approved *a,
		       struct err *e)
{
	OWN_FREE char *file = xfmt("queue/running/%s.json", g->action);
	OWN_BUF struct buf text = BUF_INIT;
	int r = strchr(g->action, '/') ? -ENOENT
				       : read_file_at(s->pod.dir, file, &text, ACTION_MAX);
	const char *fault = r < 0 ? NULL : parse_action(a, text.data ? text.data : "", text.len);

	if (r < 0)
		return err_status(e, POD_EXIT_REFUSED, -r,
				  "%s: no action %s of pod %s is being executed", g->verb,
				  esc(g->action), s->pod.name);
	if (fault || strcmp(a->type, g->verb) != 0 || !*a->by || !*a->digest)
		return err_status(e, POD_EXIT_REFUSED, ERR_PLAIN,
				  "%s: action %s of pod %s is no approved %s%s%s", g->verb,
				  esc(g->action), s->pod.name, g->verb, fault ? ": " : "",
				  fault ? fault : "");
	return 0;
}

/* --- asking --- */

static int make_input(const struct gate *g, struct err *e)
{
	OWN_FD int fd = memfd_create("input", MFD_CLOEXEC);
	int r = fd < 0 ? -errno : write_full(fd, g->input.data, g->input.len);

	if (r == 0 && lseek(fd, 0, SEEK_SET) < 0)
		r = -errno;
	return r < 0 ? err_set(e, -r, "keep what the %s was told", g->verb) : take_fd(&fd);
}

static int submit(const struct gate *g, const struct survey *s, const char *digest, char *id,
		  size_t size, struct err *e)
{
	OWN_STRV struct strv argv = {0};
	OWN_FD int in = make_input(g, e);
	int ends[2], pid, status;

	if (in < 0)
		return in;
	for (const char *const *w = (const char *const[]){"pod-queue", "govern", "--digest", digest,
							  s->pod.name, g->verb, "--", NULL};
	     *w; w++)
		strv_add(&argv, *w);
	for (size_t i = 0; i < g->words.n; i++)
		strv_add(&argv, g->words.v[i]);
	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_set(e, errno, "make a pipe");
	OWN_FD int out = ends[0], to = ends[1];
	const struct spawn_io io = {.in = in, .out = to, .err = -1};

	pid = spawn_start(argv.v, &io, e);
	own_close(&to);
	to = -1;
	if (pid < 0)
		return pid;
	ssize_t n = read_full(out, id, size - 1);

	id[n > 0 ? n : 0] = '\0';
	id[strcspn(id, "\n")] = '\0';
	status = spawn_reap(pid);
	return status ? err_status(e, status, ERR_PLAIN, "%s: it could not be submitted", g->verb)
		      : 0;
}

static int ask(const struct gate *g, const struct survey *s, const char *digest, struct err *e)
{
	char id[32];
	int r = submit(g, s, digest, id, sizeof(id), e);

	if (r < 0)
		return r;
	return err_status(e, POD_EXIT_REFUSED, ERR_PLAIN,
			  "%s of pod %s waits for approval: envpod approve %s %s", g->verb,
			  s->pod.name, s->pod.name, id);
}

/* --- the gate --- */

int gate_begin(struct gate *g, struct survey *s, bool dry, struct err *e)
{
	OWN_FREE char *key = xfmt("queue.%s", g->verb);

	g->is_closed = plan_is(&s->plan, key, "yes") && !g->action && !dry;
	/* What is approved must be what is done, to the byte: nobody writes in between. */
	return g->action && s->live ? freezer_start(&g->freezer, &s->pod, e) : 0;
}

int gate_pass(struct gate *g, struct survey *s, struct err *e)
{
	struct approved a = {.type = ""};
	char digest[GATE_HEX];
	size_t chosen = 0;

	for (size_t i = 0; i < s->changes.n; i++)
		chosen += s->changes.v[i].chosen;
	if (!g->action && (!g->is_closed || !chosen))
		return 0;
	if (gate_digest(s, digest, e) < 0)
		return -e->code;
	if (!g->action)
		return ask(g, s, digest, e);
	if (read_action(g, s, &a, e) < 0)
		return -EPERM;
	if (strcmp(a.digest, digest) == 0)
		return 0;
	return err_status(e, POD_EXIT_REFUSED, ERR_PLAIN,
			  "the changes of pod %s are not those that were approved: look at them "
			  "(envpod diff %s), and %s again",
			  s->pod.name, s->pod.name, g->verb);
}

void gate_end(struct gate *g, const struct survey *s)
{
	struct err e = {0};

	if (freezer_end(&g->freezer, &s->pod, &e) < 0)
		say_error("%s", e.msg);
	strv_finish(&g->words);
	buf_finish(&g->input);
}
