/* SPDX-License-Identifier: Apache-2.0 */
/* Needs as lines, their ceilings, and the file of those that were judged. */
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcommon/cgroup_device.h"
#include "libcommon/io.h"
#include "libcommon/need.h"
#include "libcommon/own.h"
#include "tests/lib/tap.h"

static const char *const good[] = {
	"{\"need\":\"device\",\"path\":\"/dev/dri/renderD128\"}",
	"{\"need\":\"env\",\"name\":\"POD_NULL\",\"value\":\"\"}",
	"{\"need\":\"env\",\"name\":\"_A1\",\"value\":\"a \\\"b\\\"\"}",
	"{\"need\":\"package\",\"name\":\"libstdc++6\",\"file\":\"/usr/bin/Xvfb\"}",
	"{\"need\":\"service\",\"name\":\"bus\",\"command\":\"dbus-daemon\",\"group\":\"app\"}",
	("{\"need\":\"service\",\"name\":\"x11\",\"command\":\"/usr/bin/Xvfb :99 a\\\\040b\",\"group\":"
	 "\"guardian\",\"ready\":\"/tmp/x\",\"after\":\"bus y-2\",\"with\":\"trio\",\"listen\":\"audio\"}"),
	"{\"need\":\"socket\",\"path\":\"/run/user/1/wayland-0\",\"as\":\"/run/envpod/host/wayland-0\"}",
};

#define SERVICE(name, command, group, more)                                  \
	"{\"need\":\"service\",\"name\":\"" name "\",\"command\":\"" command \
	"\",\"group\":\"" group "\"" more "}"

static const char *const bad[] = {
	"",
	"{}",
	"[]",
	"{\"need\":\"device\"}",
	"{\"need\":\"\"}",
	"{\"need\":\"mount\",\"source\":\"/\"}",
	"{\"path\":\"/dev/kfd\",\"need\":\"device\"}",
	"{\"need\":\"device\",\"path\":\"dev/kfd\"}",
	"{\"need\":\"device\",\"path\":\"/\"}",
	"{\"need\":\"device\",\"path\":\"/dev//kfd\"}",
	"{\"need\":\"device\",\"path\":\"/dev/./kfd\"}",
	"{\"need\":\"device\",\"path\":\"/dev/kfd/\"}",
	"{\"need\":\"device\",\"path\":\"/dev/a\\nb\"}",
	"{\"need\":\"device\",\"path\":1}",
	"{\"need\":\"device\",\"path\":\"/dev/\xff\"}",
	"{\"need\":\"device\",\"path\":\"/dev/kfd\",\"path\":\"/dev/kfd\"}",
	"{\"need\":\"env\",\"name\":\"1A\",\"value\":\"\"}",
	"{\"need\":\"env\",\"name\":\"A=B\",\"value\":\"\"}",
	"{\"need\":\"env\",\"name\":\"A\",\"value\":\"a\\u0001\"}",
	"{\"need\":\"env\",\"name\":\"A\",\"value\":\"a\"} x",
	"{\"need\":\"env\",\"name\":\"A\"}",
	"{\"need\":\"package\",\"name\":\"xvfb\"}",
	"{\"need\":\"package\",\"name\":\"-xvfb\",\"file\":\"/x\"}",
	"{\"need\":\"package\",\"name\":\"x=1\",\"file\":\"/x\"}",
	"{\"need\":\"package\",\"name\":\"a b\",\"file\":\"/x\"}",
	"{\"need\":\"package\",\"name\":\"xvfb\",\"file\":\"x\"}",
	SERVICE("x", "", "app", ""),
	SERVICE("x", "a  b", "app", ""),
	SERVICE("x", "../a", "app", ""),
	SERVICE("x", "a/b", "app", ""),
	SERVICE("x", "a", "root", ""),
	SERVICE("x", "a", "", ""),
	SERVICE("X", "a", "app", ""),
	SERVICE("1", "a", "app", ""),
	SERVICE("a.b", "a", "app", ""),
	SERVICE("", "a", "app", ""),
	SERVICE("an-unbelievably-long-name-of-a-service", "a", "app", ""),
	SERVICE("x", "a", "app", ",\"ready\":\"x\""),
	SERVICE("x", "a", "app", ",\"ready\":\"/x/../y\""),
	SERVICE("x", "a", "app", ",\"after\":\"/x\""),
	SERVICE("x", "a", "app", ",\"after\":\" b\""),
	SERVICE("x", "a", "app", ",\"with\":\"a b\""),
	SERVICE("x", "a", "app", ",\"listen\":\"/tmp/x\""),
	SERVICE("x", "a", "app", ",\"user\":\"root\""),
	"{\"need\":\"socket\",\"path\":\"/run/user/1/wayland-0\"}",
	"{\"need\":\"socket\",\"path\":\"wayland-0\",\"as\":\"/x\"}",
};

static void test_lines(void)
{
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		OWN_NEED struct need n = {0};
		OWN_BUF struct buf b = BUF_INIT;
		OWN_FREE char *line = xfmt("%s\n", good[i]);
		struct err e = {0};

		ok(need_parse(&n, good[i], strlen(good[i]), &e) == 0, "%s is a need", good[i]);
		need_format(&n, &b);
		is_str(b.data, line, "and is written as it was");
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		OWN_NEED struct need n = {0};
		struct err e = {0};

		ok(need_parse(&n, bad[i], strlen(bad[i]), &e) < 0 && e.msg[0], "'%s' is none",
		   bad[i]);
	}
}

/* What is written is a line that is read, however much of it must be escaped. */
static void test_length(void)
{
	OWN_FREE char *value = xcalloc(1, NEED_LINE_MAX);
	const char *const kv[] = {"name", "A", "value", value, NULL};
	size_t len = 0;

	for (;; value[len++] = '"') {
		OWN_NEED struct need n = {0}, again = {0};
		OWN_BUF struct buf b = BUF_INIT;
		struct err e = {0};

		if (need_make(&n, "env", kv, &e) < 0)
			break;
		need_format(&n, &b);
		if (b.len >= NEED_LINE_MAX || need_parse(&again, b.data, b.len - 1, &e) < 0)
			break;
	}
	is_int((intmax_t)len, NEED_LINE_MAX / 2 - 512,
	       "the longest need is a line, and read again");
}

static void test_absent(void)
{
	static const char empty[] = SERVICE(
		"x", "a", "app", ",\"ready\":\"\",\"after\":\"\",\"with\":\"\",\"listen\":\"\"");
	OWN_NEED struct need n = {0};
	OWN_BUF struct buf b = BUF_INIT;

	ok(need_parse(&n, empty, strlen(empty), &(struct err){0}) == 0, "keys may be empty");
	need_format(&n, &b);
	is_str(b.data, SERVICE("x", "a", "app", "") "\n", "which is as if they were absent");
}

static int judge(const char *plugin, const char *line, char *opt)
{
	OWN_NEED struct need n = {0};
	struct err e = {0};
	char *opts[] = {opt, NULL};

	return need_parse(&n, line, strlen(line), &e) == 0 ? need_judge(&n, plugin, opts, &e) : 1;
}

static void test_ceilings(void)
{
	static const char card[] = "{\"need\":\"device\",\"path\":\"/dev/dri/card0\"}";

	ok(judge("gpu-dri", good[0], NULL) == 0, "a render node is a GPU's");
	ok(judge("null", good[0], NULL) < 0, "and nobody else's");
	ok(judge("gpu-dri", good[1], NULL) < 0, "POD_NULL is not");
	ok(judge("null", good[1], NULL) == 0, "but null's");
	ok(judge("gpu-dri", card, NULL) < 0, "a primary node only where it was asked for");
	ok(judge("gpu-dri", card, "primary=yes") == 0, "and it was");
	ok(judge("gpu-dri", card, "primary=yes2") < 0, "in these very words");
	ok(judge("gpux-dri", good[0], NULL) < 0, "a kind is a whole word");
	ok(judge("gpu-x", "{\"need\":\"device\",\"path\":\"/dev/nvidia0/x\"}", NULL) < 0,
	   "a '*' does not match '/'");
}

static int judge_socket(const char *plugin, const char *path, const char *as)
{
	OWN_FREE char *line = xfmt("{\"need\":\"socket\",\"path\":\"%s\",\"as\":\"%s\"}", path, as);

	return judge(plugin, line, NULL);
}

static void test_seen(void)
{
	static const char *const kinds[] = {"desktop-x", "display-x", "audio-x", "web-x"};
	static const char listens[] = SERVICE("s", "a", "app", ",\"listen\":\"display\"");
	static const char odd[] = SERVICE("s", "a", "app", ",\"listen\":\"docker\"");
	static const char host[] = "/run/envpod/host/wayland-0";

	for (size_t i = 0; i < 4; i++) {
		ok(judge(kinds[i], good[3], NULL) == 0, "%s may want packages", kinds[i]);
		ok(judge(kinds[i], good[4], NULL) == 0, "and services");
		ok(judge(kinds[i], good[0], NULL) < 0, "but no device");
		ok(judge(kinds[i], "{\"need\":\"env\",\"name\":\"DISPLAY\",\"value\":\":1\"}",
			 NULL) == 0,
		   "and say where a display is");
		ok(judge(kinds[i], "{\"need\":\"env\",\"name\":\"LD_PRELOAD\",\"value\":\"/x\"}",
			 NULL) < 0,
		   "but not what is loaded");
		is_int(judge(kinds[i], listens, NULL) == 0, strcmp(kinds[i], "web-x") == 0,
		       "what listens is a web's");
		ok(judge(kinds[i], odd, NULL) < 0, "by the three names that there are");
	}
	ok(judge("gpu-x", good[3], NULL) < 0, "a GPU's plugin wants no package");
	ok(judge("null", good[4], NULL) < 0, "null no service");
	ok(judge_socket("display-x", "/run/user/1000/wayland-0", host) == 0,
	   "a compositor's socket");
	ok(judge_socket("display-x", "/tmp/.X11-unix/X0", "/tmp/.X11-unix/X0") == 0, "a server's");
	ok(judge_socket("audio-x", "/run/user/1000/wayland-0", host) < 0, "are a display's alone");
	ok(judge_socket("display-x", "/run/user/1000/bus", host) < 0, "not the bus");
	ok(judge_socket("display-x", "/run/user/1000/pulse/native", host) < 0, "nor the sound");
	ok(judge_socket("display-x", "/run/user/1/x/wayland-0", host) < 0, "nor what lies deeper");
	ok(judge_socket("display-x", "/run/docker.sock", host) < 0, "nor what commands the host");
	ok(judge_socket("display-x", "/run/user/1/wayland-0", "/run/envpod/bin/sh") < 0,
	   "and it is shown where such sockets are");
}

static void test_names(void)
{
	static const char *const names[] = {"null",       "gpu-dri",         "gpu-a-1",
					    "web-novnc",  "desktop-openbox", "audio-x",
					    "display-x11"};
	static const char *const none[] = {"",     "gpu/x", "GPU-x", "x",      "toy-x",
					   "gpu-", "-gpu",  "gpu_x", "seen-x", "gpu|web-x"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		ok(need_check_plugin(names[i], &(struct err){0}) == 0, "%s is a name", names[i]);
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		ok(need_check_plugin(none[i], &(struct err){0}) < 0, "'%s' is none", none[i]);
}

static void test_file(void)
{
	static const char text[] = "device /dev/a\\040b c 226 128\ndevice /dev/kfd c 10 1\n"
				   "env A b\\040c\nenv B\n"
				   "package xvfb /usr/bin/Xvfb\nsocket /run/a /run/b\n";
	static const char *const wrong[] = {
		"device /dev/x c 1\n",
		"device /etc c 1 1\n",
		"device /dev/x z 1 1\n",
		"device /dev/x c 1 1",
		"device /dev/x c 5000 1\n",
		"env\n",
		"package xvfb\n",
		"package xvfb usr/bin\n",
		"socket /a\n",
		"socket /a ../b\n",
		"socket /a/../b /c\n",
		"service a app - - - -\n",
		"service a all - - - - x\n",
		"service A app - - - - x\n",
		"service -a app - - - - x\n",
		"service a/b app - - - - x\n",
		"service a app tmp - - - x\n",
		"service a app /../tmp - - - x\n",
		"service a app - ../b - - x\n",
		"service a app - - a/b - x\n",
		"service a app - - - ../x x\n",
		"service a app - - - - x\nservice a app - - - - y\n",
		"service a app - - - s x\nservice b app - - - s y\n",
		"service abcdefghijklmnopqrstuvwxyz0123456789 app - - - - x\n",
		"what x\n"};
	OWN_NEEDS struct needs n = {0};

	ok(needs_parse(&n, text, strlen(text)) == 0, "the file is read");
	is_int((intmax_t)n.n_devices, 2, "two devices");
	is_str(n.devices[0].path, "/dev/a b", "a path with a blank");
	is_int(n.devices[0].minor, 128, "its number");
	is_str(n.env.v[0], "A=b c", "a variable");
	is_str(n.env.v[1], "B=", "an empty one");
	is_str(n.packages[0].file, "/usr/bin/Xvfb", "a package's file");
	is_str(n.sockets[0].as, "/run/b", "where a socket is seen");
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		OWN_NEEDS struct needs w = {0};

		ok(needs_parse(&w, wrong[i], strlen(wrong[i])) < 0, "wrong line %zu is refused", i);
	}
}

static void test_services(void)
{
	static const char text[] = "service bus guardian /run/bus - - - dbus-daemon\n"
				   "service x11 guardian - bus - screen Xvfb :99 a\\040b\n"
				   "service wm app - x11\\040bus set - wm\n";
	static const char *const wrong[] = {
		"service a app - b - - x\n",
		"service a app - a - - x\n",
		"service a app - b - - x\nservice b app - a - - x\nservice c app - - - - x\n",
	};
	OWN_NEEDS struct needs n = {0};
	struct err e = {0};

	ok(needs_parse(&n, text, strlen(text)) == 0, "services are read");
	is_int((intmax_t)n.n_services, 3, "three of them");
	is_str(n.services[0].ready, "/run/bus", "when it is ready");
	is_str(n.services[0].with, "", "no set");
	is_str(n.services[1].listen, "screen", "what it listens on");
	is_str(n.services[1].argv.v[2], "a b", "a word with a blank");
	is_int((intmax_t)n.services[2].after.n, 2, "it waits for two");
	is_str(n.services[2].after.v[1], "bus", "of which this is one");
	ok(needs_check_services(&n, &e) == 0, "they can begin");
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		OWN_NEEDS struct needs w = {0};

		ok(needs_parse(&w, wrong[i], strlen(wrong[i])) == 0, "set %zu is read", i);
		ok(needs_check_services(&w, &e) < 0 && e.msg[0], "and cannot begin");
	}
}

static void test_many_services(void)
{
	OWN_NEEDS struct needs n = {0};
	struct need_service s = {.group = (char *)"app",
				 .ready = (char *)"",
				 .with = (char *)"",
				 .listen = (char *)""};
	struct err e = {0};
	int r = 0;

	strv_add(&s.argv, "x");
	for (int i = 0; i < NEED_SERVICES_MAX; i++) {
		OWN_FREE char *name = xfmt("s%d", i);

		s.name = name;
		r |= needs_add_service(&n, &s, &e);
	}
	ok(r == 0, "%d services are taken", NEED_SERVICES_MAX);
	s.name = (char *)"more";
	ok(needs_add_service(&n, &s, &e) < 0, "and no more");
	strv_finish(&s.argv);
}

/* What is saved is read as it was. */
static void test_saved(void)
{
	static const char text[] = "device /dev/a\\040b c 226 128\nenv A b\\040c\nenv B\n"
				   "package xvfb /usr/bin/Xvfb\nsocket /run/a /run/b\n"
				   "service bus guardian /run/bus - - - dbus-daemon\n"
				   "service wm app - bus set screen wm a\\040b\n";
	char dir[] = "/tmp/envpod-need.XXXXXX";
	OWN_NEEDS struct needs n = {0}, none = {0};
	OWN_BUF struct buf b = BUF_INIT;
	struct pod p = POD_INIT;
	struct err e = {0};

	ok(mkdtemp(dir) != NULL, "a directory");
	p.runpath = dir;
	p.run = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ok(needs_parse(&n, text, strlen(text)) == 0 && needs_save(&n, &p, &e) == 0, "saved");
	ok(read_file_at(p.run, "needs", &b, 8192) >= 0, "it is there");
	is_str(b.data, text, "as it was");
	ok(needs_save(&none, &p, &e) == 0 && faccessat(p.run, "needs", F_OK, 0) < 0,
	   "none is no file");
	close(p.run);
	rmdir(dir);
}

/* What the program says, by the few instructions that it is made of. */
static long run(const struct bpf_insn *v, unsigned type, unsigned access, unsigned major,
		unsigned minor)
{
	const uint32_t ctx[] = {access << 16 | type, major, minor};
	uint64_t r[11] = {0};

	for (size_t at = 0;; at++) {
		const struct bpf_insn *i = &v[at];

		switch (i->code) {
		case BPF_LDX | BPF_MEM | BPF_W:
			r[i->dst_reg] = ctx[i->off / 4];
			break;
		case BPF_ALU64 | BPF_MOV | BPF_X:
			r[i->dst_reg] = r[i->src_reg];
			break;
		case BPF_ALU64 | BPF_MOV | BPF_K:
			r[i->dst_reg] = (uint64_t)i->imm;
			break;
		case BPF_ALU64 | BPF_AND | BPF_K:
			r[i->dst_reg] &= (uint64_t)i->imm;
			break;
		case BPF_ALU64 | BPF_RSH | BPF_K:
			r[i->dst_reg] >>= i->imm;
			break;
		case BPF_JMP | BPF_JNE | BPF_K:
			at += r[i->dst_reg] != (uint64_t)i->imm ? (size_t)i->off : 0;
			break;
		case BPF_JMP | BPF_EXIT:
			return (long)r[0];
		default:
			return -1;
		}
	}
}

static void test_program(void)
{
	OWN_NEEDS struct needs n = {0};
	OWN_FREE struct bpf_insn *v = NULL;
	const unsigned c = BPF_DEVCG_DEV_CHAR, b = BPF_DEVCG_DEV_BLOCK;
	const unsigned rw = BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE;
	size_t count;

	needs_add_device(&n, "/dev/dri/renderD128", 'c', 226, 128);
	needs_add_device(&n, "/dev/loop0", 'b', 7, 0);
	v = cgroup_devices_program(&n, &count);
	is_int(run(v, c, rw, 1, 3), 1, "null opens");
	is_int(run(v, c, rw, 136, 77), 1, "any terminal");
	is_int(run(v, c, BPF_DEVCG_ACC_READ, 226, 128), 1, "what was given");
	is_int(run(v, c, rw, 226, 0), 0, "not its neighbour");
	is_int(run(v, b, rw, 226, 128), 0, "nor a disk of that number");
	is_int(run(v, b, rw, 7, 0), 1, "a disk that was given");
	is_int(run(v, c, rw, 7, 0), 0, "is no screen");
	is_int(run(v, c, rw, 1, 1), 0, "memory does not open");
	is_int(run(v, b, rw, 8, 0), 0, "nor a disk");
	is_int(run(v, b, BPF_DEVCG_ACC_MKNOD, 8, 0), 1, "making is not opening");
}

int main(void)
{
	test_lines();
	test_length();
	test_absent();
	test_ceilings();
	test_seen();
	test_names();
	test_file();
	test_services();
	test_many_services();
	test_saved();
	test_program();
	return done_testing();
}
