/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which hosts have the bodies of their requests screened: those that the pod file lists, else the
 * known models' and those whose use of tokens is counted.  A host that a wide binding covers is no
 * host of its own, or it would lose what is bound: then the wide one is screened, all of it.
 */
#include <string.h>

#include "libcommon/own.h"
#include "libcommon/unit.h"
#include "tools/pod-vault/policy.h"

static const char *const known[] = {
	"api.anthropic.com", "api.openai.com", "generativelanguage.googleapis.com",
	"openrouter.ai",     "api.mistral.ai", "api.deepseek.com",
	"api.groq.com",      "api.x.ai",       "api.cohere.com",
	"api.together.xyz",
};

/* Is a what b is, or below it? */
static bool is_covered(const char *a, const char *b)
{
	size_t n = strlen(a), m;

	if (strcmp(a, b) == 0)
		return true;
	if (strncmp(b, "*.", 2) != 0)
		return false;
	m = strlen(++b);
	return n > m && strcmp(a + n - m, b) == 0;
}

static int add(struct bindings *all, const char *domain, uint16_t port, struct err *e)
{
	bool is_there = false;
	struct binding *b;

	for (size_t i = 0; i < all->n; i++) {
		b = &all->v[i];
		if (b->port != port)
			continue;
		b->screened |= is_covered(b->domain, domain) || is_covered(domain, b->domain);
		is_there |= is_covered(domain, b->domain);
	}
	if (is_there)
		return 0;
	b = bindings_add(all, e);
	if (!b)
		return -ENOSPC;
	b->domain = xstrdup(domain);
	b->wide = domain[0] == '*';
	b->port = port;
	b->screened = true;
	return 0;
}

/* "**.x" is x and all below. */
static int add_name(struct bindings *all, const char *name, uint16_t port, struct err *e)
{
	int r = 0;

	if (strncmp(name, "**.", 3) == 0) {
		r = add(all, name + 3, port, e);
		name++;
	}
	return r < 0 ? r : add(all, name, port, e);
}

/* "NAME" or "NAME:PORT,PORT", as pod-config has checked it. */
static int add_entry(struct bindings *all, const char *entry, struct err *e)
{
	OWN_FREE char *name = xstrdup(entry);
	char *ports = strchr(name, ':');
	int r = 0;

	if (!ports)
		return add_name(all, name, 443, e);
	*ports++ = '\0';
	for (char *word; r == 0 && (word = strsep(&ports, ","));) {
		uint64_t port = 0;

		if (unit_u64(word, UINT16_MAX, &port) < 0 || port == 0)
			return err_set(e, ERR_PLAIN, "plan: screen.host: not a port: %s", word);
		r = add_name(all, name, (uint16_t)port, e);
	}
	return r;
}

int screen_mark(const struct plan *plan, struct bindings *all, struct err *e)
{
	const char *entry;
	int r = 0;

	if (!plan_str(plan, "screen.mode", NULL))
		return 0;
	for (size_t i = 0; r == 0 && (entry = plan_next(plan, "screen.host", &i));)
		r = add_entry(all, entry, e);
	if (r < 0 || plan_str(plan, "screen.host", NULL))
		return r;
	for (size_t i = 0; i < all->n; i++)
		all->v[i].screened |= all->v[i].usage != NULL;
	for (size_t i = 0; r == 0 && i < sizeof(known) / sizeof(known[0]); i++)
		r = add(all, known[i], 443, e);
	return r;
}

const char *screen_mode(const struct plan *plan, struct buf *categories)
{
	const char *word;

	for (size_t i = 0; (word = plan_next(plan, "screen.category", &i));)
		buf_fmt(categories, "%s%s", categories->len ? "," : "", word);
	if (!categories->len)
		buf_str(categories, "*");
	return plan_str(plan, "screen.mode", NULL);
}
