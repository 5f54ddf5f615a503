/* SPDX-License-Identifier: Apache-2.0 */
/* The name in a pod.json is found where pod-config writes it, and nowhere else. */
#include <errno.h>
#include <string.h>

#include "libcommon/buf.h"
#include "tests/lib/tap.h"
#include "tools/pod-mount/outfit.h"

static bool becomes(const char *json, const char *name, const char *want)
{
	OWN_BUF struct buf b = BUF_INIT;

	return outfit_rename(&b, json, name) == 0 && strcmp(b.data, want) == 0;
}

static bool refused(const char *json)
{
	OWN_BUF struct buf b = BUF_INIT;

	return outfit_rename(&b, json, "new") == -EINVAL;
}

int main(void)
{
	ok(becomes("{\n  \"name\": \"web\",\n  \"v\": 1\n}\n", "new",
		   "{\n  \"name\": \"new\",\n  \"v\": 1\n}\n"),
	   "a member of the outermost object");
	ok(becomes("{\n  \"a\": 1,\n  \"name\": \"web\"\n}\n", "a-longer.one",
		   "{\n  \"a\": 1,\n  \"name\": \"a-longer.one\"\n}\n"),
	   "the last one");
	ok(becomes("{\n  \"env\": {\n    \"name\": \"x\"\n  },\n  \"name\": \"web\"\n}\n", "new",
		   "{\n  \"env\": {\n    \"name\": \"x\"\n  },\n  \"name\": \"new\"\n}\n"),
	   "not a member further in");
	ok(becomes("{\n  \"a\": \"\\n  \\\"name\\\": \\\"x\\\",\",\n  \"name\": \"web\"\n}\n",
		   "new",
		   "{\n  \"a\": \"\\n  \\\"name\\\": \\\"x\\\",\",\n  \"name\": \"new\"\n}\n"),
	   "not the text of another");
	ok(refused("{}"), "none");
	ok(refused("{\n  \"name\": \"web"), "cut off");
	ok(refused("{\n  \"name\": \"a\",\n  \"name\": \"b\"\n}\n"), "twice");
	ok(refused("{\n  \"name\": \"a\\\"b\",\n}\n"), "one that no pod can have");
	ok(refused(""), "nothing");
	return done_testing();
}
