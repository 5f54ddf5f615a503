/* SPDX-License-Identifier: Apache-2.0 */
#include "libcommon/web_session.h"

#include <sodium.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcommon/own.h"

#define MAGIC 0x31505745u /* "EWP1" */

struct web_page {
	uint32_t magic, size;
	uint32_t next; /* number of the next session */
	uint16_t port[WEB_PORTS];
	char label[WEB_LABEL + 3];
	struct web_link link[WEB_LINKS];
	struct web_session session[WEB_SESSIONS];
};

/* --- the file --- */

static void begin_anew(struct web_page *p)
{
	unsigned char random[(WEB_LABEL - 1) / 2];

	memset(p, 0, sizeof(*p));
	randombytes_buf(random, sizeof(random));
	sodium_bin2hex(p->label, WEB_LABEL, random, sizeof(random));
	p->next = 1;
	p->size = sizeof(*p);
	p->magic = MAGIC;
}

static bool is_whole(const struct web_page *p)
{
	return p->magic == MAGIC && p->size == sizeof(*p) && p->next != 0 &&
	       strnlen(p->label, WEB_LABEL) == WEB_LABEL - 1 &&
	       strspn(p->label, "0123456789abcdef") == WEB_LABEL - 1;
}

int web_sessions_map(struct web_sessions *s, int fd, struct err *e)
{
	void *at;

	s->fd = fd;
	if (sodium_init() < 0)
		return err_set(e, ERR_PLAIN, "start libsodium");
	if (ftruncate(fd, sizeof(struct web_page)) < 0)
		return err_set(e, errno, "make room for sessions");
	at = mmap(NULL, sizeof(struct web_page), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (at == MAP_FAILED)
		return err_set(e, errno, "map the sessions");
	s->page = at;
	if (!is_whole(s->page))
		begin_anew(s->page);
	return 0;
}

void web_sessions_finish(struct web_sessions *s)
{
	if (s->page)
		munmap(s->page, sizeof(*s->page));
	s->page = NULL;
	own_close(&s->fd);
	s->fd = -1;
}

void web_sessions_forget(struct web_sessions *s)
{
	if (s->page)
		sodium_memzero(s->page, sizeof(*s->page));
}

const char *web_sessions_label(const struct web_sessions *s)
{
	return s->page->label;
}

uint16_t web_sessions_port(const struct web_sessions *s, unsigned which)
{
	return which < WEB_PORTS ? s->page->port[which] : 0;
}

void web_sessions_set_port(struct web_sessions *s, unsigned which, uint16_t port)
{
	if (which < WEB_PORTS)
		s->page->port[which] = port;
}

/* --- secrets --- */

static void hash_of(const char *secret, unsigned char out[WEB_HASH_SIZE])
{
	crypto_generichash(out, WEB_HASH_SIZE, (const unsigned char *)secret, strlen(secret), NULL,
			   0);
}

static void secret_new(char out[WEB_SECRET], unsigned char hash[WEB_HASH_SIZE])
{
	unsigned char random[(WEB_SECRET - 1) / 2];

	randombytes_buf(random, sizeof(random));
	sodium_bin2hex(out, WEB_SECRET, random, sizeof(random));
	sodium_memzero(random, sizeof(random));
	hash_of(out, hash);
}

/* --- sessions --- */

static bool holds(const struct web_session *one, uint64_t now)
{
	return one->number && (!one->idle_ms || now - one->seen < one->idle_ms);
}

/* A free one, else the one that was not seen for longest; a token has not to give way. */
static struct web_session *room(struct web_sessions *s, uint64_t now)
{
	struct web_session *oldest = NULL;

	for (int i = 0; i < WEB_SESSIONS; i++) {
		struct web_session *one = &s->page->session[i];

		if (!holds(one, now))
			return one;
		if (one->idle_ms && (!oldest || one->seen < oldest->seen))
			oldest = one;
	}
	return oldest;
}

static struct web_session *session_new(struct web_sessions *s, unsigned role, uint64_t idle_ms,
				       uint64_t now, char out[WEB_SECRET])
{
	struct web_session *one = room(s, now);

	if (!one)
		return NULL;
	/* The number last: a front that dies in here leaves a place that is free. */
	one->number = 0;
	secret_new(out, one->hash);
	one->role = role;
	one->since = one->seen = now;
	one->idle_ms = idle_ms;
	one->number = s->page->next++;
	return one;
}

struct web_session *web_token_new(struct web_sessions *s, unsigned role, uint64_t now,
				  char out[WEB_SECRET])
{
	return session_new(s, role, 0, now, out);
}

void web_link_new(struct web_sessions *s, unsigned role, uint64_t now, char out[WEB_SECRET])
{
	struct web_link *link = &s->page->link[0];

	for (int i = 0; i < WEB_LINKS && link->until >= now; i++)
		if (s->page->link[i].until < link->until)
			link = &s->page->link[i];
	link->until = 0;
	secret_new(out, link->hash);
	link->role = role;
	link->until = now + WEB_LINK_MS;
}

static struct web_link *find_link(struct web_sessions *s, const char *secret, uint64_t now)
{
	unsigned char hash[WEB_HASH_SIZE];
	struct web_link *found = NULL;

	hash_of(secret, hash);
	for (int i = 0; i < WEB_LINKS; i++) {
		struct web_link *l = &s->page->link[i];

		if (l->until > now && sodium_memcmp(l->hash, hash, sizeof(hash)) == 0)
			found = l;
	}
	return found;
}

struct web_session *web_login(struct web_sessions *s, const char *link, uint64_t now,
			      char out[WEB_SECRET])
{
	struct web_link *l = web_secret_is(link) ? find_link(s, link, now) : NULL;

	if (!l)
		return NULL;
	l->until = 0; /* before there is a session: never two of one link */
	return session_new(s, l->role, WEB_IDLE_MS, now, out);
}

struct web_session *web_session_find(struct web_sessions *s, const char *secret, bool is_token,
				     uint64_t now)
{
	unsigned char hash[WEB_HASH_SIZE];
	struct web_session *found = NULL;

	hash_of(secret, hash);
	for (int i = 0; i < WEB_SESSIONS; i++) {
		struct web_session *one = &s->page->session[i];

		if (holds(one, now) && is_token == !one->idle_ms &&
		    sodium_memcmp(one->hash, hash, sizeof(hash)) == 0)
			found = one;
	}
	if (found)
		web_session_see(found, now);
	return found;
}

struct web_session *web_session_of(struct web_sessions *s, uint32_t number, uint64_t now)
{
	for (int i = 0; number && i < WEB_SESSIONS; i++)
		if (s->page->session[i].number == number && holds(&s->page->session[i], now))
			return &s->page->session[i];
	return NULL;
}

void web_session_see(struct web_session *one, uint64_t now)
{
	one->seen = now;
}

unsigned web_session_end(struct web_sessions *s, uint32_t number)
{
	unsigned n = 0;

	for (int i = 0; i < WEB_SESSIONS; i++) {
		struct web_session *one = &s->page->session[i];

		if (!one->number || (number && one->number != number))
			continue;
		sodium_memzero(one, sizeof(*one));
		n++;
	}
	if (number == 0)
		sodium_memzero(s->page->link, sizeof(s->page->link));
	return n;
}

struct web_session *web_session_next(struct web_sessions *s, unsigned *at, uint64_t now)
{
	while (*at < WEB_SESSIONS) {
		struct web_session *one = &s->page->session[(*at)++];

		if (holds(one, now))
			return one;
	}
	return NULL;
}
