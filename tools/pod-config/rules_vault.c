/* SPDX-License-Identifier: Apache-2.0 */
/* What bindings of secrets, and screening, need of the rest of the pod file. */
#include <string.h>

#include "libcommon/buf.h"
#include "libcommon/own.h"
#include "tools/pod-config/rules.h"
#include "tools/pod-config/tree.h"

/* Is name below suffix, or suffix itself? */
static bool is_within(const char *name, const char *suffix, bool itself)
{
	size_t n = strlen(name), m = strlen(suffix);

	if (itself && strcmp(name, suffix) == 0)
		return true;
	return n > m && name[n - m - 1] == '.' && strcmp(name + n - m, suffix) == 0;
}

/* Does an entry of network.dns.allow let all of domain be reached?  Its ports are pod-dns's care.
 */
static bool allow_fits(const char *entry, const char *domain, bool suffix)
{
	OWN_FREE char *copy = xstrdup(entry);
	const char *pattern = copy;
	bool both = strncmp(copy, "**.", 3) == 0, below = strncmp(copy, "*.", 2) == 0;

	copy[strcspn(copy, ":")] = '\0';
	pattern += both ? 3 : below ? 2 : 0;
	if (strncmp(domain, "*.", 2) == 0)
		return (both || below || suffix) && is_within(domain + 2, pattern, true);
	return (both || below || suffix) ? is_within(domain, pattern, both || suffix)
					 : strcmp(domain, pattern) == 0;
}

static bool is_allowed(jv root, const char *domain)
{
	jv list = tree_get(root, "network.dns.allow");
	bool suffix = tree_is(root, "network.dns.match", "suffix"), fits = false;
	int n = jv_get_kind(list) == JV_KIND_ARRAY ? jv_array_length(jv_copy(list)) : 0;

	for (int i = 0; i < n && !fits; i++) {
		jv entry = jv_array_get(jv_copy(list), i);

		fits = allow_fits(jv_string_value(entry), domain, suffix);
		jv_free(entry);
	}
	jv_free(list);
	return fits;
}

/* What is wrong with one binding, or NULL. */
static const char *binding_fault(jv item, jv root, const char *domain)
{
	bool star = domain[0] == '*';
	int ways = tree_has(item, "header") + tree_has(item, "basic") + tree_has(item, "query");

	if (strncmp(domain, "**.", 3) == 0)
		return "'**.' stands for two things: bind x.y and *.x.y";
	if (star && !tree_is(item, "wide", "true"))
		return "every host below the domain would get the secret; say wide: yes if that is "
		       "meant";
	if (tree_is(item, "port", "80"))
		return "port 80 carries no TLS: the secret would go over the network in the open";
	if (ways > 1)
		return "has more than one of header, basic and query";
	if (!is_allowed(root, domain))
		return "the domain is not in network.dns.allow";
	return NULL;
}

static void check_bindings(const struct rules *r, jv root)
{
	const struct node *lines = node_find(r->file, "vault.bindings");
	jv list = tree_get(root, "vault.bindings");
	int n = jv_get_kind(list) == JV_KIND_ARRAY ? jv_array_length(jv_copy(list)) : 0;

	for (int i = 0; i < n; i++) {
		bool has_line = lines && (size_t)i < lines->n;
		jv item = jv_array_get(jv_copy(list), i), domain = tree_get(item, "domain");
		const char *fault = jv_get_kind(domain) == JV_KIND_STRING
					    ? binding_fault(item, root, jv_string_value(domain))
					    : NULL;

		if (fault)
			problem_add(r->problems,
				    has_line ? lines->child[i]->at
					     : rules_place(r, "vault.bindings"),
				    "vault.bindings[%d]: %s", i, fault);
		jv_free(domain);
		jv_free(item);
	}
	jv_free(list);
}

/* Secrets put into requests are safe only where requests cannot go another way. */
void rules_vault(const struct rules *r, jv root)
{
	bool is_open = tree_is(root, "network.mode", "Unsafe") ||
		       !tree_is(root, "network.dns.mode", "Allowlist");

	if (!tree_is_set(root, "vault.bindings"))
		return;
	if (!is_open) {
		check_bindings(r, root);
		return;
	}
	problem_add(r->problems, rules_place(r, "vault.bindings"),
		    "vault.bindings: need a closed network: network.mode Isolated or Monitored, "
		    "with network.dns.mode Allowlist");
}

/* What the wall does not carry is not screened, and what is refused must not go another way. */
void rules_screen(const struct rules *r, jv root)
{
	static const char *const others[] = {"screen.hosts", "screen.categories"};
	const char *fault = NULL;

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (!tree_has(root, "screen.mode") && tree_is_set(root, others[i]))
			problem_add(r->problems, rules_place(r, others[i]),
				    "%s: means nothing without screen.mode", others[i]);
	if (!tree_has(root, "screen.mode"))
		return;
	if (tree_is(root, "network.mode", "Unsafe"))
		fault = "nothing of the host's own network is screened: network.mode Isolated or "
			"Monitored";
	else if (tree_is(root, "screen.mode", "block") &&
		 !tree_is(root, "network.dns.mode", "Allowlist"))
		fault = "block needs a closed network, or there are ways round it: "
			"network.dns.mode Allowlist";
	if (fault)
		problem_add(r->problems, rules_place(r, "screen.mode"), "screen.mode: %s", fault);
}
