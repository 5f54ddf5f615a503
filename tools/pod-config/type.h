/* SPDX-License-Identifier: Apache-2.0 */
/* What a single value of a pod file may be: text of a node in, checked and normal value out. */
#ifndef POD_CONFIG_TYPE_H
#define POD_CONFIG_TYPE_H

#include "libcommon/pod.h"
#include "tools/pod-config/key.h"
#include "tools/pod-config/node.h"

/* Where a pod file comes from, which decides what its relative words mean. */
struct origin {
	const char *name; /* of the pod, from the command line, or NULL */
	const char *dir;  /* relative paths lie there */
	const char *cwd;  /* what mount_cwd brings in */
	bool compiled;    /* it is a pod.json: written by us, then perhaps by hand */
	struct pod_caller owner;
};

/* One value being read. */
struct spot {
	const struct origin *origin;
	struct problems *problems;
	const struct key *key;
	const struct node *node; /* a scalar */
	const char *path;        /* for messages: "filesystem.mounts[2].path" */
};

/*
 * The value of a scalar by its key's type: a string, number or boolean in its normal form, which
 * read again gives itself.  An invalid jv when it is wrong; the problem has been said.
 */
jv type_read(const struct spot *s);

/* The word for a type, "size"; its number, or T_COUNT. */
const char *type_name(enum type t);
enum type type_named(const char *name, size_t len);

/* Say "PATH: TEXT" at the node's place; returns an invalid jv. */
jv type_wrong(const struct spot *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The readers of names, addresses and ports (type_net.c). */
jv type_name_pattern(const struct spot *s);
jv type_allow(const struct spot *s);
jv type_target(const struct spot *s);
jv type_upstream(const struct spot *s);
jv type_cidr(const struct spot *s);
jv type_subnet(const struct spot *s);
jv type_forward(const struct spot *s);
jv type_port(const struct spot *s);
jv type_rate(const struct spot *s);
jv type_bandwidth(const struct spot *s);
jv type_header(const struct spot *s);
jv type_method(const struct spot *s);

jv type_jq(const struct spot *s); /* type_jq.c */

/* The readers of paths and names of the host (type_host.c). */
jv type_path(const struct spot *s);
jv type_homepath(const struct spot *s);
jv type_podpath(const struct spot *s);
jv type_profile(const struct spot *s);
jv type_app(const struct spot *s);
jv type_pod(const struct spot *s);
jv type_user(const struct spot *s);
jv type_variable(const struct spot *s);
jv type_cpus(const struct spot *s);

#endif
