/* SPDX-License-Identifier: Apache-2.0 */
/* The table of keys is data, and data can be wrong: its rows against each other. */
#include <string.h>

#include "libcommon/buf.h"
#include "libcommon/own.h"
#include "tests/lib/tap.h"
#include "tools/pod-config/key.h"
#include "tools/pod-config/read.h"
#include "tools/pod-config/tree.h"

/* The section of a key, "" at the outermost; caller frees. */
static char *parent_of(const char *path)
{
	const char *dot = strrchr(path, '.');

	return strndup(path, dot ? (size_t)(dot - path) : 0);
}

static const struct key *section_of(const char *path)
{
	OWN_FREE char *parent = parent_of(path);
	size_t n = strlen(parent);

	if (n > 2 && strcmp(parent + n - 2, "[]") == 0)
		parent[n - 2] = '\0';
	return key_at(parent);
}

static void test_places(void)
{
	for (const struct key *k = keys; k->path; k++) {
		OWN_FREE char *parent = parent_of(k->path);
		const struct key *section = section_of(k->path);

		ok(key_at(k->path) == k, "%s stands once", k->path);
		ok(key_child(parent, key_word(k)) == k, "%s is found in its section", k->path);
		if (!*parent)
			continue;
		ok(section && section < k && section->type == T_SECTION,
		   "%s stands behind its section", k->path);
		ok(!!strstr(parent, "[]") == (section && ((section->flags & KEY_LIST) ||
							  strstr(section->path, "[]"))),
		   "%s: [] is a list's", k->path);
	}
}

static void test_map(const struct key *k)
{
	size_t n = strcspn(k->range, " ");

	ok(type_named(k->range, n) < T_COUNT &&
		   type_named(k->range + n + 1, strlen(k->range + n + 1)) < T_COUNT,
	   "%s: types of its keys and values", k->path);
}

/* A section of which one key may be given alone names a key it has. */
static void test_short(const struct key *k)
{
	OWN_FREE char *parent = xfmt("%s%s", k->path, k->flags & KEY_LIST ? "[]" : "");

	ok(key_child(parent, k->range), "%s has %s", k->path, k->range);
}

static void test_ranges(void)
{
	for (const struct key *k = keys; k->path; k++) {
		if (k->type == T_MAP)
			test_map(k);
		if (k->type == T_SECTION && k->range)
			test_short(k);
		if (k->type == T_ENUM)
			ok(k->range && strlen(k->range) < 200, "%s: words", k->path);
		ok(!k->plan || !strchr(k->path, '['), "%s: lines of plan are no item's", k->path);
	}
}

static jv empty_pod(const struct origin *o)
{
	jv pod = jv_object();

	read_defaults(&pod, o, NULL);
	read_defaults(&pod, o, "network.dns");
	read_defaults(&pod, o, "host_user");
	return pod;
}

static void test_defaults(void)
{
	struct origin o = {.dir = "/", .cwd = "/"};
	jv pod;

	strncpy(o.owner.home, "/home/alice", sizeof(o.owner.home) - 1);
	pod = empty_pod(&o);
	for (const struct key *k = keys; k->path; k++) {
		if (!k->fallback || strchr(k->path, '['))
			continue;
		ok(tree_has(pod, k->path), "%s: its default is one it accepts", k->path);
		ok(!key_asks(k, tree_get(pod, k->path)), "%s: its default asks for nothing",
		   k->path);
	}
	jv_free(pod);
}

static void test_aliases(void)
{
	for (const struct alias *a = aliases; a->from; a++) {
		OWN_FREE char *parent = parent_of(a->from);
		const char *dot = strrchr(a->from, '.');

		ok(key_at(a->to), "%s leads to a key", a->from);
		ok(!key_child(parent, dot ? dot + 1 : a->from), "%s is no key itself", a->from);
	}
}

static void test_asks(void)
{
	const struct key *engine = key_at("network.engine"), *list = key_at("devices.extra");

	ok(!key_asks(engine, jv_string("sockets")), "sockets is built");
	ok(!key_asks(engine, jv_string("veth")), "veth as well");
	ok(!key_asks(engine, jv_invalid()), "a missing key asks for nothing");
	ok(!key_asks(list, jv_array()), "an empty list asks for nothing");
	ok(!key_asks(list, jv_array_append(jv_array(), jv_string("/dev/kvm"))),
	   "a device, which is built, neither");
	ok(key_asks(key_at("devices.audio"), jv_true()), "yes asks");
	ok(!key_asks(key_at("devices.audio"), jv_false()), "no does not");
	ok(!key_asks(key_at("web_display.port"), jv_number(1)), "what tunes never asks");
	ok(!key_asks(key_at("processor.memory"), jv_number(1)), "what is built never asks");
}

static void test_hints(void)
{
	is_str(key_hint("", "nmae"), "; did you mean name?", "two letters swapped");
	is_str(key_hint("", "memory"), "; did you mean processor.memory?", "another section's");
	is_str(key_hint("network", "qqqqqqq"), "", "nothing near");
	is_str(key_hint("", "ownr"), "", "what is ours is not offered");
	ok(key_refusal("Tailscale"), "refusals in any case");
	ok(!key_refusal("user"), "no refusal for a key");
}

int main(void)
{
	test_places();
	test_ranges();
	test_defaults();
	test_aliases();
	test_asks();
	test_hints();
	return done_testing();
}
