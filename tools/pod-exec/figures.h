/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What /proc says about processors and memory, cut down to what the pod may use.  Pure text: the
 * kernel's own file in, the pod's out.  shown.h puts it in place.
 */
#ifndef POD_EXEC_FIGURES_H
#define POD_EXEC_FIGURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FIGURES_CPUS 1024

struct cpus {
	bool has[FIGURES_CPUS];
	unsigned n;
};

/* "0-2,4": false when it is not such a list, or names a processor beyond FIGURES_CPUS. */
bool cpus_parse(struct cpus *c, const char *list);
/* Keep those that are also in other, and of these the first max. */
void cpus_limit(struct cpus *c, const struct cpus *other, unsigned max);
/* The list again, into out[size]; cut off where it does not fit. */
void cpus_print(const struct cpus *c, char *out, size_t size);
/* Processors a quota amounts to, rounded up; UINT32_MAX without one. */
unsigned cpus_of_quota(uint64_t quota_us, uint64_t period_us);

/*
 * Each writes at most size bytes and returns how many; what does not fit is left out by whole
 * lines.  in[len] is the host's file.
 */
size_t figures_cpuinfo(char *out, size_t size, const char *in, size_t len, const struct cpus *c);
size_t figures_stat(char *out, size_t size, const char *in, size_t len, const struct cpus *c);
/* limit and used in bytes. */
size_t figures_meminfo(char *out, size_t size, const char *in, size_t len, uint64_t limit,
		       uint64_t used);

#endif
