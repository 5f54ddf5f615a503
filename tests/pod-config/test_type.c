/* SPDX-License-Identifier: Apache-2.0 */
/* Each type: what it takes, in which form, and that this form is its own. */
#include <string.h>

#include "libcommon/path.h"
#include "tests/lib/tap.h"
#include "tools/pod-config/tree.h"
#include "tools/pod-config/type.h"

/* NULL: refused. */
struct sample {
	enum type type;
	const char *range, *text, *want;
};

static const struct sample samples[] = {
	{T_BOOL, NULL, "yes", "true"},
	{T_BOOL, NULL, "OFF", "false"},
	{T_BOOL, NULL, "1", NULL},
	{T_BOOL, NULL, "", NULL},
	{T_INT, "1..10", "10", "10"},
	{T_INT, "1..10", "010", "10"},
	{T_INT, "1..10", "11", NULL},
	{T_INT, "1..10", "0", NULL},
	{T_INT, "1..10", "-1", NULL},
	{T_INT, "1..10", "+1", NULL},
	{T_INT, "1..10", "1.0", NULL},
	{T_INT, "1..10", " 1", NULL},
	{T_INT, "1..", "99999999999999999999", NULL},
	{T_CORES, "0.01..4096", "2", "2"},
	{T_CORES, "0.01..4096", "0.333", "0.333"},
	{T_CORES, "0.01..4096", "2.", "2"},
	{T_CORES, "0.01..4096", ".5", NULL},
	{T_CORES, "0.01..4096", "1..2", NULL},
	{T_CORES, "0.01..4096", "1e1", NULL},
	{T_CORES, "0.01..4096", "inf", NULL},
	{T_CORES, "0.01..4096", "0.001", NULL},
	{T_CORES, "0.01..4096", "4097", NULL},
	{T_SIZE, "4MB..", "4MB", "4194304"},
	{T_SIZE, "4MB..", "1.5g", "1610612736"},
	{T_SIZE, "4MB..", "4096KiB", "4194304"},
	{T_SIZE, "4MB..", "4095KB", NULL},
	{T_SIZE, NULL, "0", "0"},
	{T_SIZE, NULL, "9007199254740992", "9007199254740992"},
	{T_SIZE, NULL, "9007199254740993B", "9007199254740992"},
	{T_SIZE, NULL, "16PB", NULL},
	{T_SIZE, NULL, "9000TB", NULL},
	{T_SECONDS, "1..7d", "1d", "86400"},
	{T_SECONDS, "1..7d", "7d1s", NULL},
	{T_SECONDS, "1..7d", "1m1h", NULL},
	{T_ENUM, "None|Isolated=Filtered", "none", "None"},
	{T_ENUM, "None|Isolated=Filtered", "FILTERED", "Isolated"},
	{T_ENUM, "None|Isolated=Filtered", "Isolated=Filtered", NULL},
	{T_ENUM, "None|Isolated=Filtered", "None|Isolated", NULL},
	{T_ENUM, "None|Isolated=Filtered", "", NULL},
	{T_TEXT, NULL, "", ""},
	{T_STRING, NULL, " \n", NULL},
	{T_POD, NULL, "web-1.x", "web-1.x"},
	{T_POD, NULL, "*", NULL},
	{T_POD, "*", "*", "*"},
	{T_USER, NULL, "alice", "alice"},
	{T_USER, NULL, "Svc.x_1-2", "Svc.x_1-2"},
	{T_USER, NULL, "60000", "60000"},
	{T_USER, NULL, "4294967295", NULL},
	{T_USER, NULL, "DOM\\bob", "DOM\\bob"},
	{T_USER, NULL, "-x", NULL},
	{T_USER, NULL, "a:b", NULL},
	{T_USER, NULL, "", NULL},
	{T_USER, NULL, "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijkl", NULL},
	{T_PATH, NULL, "a/../b", "/src/b"},
	{T_PATH, NULL, "/../../x//y/", "/x/y"},
	{T_PATH, NULL, "~", "/home/alice"},
	{T_PATH, NULL, "~/x", "/home/alice/x"},
	{T_PATH, NULL, "~/../../x", "/x"},
	{T_PATH, NULL, "~x", NULL},
	{T_PATH, NULL, "", NULL},
	{T_PATH, "/dev", "snd/seq", "/dev/snd/seq"},
	{T_HOMEPATH, NULL, ".ssh", "/home/alice/.ssh"},
	{T_PODPATH, NULL, "x", NULL},
	{T_PODPATH, NULL, "/x y", "/x y"},
	{T_PROFILE, "default", "STRICT", "strict"},
	{T_PROFILE, "default", "p.JSON", "/src/p.JSON"},
	{T_PROFILE, "default", "./p", "/src/p"},
	{T_PROFILE, "default", "unconfined", NULL},
	{T_APP, NULL, "g++", "g++"},
	{T_APP, NULL, "/usr/bin/node", "/usr/bin/node"},
	{T_APP, NULL, "../x", NULL},
	{T_VARIABLE, NULL, "_a9", "_a9"},
	{T_VARIABLE, NULL, "9a", NULL},
	{T_VARIABLE, NULL, "a=b", NULL},
	{T_CPUS, NULL, "0-3,7", "0-3,7"},
	{T_CPUS, NULL, "3-0", NULL},
	{T_CPUS, NULL, "1,", NULL},
	{T_CPUS, NULL, "1-", NULL},
	{T_CPUS, NULL, "8192", NULL},
	{T_CPUS, NULL, "99999999999999999999", NULL},
	{T_NAME, NULL, "A.Example.", "a.example"},
	{T_NAME, NULL, "**.a", "**.a"},
	{T_NAME, NULL, "***.a", NULL},
	{T_NAME, NULL, "*.", NULL},
	{T_NAME, NULL, ".", NULL},
	{T_ALLOW, NULL, "a:1,65535", "a:1,65535"},
	{T_ALLOW, NULL, "a:65536", NULL},
	{T_ALLOW, NULL, "a:", NULL},
	{T_ALLOW, NULL, ":80", NULL},
	{T_TARGET, NULL, "::FFFF:1.2.3.4", "::ffff:1.2.3.4"},
	{T_TARGET, NULL, "1.2.3", NULL},
	{T_TARGET, NULL, "x.1", NULL},
	{T_UPSTREAM, NULL, "TLS://Dns.X@1.1.1.1#853", "tls://dns.x@1.1.1.1#853"},
	{T_UPSTREAM, NULL, "1.1.1.1#853x", NULL},
	{T_UPSTREAM, NULL, "tls://@1.1.1.1", NULL},
	{T_CIDR, NULL, "0.0.0.0/0", "0.0.0.0/0"},
	{T_CIDR, NULL, "10.0.0.128/25", "10.0.0.128/25"},
	{T_CIDR, NULL, "10.0.0.128/24", NULL},
	{T_CIDR, NULL, "::/0", "::/0"},
	{T_CIDR, NULL, "10.0.0.0/", NULL},
	{T_CIDR, NULL, "10.0.0.0/+8", NULL},
	{T_SUBNET, NULL, "10.200", "10.200.0.0/16"},
	{T_SUBNET, NULL, "10.200.1", "10.200.1.0/24"},
	{T_SUBNET, NULL, "fd00::/48", "fd00::/48"},
	{T_SUBNET, NULL, "10", NULL},
	{T_FORWARD, NULL, "1:65535/UDP", "1:65535/udp"},
	{T_FORWARD, NULL, "80/tcp", "80:80/tcp"},
	{T_FORWARD, NULL, "000080:80", NULL},
	{T_FORWARD, NULL, "1:2/", NULL},
	{T_PORT, NULL, "53/udp", "53/udp"},
	{T_PORT, NULL, "1:2", NULL},
	{T_RATE, NULL, "5", "5/s"},
	{T_RATE, NULL, "5req/min", "5/m"},
	{T_RATE, NULL, "5/d", NULL},
	{T_BANDWIDTH, NULL, "8kbit", NULL},
	{T_BANDWIDTH, NULL, "80kbit", "10000"},
	{T_BANDWIDTH, NULL, "1.5Mbit/s", "187500"},
	{T_BANDWIDTH, NULL, "1MB", "1048576"},
	{T_BANDWIDTH, NULL, "/s", NULL},
	{T_PIXELS, NULL, "1280x720", "1280x720"},
	{T_PIXELS, NULL, "1280x720x24", NULL},
	{T_HEADER, NULL, "X-Key: {value}", "X-Key: {value}"},
	{T_HEADER, NULL, "X-Key: {value}\r\nEvil: 1", NULL},
	{T_HEADER, NULL, "X Key: {value}", NULL},
	{T_METHOD, NULL, "M-SEARCH", "M-SEARCH"},
	{T_METHOD, NULL, "", NULL},
};

/* The value in its normal form, or NULL; caller frees. */
static char *read_one(const struct sample *s, const char *text, bool compiled, size_t *errors)
{
	struct origin o = {.dir = "/src", .cwd = "/src", .compiled = compiled};
	struct problems p = {.file = "test"};
	struct key k = {.path = "key", .type = s->type, .range = s->range, .help = "help"};
	struct node n = {.kind = NODE_SCALAR, .plain = true, .text = (char *)text};
	struct spot spot = {&o, &p, &k, &n, "key"};
	char *result = NULL;
	jv value;

	strncpy(o.owner.home, "/home/alice", sizeof(o.owner.home) - 1);
	value = type_read(&spot);
	if (jv_is_valid(value)) {
		value = tree_text(value);
		result = strdup(jv_string_value(value));
	}
	jv_free(value);
	*errors = p.errors;
	problems_finish(&p);
	return result;
}

static void test_sample(const struct sample *s)
{
	size_t errors;
	char *got = read_one(s, s->text, false, &errors), *again;

	is_str(got, s->want, "%s '%s'", type_name(s->type), esc(s->text));
	is_int((intmax_t)errors, s->want ? 0 : 1, "%s '%s': errors", type_name(s->type),
	       esc(s->text));
	if (got && s->want) {
		again = read_one(s, got, true, &errors);
		is_str(again, got, "%s '%s' is its own form", type_name(s->type), got);
		free(again);
	}
	free(got);
}

int main(void)
{
	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++)
		test_sample(&samples[i]);
	return done_testing();
}
