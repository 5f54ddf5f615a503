/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * What runs in the kernel: compiled for BPF (see the Makefile), carried inside pod-trace, loaded by
 * attach.c.  It tells of one pod alone: of who is in its control group, or was forked by who is. It
 * never waits for the daemon: what finds no room in the ring is counted.
 *
 * Structures are declared with the few members that are read; where they lie is found out from the
 * running kernel's own description of itself (CO-RE), so that one build serves many kernels.
 */
#include <stdbool.h>
#include <stddef.h>

#include <linux/bpf.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "tools/pod-trace/bpf/record.h"

#define KERNEL     __attribute__((preserve_access_index))
#define NS_LEVELS  32
#define GROUP_EXIT 4 /* SIGNAL_GROUP_EXIT */
#define PROCS      (1 << 15)

/* --- the kernel's structures --- */

struct qstr {
	__u32 len;
	const unsigned char *name;
} KERNEL;

struct dentry {
	struct dentry *d_parent;
	struct qstr d_name;
} KERNEL;

struct vfsmount {
	struct dentry *mnt_root;
} KERNEL;

struct mount {
	struct mount *mnt_parent;
	struct dentry *mnt_mountpoint;
	struct vfsmount mnt;
} KERNEL;

struct path {
	struct vfsmount *mnt;
	struct dentry *dentry;
} KERNEL;

struct file {
	struct path f_path;
} KERNEL;

struct kernfs_node {
	const char *name;
} KERNEL;

struct cgroup_subsys_state {
	struct cgroup_subsys_state *parent;
} KERNEL;

struct cgroup {
	struct cgroup_subsys_state self;
	struct kernfs_node *kn;
} KERNEL;

struct css_set {
	struct cgroup *dfl_cgrp;
} KERNEL;

struct ns_common {
	unsigned int inum;
} KERNEL;

struct pid_namespace {
	struct ns_common ns;
} KERNEL;

struct upid {
	int nr;
	struct pid_namespace *ns;
} KERNEL;

struct pid {
	unsigned int level;
	struct upid numbers[1];
} KERNEL;

struct fs_struct {
	struct path pwd;
} KERNEL;

struct mm_struct {
	unsigned long arg_start, arg_end;
} KERNEL;

typedef struct {
	int counter;
} atomic_t;

struct signal_struct {
	atomic_t live;
	unsigned int flags;
	int group_exit_code;
} KERNEL;

struct task_struct {
	int pid, tgid;
	int exit_code;
	struct task_struct *real_parent, *group_leader;
	struct css_set *cgroups;
	struct pid *thread_pid;
	struct fs_struct *fs;
	struct mm_struct *mm;
	struct signal_struct *signal;
} KERNEL;

struct linux_binprm {
	struct file *file;
	int argc;
} KERNEL;

/* --- what is kept --- */

struct proc {
	__u64 serial, root, begun;
	__u64 own; /* it has executed that command itself, and is not a fork of who did */
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, TRACE_RING);
} ring SEC(".maps");

/* Commands of the pod's processes, by the number of the process on the host. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, PROCS);
	__type(key, __u32);
	__type(value, struct proc);
} procs SEC(".maps");

const volatile char group[TRACE_GROUP] = {0}; /* the pod's, by its last name */
const volatile unsigned host_pid_ns = 0;      /* the number of our own pid namespace */
unsigned long long serials = 0, lost = 0;     /* read by the daemon, mapped */

/* --- whose it is --- */

/* Is its control group GROUP/app?  By name: groups are made anew now and then. */
static bool is_ours(struct task_struct *task)
{
	struct cgroup *own = BPF_CORE_READ(task, cgroups, dfl_cgrp), *above;
	char name[TRACE_GROUP] = {0};

	bpf_probe_read_kernel_str(name, sizeof(name), BPF_CORE_READ(own, kn, name));
	if (name[0] != 'a' || name[1] != 'p' || name[2] != 'p' || name[3])
		return false;
	/* A group begins with the state that belongs to no controller. */
	above = (struct cgroup *)BPF_CORE_READ(own, self.parent);
	if (!above ||
	    bpf_probe_read_kernel_str(name, sizeof(name), BPF_CORE_READ(above, kn, name)) < 0)
		return false;
	for (int i = 0; i < TRACE_GROUP; i++) {
		if (name[i] != group[i])
			return false;
		if (!name[i])
			break;
	}
	return true;
}

/* A task's number one level below our own pid namespace: as the pod's init sees it. */
static __u32 pid_in_pod(struct task_struct *task)
{
	struct pid *pid = BPF_CORE_READ(task, group_leader, thread_pid);
	__u32 level = BPF_CORE_READ(pid, level);
	struct upid up;

	for (__u32 i = 0; i < NS_LEVELS && i < level; i++) {
		if (bpf_core_read(&up, sizeof(up), &pid->numbers[i]))
			return 0;
		if (BPF_CORE_READ(up.ns, ns.inum) != host_pid_ns)
			continue;
		return bpf_core_read(&up, sizeof(up), &pid->numbers[i + 1]) ? 0 : (__u32)up.nr;
	}
	return 0;
}

static void fill_head(struct trace_head *h, __u32 kind, struct task_struct *task,
		      const struct proc *p)
{
	h->kind = kind;
	h->tgid = (__u32)BPF_CORE_READ(task, tgid);
	h->pid = pid_in_pod(task);
	h->uid = (__u32)bpf_get_current_uid_gid();
	h->serial = p->serial;
	h->root = p->root;
}

/* --- names --- */

/* One name behind the others; false when there is no room for it. */
static bool add_name(struct trace_names *n, struct dentry *d)
{
	__u32 len = BPF_CORE_READ(d, d_name.len), at = n->bytes;

	if (at >= TRACE_PATH || len >= TRACE_NAME)
		return false;
	n->data[at] = (char)len;
	bpf_probe_read_kernel(&n->data[at + 1], len & 0xff, BPF_CORE_READ(d, d_name.name));
	n->bytes = at + 1 + len;
	n->count++;
	return true;
}

/* Up to the root of everything, across mounts. */
static void fill_names(struct trace_names *n, struct vfsmount *v, struct dentry *d)
{
	struct mount *m = (void *)((char *)v - bpf_core_field_offset(struct mount, mnt));

	n->bytes = 0;
	n->count = 0;
	n->cut = 0;
	for (int i = 0; i < TRACE_DEPTH; i++) {
		struct dentry *parent = BPF_CORE_READ(d, d_parent);

		if (d == BPF_CORE_READ(m, mnt.mnt_root) || d == parent) {
			struct mount *up = BPF_CORE_READ(m, mnt_parent);

			if (up == m)
				return;
			d = BPF_CORE_READ(m, mnt_mountpoint);
			m = up;
			continue;
		}
		if (!add_name(n, d))
			break;
		d = parent;
	}
	n->cut = 1;
}

/* --- commands --- */

/* As execve was given them: the program has not run yet. */
static void fill_argv(struct trace_exec *x, struct task_struct *task)
{
	unsigned long start = BPF_CORE_READ(task, mm, arg_start);
	unsigned long end = BPF_CORE_READ(task, mm, arg_end);
	__u64 n = end > start ? end - start : 0;

	x->argv_all = n > 0xffffffffu ? 0xffffffffu : (__u32)n;
	x->argv_bytes = 0;
	if (n > TRACE_ARGV)
		n = TRACE_ARGV;
	barrier_var(n); /* the verifier must see the comparison that follows */
	if (n && n <= TRACE_ARGV && bpf_probe_read_user(x->argv, (__u32)n, (void *)start) == 0)
		x->argv_bytes = (__u32)n;
}

/* The command of this process is another one from now on; the first of a run is its root. */
static void note_command(struct proc *p, __u32 tgid)
{
	struct proc *old = bpf_map_lookup_elem(&procs, &tgid);

	p->serial = __sync_fetch_and_add(&serials, 1) + 1;
	p->root = old && old->root ? old->root : p->serial;
	p->begun = bpf_ktime_get_ns();
	p->own = 1;
	bpf_map_update_elem(&procs, &tgid, p, BPF_ANY);
}

SEC("tp_btf/sched_process_exec")
int on_exec(__u64 *ctx)
{
	struct task_struct *task = (void *)ctx[0];
	struct linux_binprm *bprm = (void *)ctx[2];
	struct trace_exec *x;
	struct proc p = {0};

	if (!is_ours(task))
		return 0;
	note_command(&p, (__u32)BPF_CORE_READ(task, tgid));
	x = bpf_ringbuf_reserve(&ring, sizeof(*x), 0);
	if (!x) {
		__sync_fetch_and_add(&lost, 1);
		return 0;
	}
	fill_head(&x->head, TRACE_EXEC, task, &p);
	x->parent = pid_in_pod(BPF_CORE_READ(task, real_parent));
	x->argc = (__u32)BPF_CORE_READ(bprm, argc);
	fill_argv(x, task);
	fill_names(&x->exe, BPF_CORE_READ(bprm, file, f_path.mnt),
		   BPF_CORE_READ(bprm, file, f_path.dentry));
	fill_names(&x->cwd, BPF_CORE_READ(task, fs, pwd.mnt), BPF_CORE_READ(task, fs, pwd.dentry));
	bpf_ringbuf_submit(x, 0);
	return 0;
}

/* What a fork writes was written by the command of its parent, until it executes another. */
SEC("tp_btf/sched_process_fork")
int on_fork(__u64 *ctx)
{
	struct task_struct *parent = (void *)ctx[0], *child = (void *)ctx[1];
	__u32 tgid = (__u32)BPF_CORE_READ(parent, tgid), born = (__u32)BPF_CORE_READ(child, pid);
	struct proc *p = bpf_map_lookup_elem(&procs, &tgid);
	struct trace_fork *x;
	struct proc copy;

	if (!p || born != (__u32)BPF_CORE_READ(child, tgid))
		return 0;
	copy = *p;
	copy.own = 0;
	bpf_map_update_elem(&procs, &born, &copy, BPF_ANY);
	x = bpf_ringbuf_reserve(&ring, sizeof(*x), 0);
	if (!x) {
		__sync_fetch_and_add(&lost, 1);
		return 0;
	}
	fill_head(&x->head, TRACE_FORK, child, &copy);
	x->parent = tgid;
	x->unused = 0;
	bpf_ringbuf_submit(x, 0);
	return 0;
}

static __u32 exit_code_of(struct task_struct *task)
{
	if (BPF_CORE_READ(task, signal, flags) & GROUP_EXIT)
		return (__u32)BPF_CORE_READ(task, signal, group_exit_code);
	return (__u32)BPF_CORE_READ(task, group_leader, exit_code);
}

/* Its last thread. */
SEC("tp_btf/sched_process_exit")
int on_exit(__u64 *ctx)
{
	struct task_struct *task = (void *)ctx[0];
	__u32 tgid = (__u32)BPF_CORE_READ(task, tgid);
	struct proc *p = bpf_map_lookup_elem(&procs, &tgid);
	struct trace_exit *x;
	struct proc copy;

	if (!p || BPF_CORE_READ(task, signal, live.counter) != 0)
		return 0;
	copy = *p;
	if (bpf_map_delete_elem(&procs, &tgid) || !copy.own)
		return 0;
	x = bpf_ringbuf_reserve(&ring, sizeof(*x), 0);
	if (!x) {
		__sync_fetch_and_add(&lost, 1);
		return 0;
	}
	fill_head(&x->head, TRACE_EXIT, task, &copy);
	x->ns = bpf_ktime_get_ns() - copy.begun;
	x->code = exit_code_of(task);
	x->unused = 0;
	bpf_ringbuf_submit(x, 0);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
