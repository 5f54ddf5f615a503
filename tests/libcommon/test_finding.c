/* SPDX-License-Identifier: Apache-2.0 */
#include "libcommon/finding.h"
#include "libcommon/own.h"
#include "tests/lib/tap.h"

static char *said(void (*print)(const struct finding *, bool), const struct finding *f, bool json)
{
	FILE *before = stdout;
	char *text = NULL;
	size_t n;

	stdout = open_memstream(&text, &n);
	print(f, json);
	fclose(stdout);
	stdout = before;
	return text;
}

static void says(void (*print)(const struct finding *, bool), const struct finding *f, bool json,
		 const char *want, const char *what)
{
	OWN_FREE char *text = said(print, f, json);

	is_str(text, want, "%s", what);
}

static const struct finding good = {"ipv6", "network", "pass", "pods have it", "never said"};
static const struct finding bad = {"veth", "network", "fail", "there is \"none\"", "modprobe veth"};
static const struct finding bare = {"swap", "vault", "warn", "on", NULL};

int main(void)
{
	says(finding_line, &good, false, "pass  ipv6             pods have it\n", "a line");
	says(finding_line, &bad, false,
	     "fail  veth             there is \"none\" (modprobe veth)\n", "with its hint");
	says(finding_line, &bare, false, "warn  swap             on\n", "or none");
	says(finding_block, &good, false, "pass  ipv6                     pods have it\n",
	     "a block of what passed is one line, too");
	says(finding_block, &bad, false,
	     "fail  veth                     there is \"none\"\n"
	     "                               modprobe veth\n",
	     "else the hint is below");
	says(finding_block, &bare, false, "warn  swap                     on\n", "if there is one");
	says(finding_block, &bad, true,
	     "{\"name\":\"veth\",\"group\":\"network\",\"status\":\"fail\","
	     "\"message\":\"there is \\\"none\\\"\",\"hint\":\"modprobe veth\"}\n",
	     "an object");
	says(finding_line, &good, true,
	     "{\"name\":\"ipv6\",\"group\":\"network\",\"status\":\"pass\","
	     "\"message\":\"pods have it\",\"hint\":\"\"}\n",
	     "without a hint where nothing is to be mended");
	return done_testing();
}
