/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a plugin is to envpod (envpod-plugin(3), docs/plugin-guide.md).
 *
 * Plugins describe, the core acts: a plugin looks at the host and says what a pod would need, as
 * sudo's policy plugins have done since 2011.  The tool that would act judges each need against the
 * ceiling of the plugin's kind (libcommon/need.h) and refuses the run, with the plugin's name,
 *where one is above it.
 *
 * A plugin is a shared object KIND-NAME.so that exports one symbol, which is data:
 *
 *	__attribute__((visibility("default"))) const struct pod_plugin pod_plugin = {
 *		.abi = POD_ABI, .size = sizeof(struct pod_plugin),
 *		.name = "null", .kind = "null", .summary = "…", .probe = probe, .plan = plan,
 *	};
 *
 * It is loaded by pod-plugin: one plugin a process, in which nothing is left to lose (no privilege,
 * no network, no file that may be written, five seconds).  No threads, no constructors, no globals
 * that change; both functions return promptly and free what they took.
 *
 * `size` grows when members are appended: the host reads only those that fit, a plugin looks at
 * host->size or ask->size before it uses one that came later.  `abi` changes when a member changes
 * its meaning.  Strings belong to who made them, until the call returns; the other side copies.
 */
#ifndef ENVPOD_PLUGIN_H
#define ENVPOD_PLUGIN_H

#include <stdint.h>

#define POD_ABI 1u

enum pod_log { POD_LOG_FOUND, POD_LOG_NOTE, POD_LOG_ERROR };

/* What a plugin may call. */
struct pod_host {
	uint32_t size; /* of this struct, as the host was built */
	void *ctx;     /* to be given back */
	/* A line for people: what was found, what is odd, why it fails.  UTF-8, without newline. */
	void (*log)(void *ctx, enum pod_log level, const char *msg);
	/*
	 * One need: its kind and pairs of key and value, NULL at the end (envpod-plugin(3) lists
	 * them): {"path", "/dev/dri/renderD128", NULL}.  0, or -errno: -EINVAL for what is no need,
	 * -E2BIG for too many.  The plugin returns that value.
	 */
	int (*need)(void *ctx, const char *kind, const char *const *kv);
};

/* What the pod file asks. */
struct pod_ask {
	uint32_t size;
	const char *pod; /* its name; "" when nobody's */
	const char *const
		*opts; /* "WORD=VALUE" or "WORD" as the pod file says them; NULL at the end */
};

/* The one exported symbol. */
struct pod_plugin {
	uint32_t abi, size;
	const char *name;    /* without the kind: the file is KIND-NAME.so; "null" is both */
	const char *kind;    /* gpu, display, audio, desktop, web, null */
	const char *summary; /* a line */
	/* Is it here?  0, -ENODEV for "not on this machine", another -errno.  Says what by log().
	 */
	int (*probe)(const struct pod_host *host);
	/* Say the needs.  As probe(); options it does not know are -EINVAL, with a log() that says
	 * so. */
	int (*plan)(const struct pod_host *host, const struct pod_ask *ask);
};

#endif
