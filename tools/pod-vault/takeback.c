/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-vault/takeback.h"

#include <inttypes.h>
#include <string.h>

#include "envpod/exit.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/words.h"

/* --- words --- */

static void add(struct buf *to, const char *key, const char *value)
{
	OWN_FREE char *word = value ? xfmt("%s=%s", key, value) : NULL;

	if (word)
		words_add(to, word);
}

static void add_list(struct buf *to, const char *key, const struct strv *values)
{
	for (size_t i = 0; i < values->n; i++)
		add(to, key, values->v[i]);
}

static void add_number(struct buf *to, const char *key, uint64_t n)
{
	OWN_FREE char *text = n ? xfmt("%" PRIu64, n) : NULL;

	add(to, key, text);
}

static void add_credential(struct buf *to, const struct binding *b)
{
	OWN_FREE char *header =
		b->kind == BIND_HEADER ? xfmt("%s: %s", b->name, b->template) : NULL;

	add(to, "header", header);
	add(to, b->kind == BIND_BASIC ? "basic" : "query", header ? NULL : b->name);
}

char *takeback_text(const struct binding *b)
{
	struct buf to = BUF_INIT;

	if (!b)
		return xstrdup(TAKEBACK_NONE);
	add(&to, "key", b->key);
	add(&to, "domain", b->domain);
	add(&to, "wide", b->wide ? "yes" : NULL);
	add_number(&to, "port", b->port);
	add_credential(&to, b);
	add_list(&to, "method", &b->methods);
	add_list(&to, "path", &b->paths);
	add_list(&to, "strip", &b->strips);
	add_list(&to, "pin", &b->pins);
	add_number(&to, "requests", b->requests);
	add_number(&to, "bytes", b->bytes);
	add_number(&to, "concurrent", b->concurrent);
	add(&to, "usage", b->usage);
	return to.data;
}

int takeback_parse(struct binding *b, const char *text, struct err *e)
{
	OWN_STRV struct strv words = {0};
	int r = words_split(&words, text);

	if (r < 0)
		return err_status(e, POD_EXIT_USAGE, ERR_PLAIN, "%s: not words of a binding",
				  esc(text));
	r = binding_parse(b, &words, e);
	if (r < 0)
		e->status = POD_EXIT_USAGE;
	return r;
}

/* --- what holds --- */

int takeback_now(const struct policy *p, const struct binding *b, struct bindings *to,
		 struct err *e)
{
	OWN_BINDINGS struct bindings all = {0};
	int r = policy_bindings(p, &all, e);

	for (size_t i = 0; i < all.n && r == 0; i++)
		if (binding_same(&all.v[i], b))
			return bindings_copy(to, &all.v[i], e);
	return r;
}

int takeback_check(const struct policy *p, const struct binding *b, const char *was, struct err *e)
{
	OWN_BINDINGS struct bindings now = {0};
	int r = takeback_now(p, b, &now, e);
	OWN_FREE char *text = r == 0 ? takeback_text(now.n ? now.v : NULL) : NULL;

	if (r < 0 || strcmp(text, was) == 0)
		return r;
	return err_status(e, POD_EXIT_REFUSED, ERR_PLAIN,
			  "the binding of %s to %s in pod %s was changed since: it is '%s'", b->key,
			  b->domain, p->pod.name, esc(text));
}

/* --- records --- */

/* To none: unbind this very one.  Else: bind what was. */
static void add_command(struct undo_note *n, const char *was, const char *to)
{
	if (strcmp(to, TAKEBACK_NONE) == 0)
		undo_words(&n->run, "pod-vault", "unbind", "--was", was, NULL);
	else
		undo_words(&n->run, "pod-vault", "bind", "--was", was, "--words", to, NULL);
}

int takeback_register(const struct policy *p, const struct binding *before,
		      const struct binding *after, char id[UNDO_ID], struct err *e)
{
	OWN_UNDO_NOTE struct undo_note n = {0};
	OWN_FREE char *old = takeback_text(before), *new = takeback_text(after);
	const struct binding *b = after ? after : before;

	*id = '\0';
	if (strcmp(old, new) == 0)
		return 0;
	undo_words(&n.what, "vault", after ? "bind" : "unbind", b->key, b->domain, NULL);
	add_command(&n, new, old);
	undo_words(&n.run, p->pod.name, b->key, b->domain, NULL);
	return undo_register(&p->pod, &n, id, e);
}
