/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-trace/attach.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "envpod/exit.h"
#include "libcommon/cgroup_tree.h"
#include "libcommon/say.h"
#include "tools/pod-trace/bpf/record.h"
#include "tools/pod-trace/object.h"

/* The programs' constants and counters, in the order they are declared in. */
struct constants {
	char group[TRACE_GROUP];
	uint32_t host_pid_ns;
};

struct variables {
	uint64_t serials, lost;
};

__attribute__((format(printf, 2, 0))) static int quiet(enum libbpf_print_level level,
						       const char *fmt, va_list args)
{
	char line[512];

	if (level > LIBBPF_WARN)
		return 0;
	vsnprintf(line, sizeof(line), fmt, args);
	line[strcspn(line, "\n")] = '\0';
	say_note("%s", line);
	return 0;
}

/* Which of the object's maps holds its constants, or its variables. */
static struct bpf_map *section(const struct attach *a, const char *suffix)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, a->object)
	{
		const char *name = bpf_map__name(map), *dot = strrchr(name, '.');

		if (dot && strcmp(dot, suffix) == 0)
			return map;
	}
	return NULL;
}

static int set_constants(const struct attach *a, const char *pod, struct err *e)
{
	OWN_CGTREE struct cgtree groups = CGTREE_INIT;
	struct constants c = {0};
	const char *name;
	struct stat st;
	int r = cgtree_open(&groups, pod, e);

	if (r < 0)
		return r;
	if (groups.root2 < 0)
		return err_status(e, POD_EXIT_UNSUPPORTED, ERR_PLAIN,
				  "trace pod %s: this host has no cgroup2, by which its processes "
				  "are known",
				  pod);
	name = strrchr(groups.group, '/');
	snprintf(c.group, sizeof(c.group), "%.95s", name ? name + 1 : groups.group);
	if (stat("/proc/self/ns/pid", &st) < 0)
		return err_set(e, errno, "look at /proc/self/ns/pid");
	c.host_pid_ns = (uint32_t)st.st_ino;
	r = bpf_map__set_initial_value(section(a, ".rodata"), &c,
				       offsetof(struct constants, host_pid_ns) +
					       sizeof(c.host_pid_ns));
	return r < 0 ? err_set(e, -r, "tell the programs whose they are") : 0;
}

static int attach_all(const struct attach *a, struct err *e)
{
	struct bpf_program *program;

	bpf_object__for_each_program(program, a->object)
	{
		if (!bpf_program__attach(program))
			return err_status(e, POD_EXIT_UNSUPPORTED, errno, "attach %s",
					  bpf_program__name(program));
	}
	return 0;
}

static int load(struct attach *a, const char *pod, struct err *e)
{
	int r;

	a->object = bpf_object__open_mem(object_bytes, object_size, NULL);
	if (!a->object)
		return err_set(e, errno, "read the programs that are carried inside");
	r = set_constants(a, pod, e);
	if (r < 0)
		return r;
	r = bpf_object__load(a->object);
	if (r < 0)
		return err_status(e, POD_EXIT_UNSUPPORTED, -r,
				  "trace pod %s: load programs into the kernel", pod);
	return attach_all(a, e);
}

int attach_open(struct attach *a, const char *pod, struct err *e)
{
	const struct variables *v;
	int r;

	*a = (struct attach)ATTACH_INIT;
	libbpf_set_print(quiet);
	r = load(a, pod, e);
	if (r < 0)
		return r;
	a->ring = bpf_object__find_map_fd_by_name(a->object, "ring");
	if (a->ring < 0)
		return err_set(e, EPROTO, "find the ring of the programs");
	v = mmap(NULL, sizeof(*v), PROT_READ, MAP_SHARED, bpf_map__fd(section(a, ".bss")), 0);
	if (v == MAP_FAILED)
		return err_set(e, errno, "map the counters of the programs");
	a->lost = &v->lost;
	return 0;
}

/* Their links go with them. */
void attach_finish(struct attach *a)
{
	bpf_object__close(a->object);
	*a = (struct attach)ATTACH_INIT;
}
