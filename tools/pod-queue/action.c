/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-queue/action.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "libcommon/jsonr.h"
#include "libcommon/jsonw.h"
#include "libcommon/own.h"
#include "libcommon/path.h"

const char *const scope_names[SCOPES] = {"once", "for", "exact"};

void action_finish(struct action *a)
{
	free(a->reason);
	free(a->params);
	free(a->result);
	a->reason = a->params = a->result = NULL;
}

/* --- words --- */

void action_new_id(char id[ACTION_ID])
{
	static const char digits[] = "abcdefghijklmnopqrstuvwxyz234567";
	unsigned char random[ACTION_ID - 1];

	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		abort(); /* as much as this is never cut short */
	for (size_t i = 0; i < sizeof(random); i++)
		id[i] = digits[random[i] & 31];
	id[ACTION_ID - 1] = '\0';
}

bool action_is_id(const char *s)
{
	return strlen(s) == ACTION_ID - 1 &&
	       strspn(s, "abcdefghijklmnopqrstuvwxyz234567") == ACTION_ID - 1;
}

bool action_is_name(const char *s)
{
	size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");

	return n > 0 && n < ACTION_NAME && s[n] == '\0' && s[0] != '.' && s[0] != '-';
}

int64_t action_now(void)
{
	return (int64_t)time(NULL);
}

const char *action_time(int64_t t, char out[ACTION_TIME])
{
	time_t at = (time_t)t;
	struct tm tm;

	gmtime_r(&at, &tm);
	strftime(out, ACTION_TIME, "%Y-%m-%dT%H:%M:%SZ", &tm);
	return out;
}

int action_time_parse(const char *s, int64_t *t)
{
	struct tm tm = {0};
	const char *end = strlen(s) < ACTION_TIME ? strptime(s, "%Y-%m-%dT%H:%M:%SZ", &tm) : NULL;

	if (!end || *end || tm.tm_year > 8000)
		return -EINVAL;
	*t = (int64_t)timegm(&tm);
	return 0;
}

void action_digest(const struct action *a, const char *executor, char out[ACTION_HEX])
{
	const char *const parts[] = {a->name, tier_names[a->tier], executor, a->params};
	unsigned char hash[crypto_hash_sha256_BYTES];
	crypto_hash_sha256_state s;

	crypto_hash_sha256_init(&s);
	for (size_t i = 0; i < 4; i++) /* the NULs between them, not the last one's */
		crypto_hash_sha256_update(&s, (const unsigned char *)parts[i],
					  strlen(parts[i]) + (i < 3));
	crypto_hash_sha256_final(&s, hash);
	sodium_bin2hex(out, ACTION_HEX, hash, sizeof(hash));
}

/* --- reading --- */

static bool read_time(struct json *j, int64_t *t)
{
	char text[40];

	if (!json_string(j, text, sizeof(text)))
		return false;
	if (action_time_parse(text, t) < 0)
		json_wrong(j, "this is no time");
	return !j->fault;
}

/* Any value as it stands there. */
static bool read_raw(struct json *j, char **raw, size_t max)
{
	const char *from;

	json_peek(j);
	from = j->p;
	if (!json_skip(j))
		return false;
	if ((size_t)(j->p - from) > max)
		json_wrong(j, "too long");
	free(*raw);
	*raw = strndup(from, (size_t)(j->p - from));
	return !j->fault;
}

static bool read_text(struct json *j, char **text)
{
	char word[4096];

	if (!json_string(j, word, sizeof(word)) || !utf8_ok(word)) {
		json_wrong(j, "this is no UTF-8");
		return false;
	}
	free(*text);
	*text = xstrdup(word);
	return true;
}

static bool read_tier(struct json *j, enum tier *tier)
{
	char word[16];

	if (!json_string(j, word, sizeof(word)))
		return false;
	*tier = tier_of(word);
	if (*tier == TIERS)
		json_wrong(j, "this is no tier");
	return !j->fault;
}

enum field_kind { FIELD_WORD, FIELD_TIME };

#define WORD(name, member)                                         \
	{                                                          \
		name, FIELD_WORD, offsetof(struct action, member), \
			sizeof(((struct action *)0)->member)       \
	}
#define TIME(name, member)                                           \
	{                                                            \
		name, FIELD_TIME, offsetof(struct action, member), 0 \
	}

/* clang-format off */
static const struct field {
	const char *name;
	enum field_kind kind;
	size_t at, size;
} fields[] = {
	WORD("id", id), WORD("name", name), WORD("type", type), WORD("key", key), WORD("digest", digest), WORD("by", by),
	TIME("created", created), TIME("due", due), TIME("until", until), TIME("started", started), TIME("ended", ended),
	WORD("status", status), WORD("approved_by", approved_by), WORD("scope", scope), TIME("approved_at", approved_at),
	WORD("undo", undo), {0},
};
/* clang-format on */

static bool read_field(struct json *j, struct action *a, const char *name)
{
	for (const struct field *f = fields; f->name; f++) {
		char *to = (char *)a + f->at;

		if (strcmp(f->name, name) != 0)
			continue;
		if (f->kind == FIELD_TIME)
			return read_time(j, (int64_t *)(void *)to);
		if (json_string(j, to, f->size) && !utf8_ok(to))
			json_wrong(j, "this is no UTF-8");
		return !j->fault;
	}
	return json_skip(j);
}

static void read_member(struct json *j, struct action *a, const char *name)
{
	if (strcmp(name, "tier") == 0)
		read_tier(j, &a->tier);
	else if (strcmp(name, "reason") == 0)
		read_text(j, &a->reason);
	else if (strcmp(name, "params") == 0)
		read_raw(j, &a->params, ACTION_PARAMS);
	else if (strcmp(name, "result") == 0)
		read_raw(j, &a->result, ACTION_RESULT);
	else
		read_field(j, a, name);
}

int action_parse(struct action *a, const char *data, size_t len, struct err *e)
{
	struct json j;
	char name[64];

	*a = (struct action){.tier = TIERS};
	json_init(&j, data, len);
	if (json_open(&j, '{'))
		while (json_member(&j, name, sizeof(name)))
			read_member(&j, a, name);
	json_end(&j);
	if (!j.fault && (!action_is_id(a->id) || !action_is_name(a->name) || a->tier == TIERS))
		j.fault = "id, name or tier is missing, or is none";
	if (!a->params)
		a->params = xstrdup("{}");
	if (!j.fault && a->params[0] != '{')
		j.fault = "params are no object";
	return j.fault ? err_set(e, ERR_PLAIN, "read an action: %s", j.fault) : 0;
}

/* --- writing --- */

void action_print(const struct action *a, struct buf *out)
{
	char time[ACTION_TIME];

	jw_open(out, '{');
	jw_knum(out, "v", 1);
	for (const struct field *f = fields; f->name; f++) {
		const char *at = (const char *)a + f->at;
		int64_t t = f->kind == FIELD_TIME ? *(const int64_t *)(const void *)at : 0;

		if (t)
			jw_kstr(out, f->name, action_time(t, time));
		else if (f->kind == FIELD_WORD && *at)
			jw_kstr(out, f->name, at);
	}
	jw_kstr(out, "tier", tier_names[a->tier]);
	if (a->reason)
		jw_kstr(out, "reason", a->reason);
	jw_key(out, "params");
	buf_str(out, a->params ? a->params : "{}");
	if (a->result) {
		jw_key(out, "result");
		buf_str(out, a->result);
	}
	jw_close(out, '}');
	buf_char(out, '\n');
}

/* --- approvals --- */

static void read_approval(struct json *j, struct approval *p, const char *name)
{
	char word[16];

	if (strcmp(name, "id") == 0)
		json_string(j, p->id, sizeof(p->id));
	else if (strcmp(name, "digest") == 0)
		json_string(j, p->digest, sizeof(p->digest));
	else if (strcmp(name, "by") == 0)
		json_string(j, p->by, sizeof(p->by));
	else if (strcmp(name, "name") == 0)
		json_string(j, p->name, sizeof(p->name));
	else if (strcmp(name, "until") == 0)
		read_time(j, &p->until);
	else if (strcmp(name, "at") == 0)
		read_time(j, &p->at);
	else if (strcmp(name, "scope") != 0)
		json_skip(j);
	else if (json_string(j, word, sizeof(word)))
		while (p->scope < SCOPES && strcmp(scope_names[p->scope], word) != 0)
			p->scope++;
}

int approval_parse(struct approval *p, const char *data, size_t len, bool *is_action, struct err *e)
{
	bool scoped = false;
	struct json j;
	char name[64];

	*p = (struct approval){.scope = SCOPE_ONCE};
	*is_action = false;
	json_init(&j, data, len);
	if (json_open(&j, '{'))
		while (json_member(&j, name, sizeof(name))) {
			scoped = scoped || strcmp(name, "scope") == 0;
			*is_action = *is_action || strcmp(name, "params") == 0;
			read_approval(&j, p, name);
		}
	json_end(&j);
	if (!j.fault && (!scoped || p->scope == SCOPES))
		j.fault = "scope is none of once, for, exact";
	if (!j.fault && (!action_is_id(p->id) || strlen(p->digest) != ACTION_HEX - 1))
		j.fault = "id or digest is missing";
	if (!j.fault && !p->until)
		j.fault = "until is missing";
	return j.fault ? err_set(e, ERR_PLAIN, "%s", j.fault) : 0;
}

void approval_print(const struct approval *p, struct buf *out)
{
	char time[ACTION_TIME];

	jw_open(out, '{');
	jw_knum(out, "v", 1);
	jw_kstr(out, "id", p->id);
	jw_kstr(out, "digest", p->digest);
	jw_kstr(out, "scope", scope_names[p->scope]);
	if (*p->name)
		jw_kstr(out, "name", p->name);
	jw_kstr(out, "until", action_time(p->until, time));
	jw_kstr(out, "by", p->by);
	jw_kstr(out, "at", action_time(p->at, time));
	jw_close(out, '}');
	buf_char(out, '\n');
}
