/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "libcommon/own.h"
#include "tests/lib/tap.h"
#include "tools/pod-dash/ask.h"
#include "tools/pod-dash/body.h"

/* "A B C" of the command line that a request becomes, or why not. */
static const char *words(const char *method, const char *path, const char *query, const char *body)
{
	static char line[4096];
	OWN_VALUES struct values v = {0};
	OWN_STRV struct strv argv = {0};
	const struct route *r = NULL;
	struct err e = {0};
	size_t n = 0;

	switch (route_find(method, path, &r, &v)) {
	case ROUTE_NONE:
		return "none";
	case ROUTE_OTHER_METHOD:
		return "other method";
	case ROUTE_FOUND:
		break;
	}
	if ((query && values_query(&v, query, &e) < 0) ||
	    (body && values_json(&v, r, body, strlen(body), &e) < 0) ||
	    route_check(r, &v, &e) < 0) {
		snprintf(line, sizeof(line), "%s", e.msg);
		return line;
	}
	route_words(r, &v, &argv);
	line[0] = '\0';
	for (size_t i = 0; i < argv.n; i++)
		n += (size_t)snprintf(line + n, sizeof(line) - n, "%s%s", i ? " " : "", argv.v[i]);
	return line;
}

#define API "/api/v1"

static void test_words(void)
{
	is_str(words("GET", API "/pods", NULL, NULL), "envpod ls --json", "a list");
	is_str(words("GET", API "/pods/web", NULL, NULL), "envpod status --json -- web", "a pod");
	is_str(words("DELETE", API "/pods/web", NULL, "{\"force\":true}"),
	       "envpod destroy --force -- web", "a flag that is true");
	is_str(words("DELETE", API "/pods/web", NULL, "{\"force\":false}"), "envpod destroy -- web",
	       "and one that is not");
	is_str(words("GET", API "/pods/web/diff", "all=true", NULL),
	       "envpod diff --json --all -- web", "a query");
	is_str(words("POST", API "/pods/web/commit", NULL, "{\"paths\":[\"/a b\",\"/-c\"]}"),
	       "envpod commit -- web /a b /-c", "a list of paths, each a word");
	is_str(words("POST", API "/pods/web/queue/abc/approve", NULL, "{\"for\":\"1h\"}"),
	       "envpod approve --no-wait --for=1h -- web abc", "an option with its value");
	is_str(words("POST", API "/pods", NULL, "{\"name\":\"new\",\"config\":\"name: x\"}"),
	       "envpod init --config=/dev/stdin -- new", "a text goes to standard input");
	is_str(words("POST", API "/pods", NULL, "{\"name\":\"new\",\"preset\":\"devbox\"}"),
	       "envpod init --preset=devbox -- new", "and without one there is no such option");
}

static void test_refused(void)
{
	is_str(words("GET", API "/nothing", NULL, NULL), "none", "no such path");
	is_str(words("GET", API "/pods/", NULL, NULL), "none", "an empty name");
	is_str(words("GET", API "/pods/web/", NULL, NULL), "none", "a slash too many");
	is_str(words("PUT", API "/pods", NULL, NULL), "other method", "another method");
	is_str(words("GET", API "/pods/-x", NULL, NULL), "pod: '-x' is not a name",
	       "an option for a name");
	is_str(words("GET", API "/pods/..", NULL, NULL), "pod: '..' is not a name",
	       "the directory above");
	is_str(words("GET", API "/pods/a%2f..%2fb", NULL, NULL), "pod: 'a/../b' is not a name",
	       "slashes in a name");
	is_str(words("GET", API "/pods/a%00", NULL, NULL), "none", "a NUL");
	is_str(words("GET", API "/pods/web/diff", "al=true", NULL), "there is no al here",
	       "an unknown key");
	is_str(words("GET", API "/pods/web/diff", "pod=other", NULL), "pod is said twice",
	       "the pod is the path's");
	is_str(words("POST", API "/pods/web/commit", NULL, "{\"paths\":[\"a\"]}"),
	       "paths: 'a' is not an absolute path", "a relative path");
	is_str(words("POST", API "/pods/web/commit", NULL, "{\"paths\":[\"/a/../b\"]}"),
	       "paths: '/a/../b' is not an absolute path", "a path that climbs");
	is_str(words("POST", API "/pods/web/commit", NULL, "{\"paths\":[]}"), "paths is missing",
	       "no path at all is no commit of everything");
	is_str(words("POST", API "/pods/web/commit", NULL, "{}"), "paths is missing", "nor none");
	is_str(words("POST", API "/pods/web/commit", NULL, "[]"), "the body is no object of JSON",
	       "no object");
	is_str(words("POST", API "/pods/web/commit", NULL, "{\"paths\":[\"/a\"]} x"),
	       "the body: something stands behind the end", "more follows");
	is_str(words("POST", API "/pods/web/dns/allow", NULL, "{\"name\":\"--reload\"}"),
	       "name: '--reload' is not a word", "an option for a word");
}

static void test_ask(void)
{
	OWN_BUF struct buf b = BUF_INIT;
	struct ask a = {.id = 7, .session = 3, .route = 1, .role = ROLE_OPERATE}, got;

	values_add(&a.values, "name", "new");
	buf_str(&a.values.input, "name: x\n");
	ask_pack(&a, &b);
	ok(ask_unpack(&got, b.data, b.len) == 0, "a packet is read");
	is_str(values_get(&got.values, "name"), "new", "with its values");
	ok((long long)got.values.input.len == 8, "and its input");
	values_finish(&got.values);
	for (size_t n = 0; n < b.len; n++) {
		int r = ask_unpack(&got, b.data, n);

		values_finish(&got.values);
		if (r == 0)
			ok(false, "cut at %zu", n);
	}
	ok(true, "cut anywhere it is none");
	values_finish(&a.values);
}

static unsigned http(int status, const char *output, const char *error, const char **body)
{
	static struct buf b;
	OWN_BUF struct buf out = BUF_INIT, err = BUF_INIT;
	struct ask a = {0};
	unsigned r;

	buf_finish(&b);
	b = (struct buf)BUF_INIT;
	buf_str(&out, output);
	buf_str(&err, error);
	r = body_make(&b, &routes[0], &a, status, &out, &err);
	*body = b.data;
	return r;
}

static void test_body(void)
{
	const char *body;

	ok(http(0, "{\"a\":1}\n{\"b\":2}\n", "", &body) == 200, "done");
	is_str(body, "[{\"a\":1},\n{\"b\":2}]\n", "lines become an array");
	ok(http(0, "", "", &body) == 200, "nothing");
	is_str(body, "[]\n", "is an empty one");
	ok(http(3, "", "pod-mount: conflict: /a\n", &body) == 409, "refused");
	is_str(body, "{\"error\":\"conflict: /a\",\"code\":3}\n",
	       "says why, without the program's name");
	ok(http(75, "", "x", &body) == 423, "busy");
	ok(http(139, "", "", &body) == 500, "a crash");
}

int main(void)
{
	test_words();
	test_refused();
	test_ask();
	test_body();
	return done_testing();
}
