/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Thirty instructions, written out: a compiler for them would be a dependency of every run.
 *	r2 type, r3 access, r4 major, r5 minor; a rule is one comparison each, and "return 1"
 */
#include "libcommon/cgroup_device.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "libcommon/own.h"

#define ANY (~0u)

/* ptys are those of the pod's own devpts; terminals of the host are reached only where a run was
 * given one as its standard input, and programs open /dev/stdin again. */
static const struct rule {
	char type;
	unsigned major, minor;
} always[] = {
	{'c', 1, 3}, {'c', 1, 5}, {'c', 1, 7},     {'c', 1, 8},   {'c', 1, 9},
	{'c', 5, 0}, {'c', 5, 2}, {'c', 136, ANY}, {'c', 4, ANY},
};

#define ALWAYS (sizeof(always) / sizeof(always[0]))
#define HEAD   7
#define RULE   5
#define TAIL   2

struct program {
	struct bpf_insn *v;
	size_t n;
};

static void add(struct program *p, unsigned code, unsigned dst, unsigned src, int off, int imm)
{
	p->v[p->n++] = (struct bpf_insn){.code = (__u8)code,
					 .dst_reg = (__u8)(dst & 15),
					 .src_reg = (__u8)(src & 15),
					 .off = (__s16)off,
					 .imm = imm};
}

static void load(struct program *p, unsigned reg, size_t offset)
{
	add(p, BPF_LDX | BPF_MEM | BPF_W, reg, BPF_REG_1, (int)offset, 0);
}

static void add_end(struct program *p, int verdict)
{
	add(p, BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, verdict);
	add(p, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

/* Making a node is not opening it, and overlayfs makes some. */
static void add_head(struct program *p)
{
	load(p, BPF_REG_2, offsetof(struct bpf_cgroup_dev_ctx, access_type));
	add(p, BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_3, BPF_REG_2, 0, 0);
	add(p, BPF_ALU64 | BPF_AND | BPF_K, BPF_REG_2, 0, 0, 0xffff);
	add(p, BPF_ALU64 | BPF_RSH | BPF_K, BPF_REG_3, 0, 0, 16);
	load(p, BPF_REG_4, offsetof(struct bpf_cgroup_dev_ctx, major));
	load(p, BPF_REG_5, offsetof(struct bpf_cgroup_dev_ctx, minor));
	add(p, BPF_JMP | BPF_JNE | BPF_K, BPF_REG_3, 0, 2, BPF_DEVCG_ACC_MKNOD);
	add_end(p, 1);
}

static void add_rule(struct program *p, const struct rule *r)
{
	bool any = r->minor == ANY;
	int skip = any ? 3 : 4;

	add(p, BPF_JMP | BPF_JNE | BPF_K, BPF_REG_2, 0, skip,
	    r->type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR);
	add(p, BPF_JMP | BPF_JNE | BPF_K, BPF_REG_4, 0, skip - 1, (int)r->major);
	if (!any)
		add(p, BPF_JMP | BPF_JNE | BPF_K, BPF_REG_5, 0, 2, (int)r->minor);
	add_end(p, 1);
}

struct bpf_insn *cgroup_devices_program(const struct needs *n, size_t *count)
{
	struct program p = {
		xcalloc(HEAD + TAIL + (ALWAYS + n->n_devices) * RULE + TAIL, sizeof(*p.v)), 0};

	add_head(&p);
	for (size_t i = 0; i < ALWAYS; i++)
		add_rule(&p, &always[i]);
	for (size_t i = 0; i < n->n_devices; i++)
		add_rule(&p, &(struct rule){n->devices[i].type, n->devices[i].major,
					    n->devices[i].minor});
	add_end(&p, 0);
	*count = p.n;
	return p.v;
}

static int bpf(enum bpf_cmd cmd, union bpf_attr *attr)
{
	int r = (int)syscall(SYS_bpf, cmd, attr, sizeof(*attr));

	return r < 0 ? -errno : r;
}

/* A program's name is what it does, so that the one that is there need not be loaded again: that
 * takes a third of a millisecond, of a run's ten. */
static void name_program(char name[BPF_OBJ_NAME_LEN], const struct program *p)
{
	const unsigned char *at = (const unsigned char *)p->v;
	uint32_t hash = 2166136261u; /* FNV-1a */

	for (size_t i = 0; i < p->n * sizeof(*p->v); i++)
		hash = (hash ^ at[i]) * 16777619u;
	snprintf(name, BPF_OBJ_NAME_LEN, "envpod_%08x", hash);
}

/* Is the group's only program of that name? */
static bool is_attached(int group, const char *name)
{
	struct bpf_prog_info info = {0};
	OWN_FD int program = -1;
	union bpf_attr attr;
	__u32 ids[2];

	memset(&attr, 0, sizeof(attr));
	attr.query.target_fd = (__u32)group;
	attr.query.attach_type = BPF_CGROUP_DEVICE;
	attr.query.prog_ids = (__u64)(uintptr_t)ids;
	attr.query.prog_cnt = 2;
	if (bpf(BPF_PROG_QUERY, &attr) < 0 || attr.query.prog_cnt != 1)
		return false;
	memset(&attr, 0, sizeof(attr));
	attr.prog_id = ids[0];
	program = bpf(BPF_PROG_GET_FD_BY_ID, &attr);
	memset(&attr, 0, sizeof(attr));
	attr.info.bpf_fd = (__u32)program;
	attr.info.info_len = sizeof(info);
	attr.info.info = (__u64)(uintptr_t)&info;
	return program >= 0 && bpf(BPF_OBJ_GET_INFO_BY_FD, &attr) == 0 &&
	       strcmp(info.name, name) == 0;
}

int cgroup_devices_known(int dirfd)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.query.target_fd = (__u32)dirfd;
	attr.query.attach_type = BPF_CGROUP_DEVICE;
	return bpf(BPF_PROG_QUERY, &attr);
}

static int load_program(const struct program *p, const char *name)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
	attr.insns = (__u64)(uintptr_t)p->v;
	attr.insn_cnt = (__u32)p->n;
	attr.license = (__u64)(uintptr_t) "";
	snprintf(attr.prog_name, sizeof(attr.prog_name), "%s", name);
	return bpf(BPF_PROG_LOAD, &attr);
}

int cgroup_devices(int dirfd, const struct needs *n)
{
	struct program p = {0};
	OWN_FREE struct bpf_insn *owned = NULL;
	OWN_FD int group = openat(dirfd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	OWN_FD int program = -1;
	char name[BPF_OBJ_NAME_LEN];
	union bpf_attr attr;

	if (group < 0)
		return -errno;
	p.v = owned = cgroup_devices_program(n, &p.n);
	name_program(name, &p);
	if (is_attached(group, name))
		return 0;
	program = load_program(&p, name);
	if (program < 0)
		return program;
	memset(&attr, 0, sizeof(attr));
	attr.target_fd = (__u32)group;
	attr.attach_bpf_fd = (__u32)program;
	attr.attach_type = BPF_CGROUP_DEVICE;
	return bpf(BPF_PROG_ATTACH, &attr);
}
