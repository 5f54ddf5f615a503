/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-config/key.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "libcommon/opt.h"
#include "tools/pod-config/tree.h"

/* What we know of and do not take.  "a.b=word": this value of that key. */
static const struct {
	const char *path, *reason;
} refusals[] = {
	{"tailscale", "envpod joins no overlay network; open ports with network.ports"},
	{"identity", "pods carry no identity tokens; the vault decides which secrets they get"},
	{"monitoring",
	 "nothing is sent out; 'envpod audit --json' gives all events to a collector"},
	{"toolchain", "the pod uses the host's tools; install others under setup"},
	{"license", "there is one edition, and it needs no licence"},
	{"network.services", "name the hosts of the service in network.dns.allow"},
	{"network.tailscale", "envpod joins no overlay network; open ports with network.ports"},
	{"filesystem.sealed", "say filesystem.view: minimal and leave mounts out"},
	{"web_display.type=webrtc", "there is one way to show a desktop: novnc"},
};

bool key_is_child(const struct key *k, const char *parent)
{
	size_t n = strlen(parent);

	if (strncmp(k->path, parent, n) != 0 || (n > 0 && k->path[n] != '.'))
		return false;
	return !strchr(k->path + n + (n > 0), '.');
}

const char *key_word(const struct key *k)
{
	const char *dot = strrchr(k->path, '.');

	return dot ? dot + 1 : k->path;
}

const struct key *key_child(const char *parent, const char *word)
{
	for (const struct key *k = keys; k->path; k++)
		if (strcasecmp(key_word(k), word) == 0 && key_is_child(k, parent))
			return k;
	return NULL;
}

const struct key *key_at(const char *path)
{
	for (const struct key *k = keys; k->path; k++)
		if (strcmp(k->path, path) == 0)
			return k;
	return NULL;
}

/* Is the value one of the words of "a|b"? */
static bool is_idle_word(const char *idle, const char *value)
{
	size_t n = strlen(value);

	while (idle) {
		size_t len = strcspn(idle, "|");

		if (len == n && strncasecmp(idle, value, n) == 0)
			return true;
		idle = idle[len] ? idle + len + 1 : NULL;
	}
	return false;
}

bool key_asks(const struct key *k, jv value)
{
	jv_kind kind = jv_get_kind(value);
	bool asks = false;

	if (kind == JV_KIND_ARRAY)
		asks = jv_array_length(jv_copy(value)) > 0;
	else if (kind == JV_KIND_OBJECT)
		asks = jv_object_length(jv_copy(value)) > 0;
	else if (kind != JV_KIND_INVALID && k->idle) {
		jv text = tree_text(jv_copy(value));

		asks = !is_idle_word(k->idle, jv_string_value(text));
		jv_free(text);
	}
	jv_free(value);
	return asks && k->idle && strcmp(k->idle, KEY_TUNES) != 0;
}

struct family {
	const char *parent;
	const struct key *rows[64];
};

static const char *family_word(const void *from, int i)
{
	const struct family *f = from;

	return f->rows[i] ? key_word(f->rows[i]) : NULL;
}

static const char *near_in_section(const char *parent, const char *word)
{
	struct family f = {.parent = parent};
	size_t n = 0;

	for (const struct key *k = keys; k->path && n < 63; k++)
		if (!(k->flags & KEY_COMPILED) && key_is_child(k, parent))
			f.rows[n++] = k;
	return nearest(word, family_word, &f);
}

/* The right word in the wrong section is the commonest mistake of all. */
static const char *same_elsewhere(const char *word)
{
	for (const struct key *k = keys; k->path; k++)
		if (!(k->flags & KEY_COMPILED) && strcasecmp(key_word(k), word) == 0)
			return k->path;
	return NULL;
}

const char *key_hint(const char *parent, const char *word)
{
	static char hint[160];
	const char *near = near_in_section(parent, word);

	if (!near)
		near = same_elsewhere(word);
	hint[0] = '\0';
	if (near)
		snprintf(hint, sizeof(hint), "; did you mean %s?", near);
	return hint;
}

const char *key_refusal(const char *path)
{
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++)
		if (strcasecmp(refusals[i].path, path) == 0)
			return refusals[i].reason;
	return NULL;
}
