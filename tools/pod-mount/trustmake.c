/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of an authority hold. */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "libcommon/io.h"
#include "libcommon/jsonr.h"
#include "libcommon/own.h"
#include "libcommon/trust.h"
#include "tools/pod-mount/keystore.h"
#include "tools/pod-mount/trustlist.h"

bool trust_adds(const struct trust_file *f)
{
	return f->kind == TRUST_BUNDLE || f->kind == TRUST_STORE || f->kind == TRUST_FIREFOX;
}

/*
 * Firefox reads one file: that in /etc, or else that of its installation, which one in /etc would
 * put out of force.  So ours begins with it.
 */
size_t trust_sources(const struct trust_file *f, const char *out[TRUST_SOURCES])
{
	static const char *const installed[] = {
		"/usr/lib/firefox-esr/distribution/policies.json",
		"/usr/share/firefox-esr/distribution/policies.json",
		"/usr/lib/firefox/distribution/policies.json",
		"/usr/lib64/firefox/distribution/policies.json",
		"/opt/firefox/distribution/policies.json",
	};
	size_t n = sizeof(installed) / sizeof(installed[0]);

	out[0] = f->path;
	for (size_t i = 0; i < n; i++)
		out[i + 1] = installed[i];
	return f->kind == TRUST_FIREFOX ? n + 1 : 1;
}

static bool host_file(const char *path, struct buf *b)
{
	OWN_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	return fd >= 0 && read_fd(fd, b, TRUST_FILE_MAX) >= 0 && b->len > 0;
}

void trust_host(const struct trust_file *f, struct buf *b)
{
	const char *paths[TRUST_SOURCES];
	size_t n = trust_sources(f, paths);

	for (size_t i = 0; i < n && !b->len; i++)
		if (!host_file(paths[i], b))
			buf_clear(b);
}

/* --- bundles and stores --- */

static void append_crt(struct buf *b, const struct buf *crt)
{
	if (b->len && b->data[b->len - 1] != '\n')
		buf_char(b, '\n');
	buf_add(b, crt->data, crt->len);
}

static bool add_ours(struct keystore *k, const struct trust *t)
{
	OWN_BUF struct buf der = BUF_INIT;
	const char *at = t->crt.data;

	if (!pem_next(&at, &der))
		return false;
	keystore_add(k, TRUST_ALIAS, der.data, der.len);
	return true;
}

/* From the bundle's certificates, where the host's store is of a form that we do not write. */
static void fill_store(struct keystore *k, const struct trust *t)
{
	OWN_BUF struct buf bundle = BUF_INIT, der = BUF_INIT;
	const char *at;

	for (size_t i = 0; i < t->n && !bundle.len; i++)
		if (t->v[i].kind == TRUST_BUNDLE)
			host_file(t->v[i].path, &bundle);
	at = bundle.len ? bundle.data : "";
	for (unsigned n = 1; pem_next(&at, &der); n++) {
		OWN_FREE char *alias = xfmt("host-%u", n);

		keystore_add(k, alias, der.data, der.len);
	}
}

static void make_store(const struct trust *t, const struct buf *old, struct buf *out)
{
	OWN(keystore_finish) struct keystore k = {.count = 0};

	if (!keystore_open(&k, old->len ? old->data : "", old->len))
		fill_store(&k, t);
	add_ours(&k, t);
	keystore_close(&k, out);
}

/* --- policies of browsers --- */

#define INSTALL "\"" TRUST_ANCHOR "\""

/* Into the list or object that has just been opened: what we have to say, and the rest. */
static void insert(const struct buf *old, struct json *j, const char *text, struct buf *out)
{
	size_t at = (size_t)(j->p - j->start);
	char next = json_peek(j);

	buf_add(out, old->data, at);
	buf_str(out, text);
	if (next != ']' && next != '}')
		buf_char(out, ',');
	buf_add(out, old->data + at, old->len - at);
}

/* On to the value of this member, which must be a list or an object; false: there is none. */
static bool enter(struct json *j, const char *name, char bracket)
{
	char key[64];

	while (json_member(j, key, sizeof(key))) {
		if (strcmp(key, name) == 0)
			return json_peek(j) == bracket && json_open(j, bracket);
		json_skip(j);
	}
	return false;
}

/* Where our list goes, from the innermost place that is there. */
static const struct {
	const char *name;
	char bracket;
	const char *text; /* into the one around it, where it is missing */
} steps[] = {
	{"policies", '{', "\"policies\":{\"Certificates\":{\"Install\":[" INSTALL "]}}"},
	{"Certificates", '{', "\"Certificates\":{\"Install\":[" INSTALL "]}"},
	{"Install", '[', "\"Install\":[" INSTALL "]"},
};

static bool is_json(const struct buf *b)
{
	struct json j;

	json_init(&j, b->data, b->len);
	return json_peek(&j) == '{' && json_skip(&j) && json_end(&j);
}

static void make_firefox(const struct buf *old, struct buf *out)
{
	struct json j, at;

	json_init(&j, old->data, old->len);
	json_open(&j, '{');
	for (size_t i = 0; i < 3; i++) {
		at = j;
		if (!enter(&j, steps[i].name, steps[i].bracket)) {
			if (!j.fault) /* something else by that name stays what it is */
				insert(old, &at, steps[i].text, out);
			else
				buf_add(out, old->data, old->len);
			return;
		}
	}
	insert(old, &j, INSTALL, out);
}

/* The PEM's letters are the certificate in base64. */
static void make_chromium(const struct trust *t, struct buf *out)
{
	const char *at = strchr(t->crt.data, '\n'), *end = strstr(t->crt.data, "-----END");

	buf_str(out, "{\"CACertificates\":[\"");
	for (; at && end && at < end; at++)
		if (*at != '\n' && *at != '\r')
			buf_char(out, *at);
	buf_str(out, "\"]}\n");
}

/* --- all of them --- */

void trust_make(const struct trust *t, const struct trust_file *f, const struct buf *old,
		struct buf *out)
{
	static const char empty[] = "{}\n";
	const struct buf none = {.data = (char *)(uintptr_t)empty, .len = sizeof(empty) - 1};

	switch (f->kind) {
	case TRUST_STORE:
		make_store(t, old, out);
		break;
	case TRUST_HASH:
		buf_str(out, TRUST_ALIAS ".pem");
		break;
	case TRUST_FIREFOX:
		make_firefox(old->len && is_json(old) ? old : &none, out);
		break;
	case TRUST_CHROMIUM:
		make_chromium(t, out);
		break;
	case TRUST_BUNDLE:
		buf_add(out, old->len ? old->data : "", old->len);
		append_crt(out, &t->crt);
		break;
	case TRUST_ALONE:
		append_crt(out, &t->crt);
	}
}

bool trust_has(const struct trust *t, const struct trust_file *f, const struct buf *now)
{
	OWN_BUF struct buf der = BUF_INIT, json = BUF_INIT;
	const char *at = t->crt.data;

	if (!now->len)
		return false;
	if (f->kind == TRUST_FIREFOX)
		return memmem(now->data, now->len, INSTALL, strlen(INSTALL));
	if (f->kind == TRUST_CHROMIUM) {
		make_chromium(t, &json);
		return now->len == json.len && memcmp(now->data, json.data, json.len) == 0;
	}
	if (f->kind != TRUST_STORE)
		return memmem(now->data, now->len, t->crt.data, t->crt.len);
	return pem_next(&at, &der) && memmem(now->data, now->len, der.data, der.len);
}

bool trust_is_strange(const struct trust_file *f, const struct buf *now)
{
	OWN(keystore_finish) struct keystore k = {.count = 0};

	if (f->kind == TRUST_FIREFOX)
		return now->len && !is_json(now);
	return f->kind == TRUST_STORE && !keystore_open(&k, now->len ? now->data : "", now->len);
}
