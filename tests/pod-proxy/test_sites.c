/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "libcommon/own.h"
#include "tests/lib/tap.h"
#include "tools/pod-proxy/sites.h"
#include "tools/pod-proxy/target.h"

static struct sites sites;

static int parse(const char *lines, struct err *e)
{
	OWN_FREE char *text = xfmt("envpod-plan 1 0 0 0\n%send\n", lines);

	return sites_parse(&sites, text, strlen(text), e);
}

static const struct site *site(const char *lines)
{
	struct err e = {0};
	OWN_FREE char *text = xfmt("host 0 api.example 443\n%s", lines);

	if (parse(text, &e) < 0)
		diag("%s", e.msg);
	return &sites.v[0];
}

static void reading(void)
{
	struct err e = {0};
	int r = parse("canary freeze\n"
		      "host 0 api.example 443\n"
		      "bind 0 TOKEN header X-Token Bearer\\\\040{value}\n"
		      "bind 0 PASS basic me\n"
		      "bind 0 WORD query key\n"
		      "allow 0 GET,POST /v1/*\n"
		      "allow 0 * /health\n"
		      "strip 0 cookie session\n"
		      "limit 0 requests 60\n"
		      "limit 0 concurrent 2\n"
		      "usage 0 anthropic\n"
		      "screen 0 block injection,pii\n"
		      "host 1 *.example 8443\n"
		      "dummy TOKEN sk-dummy-123\n",
		      &e);
	const struct site *s = sites.v;

	if (!is_int(r, 0, "a policy is read"))
		diag("%s", e.msg);
	ok(sites.freeze && sites.n == 2 && sites.n_dummies == 1, "with all of it");
	ok(s->n_binds == 3 && strcmp(s->binds[0].name, "x-token") == 0 &&
		   strcmp(s->binds[0].template, "Bearer {value}") == 0,
	   "a header and its template");
	ok(s->n_allows == 2 && s->allows[0].methods.n == 2 && s->allows[1].methods.n == 0,
	   "methods");
	ok(s->requests == 60 && s->bytes == 0 && s->concurrent == 2 && s->usage == USAGE_ANTHROPIC,
	   "limits and usage");
	ok(s->screen == SCREEN_BLOCK && strcmp(s->categories, "injection,pii") == 0 &&
		   sites.v[1].screen == SCREEN_NOT,
	   "screening, of a host");
	ok(sites.v[1].wide && strcmp(sites.v[1].domain, "example") == 0, "a wide host");
}

static void refusing(void)
{
	static const char *const bad[] = {
		"what 1\n",
		"canary off\n",
		"host 1 api.example 443\n",
		"host 0 API.example 443\n",
		"host 0 api.example 0\n",
		"host 0 api.example 65536\n",
		"host 0 api.example 443 x\n",
		"host 0 a_b/.example 443\n",
		"host 0 a.example 443\nhost 1 a.example 443\n",
		"bind 0 KEY query k\n",
		"host 0 a.example 443\nbind 0 KEY cookie k\n",
		"host 0 a.example 443\nbind 0 KEY header k\n",
		"host 0 a.example 443\nbind 0 KEY header k: {value}\n",
		"host 0 a.example 443\nbind 0 KEY header k value\n",
		"host 0 a.example 443\nbind 0 KEY header k {value}\\\\012x:y\n",
		"host 0 a.example 443\nbind 0 KEY basic a:b\n",
		"host 0 a.example 443\nallow 0 GET v1\n",
		"host 0 a.example 443\nallow 0 GET,,PUT /\n",
		"host 0 a.example 443\nallow 1 GET /\n",
		"host 0 a.example 443\nlimit 0 requests 0\n",
		"host 0 a.example 443\nlimit 0 requests -1\n",
		"host 0 a.example 443\nlimit 0 tokens 1\n",
		"host 0 a.example 443\nusage 0 none\n",
		"host 0 a.example 443\nstrip 0 body x\n",
		"dummy KEY short\n",
		"host 0 a.example 443\nscreen 0 watch *\n",
		"host 0 a.example 443\nscreen 0 block\n",
		"host 0 a.example 443\nscreen 0 block pii,,x\n",
		"host 0 a.example 443\nscreen 0 block pii x\n",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct err e = {0};

		ok(parse(bad[i], &e) == -EINVAL && strstr(e.msg, "policy/proxy: line ") &&
			   sites.n == 2,
		   "refused, nothing is changed: %.*s", (int)strcspn(bad[i], "\n"), bad[i]);
	}
}

static void is_found(const char *name, uint16_t port, const char *want)
{
	const struct site *s = sites_find(&sites, name, port);

	is_str(s ? s->domain : NULL, want, "%s:%u", name, port);
}

static void finding(void)
{
	struct err e = {0};

	parse("host 0 *.example 443\nhost 1 a.b.example 443\nhost 2 *.b.example 443\n", &e);
	is_found("a.b.example", 443, "a.b.example");
	is_found("c.b.example", 443, "b.example");
	is_found("x.y.b.example", 443, "b.example");
	is_found("b.example", 443, "example");
	is_found("example", 443, NULL);
	is_found("badexample", 443, NULL);
	is_found(".example", 443, NULL);
	is_found("a.b.example", 80, NULL);
}

/* --- what may be asked --- */

static const char *judged(const char *method, const char *target, const char *field)
{
	struct message m = {0};
	const char *why;

	m.method = message_store(&m, method, strlen(method));
	m.target = message_store(&m, target, strlen(target));
	if (field)
		message_add(&m, field, "DELETE");
	why = site_judge(&sites.v[0], &m);
	message_finish(&m);
	return why;
}

static void allowed(const char *target)
{
	is_str(judged("GET", target, NULL), NULL, "%s passes", target);
}

static void denied(const char *target, const char *why)
{
	is_str(judged("GET", target, NULL), why, "%s does not", target);
}

static void judging(void)
{
	site("allow 0 GET,POST /v1/*\nallow 0 * /health\nallow 0 GET /a/*/b\n");
	allowed("/v1/");
	allowed("/v1/x?y=/../z%2f&#");
	allowed("/v1/a%20b/%c3%a4");
	allowed("/v1/50%25");
	allowed("/v%31/x");
	allowed("/v1/..a/.b./...");
	allowed("/health");
	allowed("/a/x/y/b");
	denied("/v1", "path");
	denied("/V1/x", "path");
	denied("/v1x/", "path");
	denied("/healthy", "path");
	denied("/admin?/v1/", "path");
	denied("*", "ambiguous");
	denied("", "ambiguous");
	is_str(judged("DELETE", "/v1/x", NULL), "method", "another method");
	is_str(judged("get", "/v1/x", NULL), "method", "methods have a case");
	is_str(judged("DELETE", "/health", NULL), NULL, "each method");
	is_str(judged("POST", "/v1/x", "x-http-method-override"), "method",
	       "a method behind the method");
	is_str(judged("POST", "/v1/x", "x-original-url"), "path", "a path behind the path");
}

static void traversals(void)
{
	static const char *const odd[] = {
		"/v1/../admin",
		"/v1/..",
		"/v1/./x",
		"/v1/%2e%2e/admin",
		"/v1/%2E%2e/admin",
		"/v1/.%2e/admin",
		"/v1/..%2fadmin",
		"/v1/%2e%2e%2fadmin",
		"/v1/..%5cadmin",
		"/v1/..\\admin",
		"/v1/%252e%252e/x",
		"/v1/..%252fadmin",
		"/v1//admin",
		"//v1/x",
		"/v1/..;/admin",
		"/v1/..;x=y/admin",
		"/v1/;/x",
		"/v1/%2e%2e;/x",
		"/v1/%00",
		"/v1/a%0d%0ab",
		"/v1/%7f",
		"/v1/%c0%ae%c0%ae/x",
		"/v1/%e0%80%ae./x",
		"/v1/%",
		"/v1/%2",
		"/v1/%zz",
		"/v1/x#/../admin",
		"/v1/a b",
		"/v1/%ff",
		"/v1/%u002e%u002e/x",
		"/a/%2fx/b",
		"http://api.example/",
		"v1/x",
	};

	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++)
		denied(odd[i], "ambiguous");
	site("allow 0 GET *\n");
	allowed("/v1/..%2fadmin");
	is_str(judged("PUT", "/x", NULL), "method", "methods alone");
	site("");
	allowed("/v1/../admin");
}

/* --- what is sent --- */

static struct secrets *secrets_of(const char *feed)
{
	static struct secrets s;

	secrets_finish(&s);
	if (secrets_open(&s) < 0)
		return NULL;
	s.len = strlen(feed);
	memcpy(s.text, feed, s.len + 1);
	secrets_parse(&s);
	return &s;
}

static const char feed[] = "secret TOKEN 13\nreal-token-12\nsecret WORD 12\na b&c=d/e+f%\n"
			   "secret LINE 10\nabcd\nefghi\nsecret SHORT 4\nabcd\nend\n";
static const char *fed = feed;

/* Inject into a request with these fields ("name: value\n…"): "target|name: value|…", or its error.
 */
static const char *injected(const char *target, const char *fields)
{
	static char out[4096];
	OWN_FREE char *copy = xstrdup(fields);
	struct message m = {0};
	const char *key = NULL;
	char *rest = copy, *line;
	int r;

	m.method = message_store(&m, "GET", 3);
	m.target = message_store(&m, target, strlen(target));
	while ((line = strsep(&rest, "\n")) && *line) {
		char *value = strstr(line, ": ");

		*value = '\0';
		message_add(&m, line, value + 2);
	}
	r = site_inject(&sites.v[0], secrets_of(fed), &m, &key);
	snprintf(out, sizeof(out), "%s", message_text(&m, m.target));
	for (size_t i = 0; i < m.n; i++)
		snprintf(out + strlen(out), sizeof(out) - strlen(out), "|%s: %s",
			 message_text(&m, m.fields[i].name), message_text(&m, m.fields[i].value));
	if (r < 0)
		snprintf(out, sizeof(out), "%s %s", strerrorname_np(-r), key);
	message_finish(&m);
	return out;
}

static void injecting(void)
{
	site("bind 0 TOKEN header Authorization Bearer\\\\040{value}\n"
	     "strip 0 cookie session\nstrip 0 header X-Own\nstrip 0 query sig\n");
	is_str(injected("/x?a=1&sig=2&%73ig=3;b=4",
			"authorization: Bearer mine\nauthorization: Basic mine\nx-api-key: mine\n"
			"proxy-authorization: x\napi-key: x\nx-goog-api-key: x\nx-own: x\n"
			"accept: */*\nrange: bytes=0-1\nif-range: x\naccept-encoding: gzip\n"
			"sec-websocket-extensions: permessage-deflate\n"
			"cookie: a=1; session=2;b=3\ncookie: session=4\n"),
	       "/x?a=1&b=4|accept: */*|cookie: a=1; b=3|accept-encoding: identity"
	       "|authorization: Bearer real-token-12",
	       "a header: what is the agent's own goes");
	is_str(injected("/?sig=1", "cookie: session=4\n"),
	       "/|accept-encoding: identity|authorization: Bearer real-token-12",
	       "nothing is left of a query, or of a cookie");
	site("bind 0 TOKEN header X-Two {value}.{value}\n");
	is_str(injected("/", "x-two: mine\n"),
	       "/|accept-encoding: identity|x-two: real-token-12.real-token-12", "a template");
	site("bind 0 TOKEN basic me\n");
	is_str(injected("/", "authorization: mine\n"),
	       "/|accept-encoding: identity|authorization: Basic bWU6cmVhbC10b2tlbi0xMg==",
	       "basic");
	site("bind 0 WORD query k\\\\040y\n");
	is_str(injected("/x?k+y=mine&k%20y&z", ""),
	       "/x?z&k%20y=a%20b%26c%3Dd%2Fe%2Bf%25|accept-encoding: identity", "a query word");
	is_str(injected("/x", ""), "/x?k%20y=a%20b%26c%3Dd%2Fe%2Bf%25|accept-encoding: identity",
	       "the first query word");
	is_str(injected("*", ""), "EINVAL WORD", "no query behind *");
	is_str(injected("/x#y", ""), "EINVAL WORD", "nor behind a fragment");
}

static void not_injecting(void)
{
	site("");
	is_str(injected("/", "authorization: mine\nrange: x\naccept-encoding: br\n"),
	       "/|authorization: mine|accept-encoding: identity",
	       "a host that has rules alone: its answer is looked through for what others get");
	fed = "end\n";
	is_str(injected("/", "authorization: mine\nrange: x\n"), "/|authorization: mine|range: x",
	       "a host that has rules alone: nothing is touched where the pod has no secrets");
	fed = feed;
	site("bind 0 OTHER header X {value}\n");
	is_str(injected("/", ""), "ENOKEY OTHER", "a key without a value");
	site("bind 0 LINE header X {value}\n");
	is_str(injected("/", ""), "EINVAL LINE", "a value that would be two fields");
	site("bind 0 SHORT header X {value}\n");
	is_str(injected("/", ""), "EINVAL SHORT", "a value too short to be found again");
}

int main(void)
{
	if (sodium_init() < 0)
		return 1;
	reading();
	refusing();
	finding();
	judging();
	traversals();
	injecting();
	not_injecting();
	sites_finish(&sites);
	return done_testing();
}
