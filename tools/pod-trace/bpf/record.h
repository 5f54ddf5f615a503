/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * What the programs in the kernel and the daemon have in common: the records in the ring.  Both are
 * one build, the programs being carried inside pod-trace.
 */
#ifndef POD_TRACE_BPF_RECORD_H
#define POD_TRACE_BPF_RECORD_H

#define TRACE_GROUP 96 /* bytes of a control group's name, with its NUL */
#define TRACE_RING  (1u << 22)
#define TRACE_ARGV  4096
#define TRACE_PATH  1024 /* of names, each behind a byte that says how long it is */
#define TRACE_NAME  256
#define TRACE_DEPTH 64

enum trace_kind { TRACE_FORK = 1, TRACE_EXEC, TRACE_EXIT };

struct trace_head {
	unsigned kind; /* enum trace_kind */
	unsigned tgid; /* on the host */
	unsigned pid;  /* in the pod */
	unsigned uid;  /* on the host */
	unsigned long long
		serial; /* of the command: one for each exec; 0: begun before anybody looked */
	unsigned long long root; /* that of the run's own command */
};

/*
 * A chain of names from an entry up to the root, each as a byte of length and that many bytes: in
 * that order, because the kernel walks that way.
 */
struct trace_names {
	unsigned bytes;
	unsigned short count;
	unsigned short cut; /* it goes on, deeper or longer than there is room for */
	char data[TRACE_PATH + TRACE_NAME];
};

struct trace_fork { /* the head is the child's */
	struct trace_head head;
	unsigned parent; /* on the host */
	unsigned unused;
};

struct trace_exec {
	struct trace_head head;
	unsigned parent; /* in the pod; 0: outside of it */
	unsigned argc;
	unsigned argv_bytes; /* NUL behind each */
	unsigned argv_all;   /* as many as there were */
	struct trace_names exe, cwd;
	char argv[TRACE_ARGV];
};

struct trace_exit {
	struct trace_head head;
	unsigned long long ns; /* since its exec */
	unsigned code;         /* as wait(2) has it */
	unsigned unused;
};

#endif
