/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rules of a pod: the section `monitor` as pod-config compiled it, from policy/monitor.json,
 * else from pod.json and the file it names.
 */
#ifndef POD_MONITOR_POLICY_H
#define POD_MONITOR_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libcommon/buf.h"
#include "libcommon/err.h"
#include "libcommon/plan.h"
#include "libcommon/pod.h"

#define POLICY_FILE "monitor.json" /* in the pod's directory policy/ */
#define RULES_MAX   64
#define STEPS_MAX   16 /* actions of a forbidden sequence */

enum response_type {
	RESPOND_ALERT,
	RESPOND_FREEZE,
	RESPOND_RESTRICT,
	RESPOND_KILL,
	RESPOND_SNAPSHOT,
	RESPOND_HOOK,
	RESPONSES,
};
extern const char *const response_names[RESPONSES];

struct response {
	enum response_type type;
	struct strv argv;   /* hook: its words; restrict: what pod-limit is told */
	uint64_t timeout_s; /* hook */
};

enum condition_type {
	CONDITION_NONE, /* the rule has a program */
	CONDITION_ACTIONS,
	CONDITION_RESOURCE,
	CONDITION_ACTION,
	CONDITION_SEQUENCE,
	CONDITIONS,
};

struct condition {
	enum condition_type type;
	uint64_t limit;    /* ACTIONS: in a minute */
	int field;         /* RESOURCE: enum sample_field */
	uint64_t percent;  /* RESOURCE: hundredths */
	struct strv steps; /* ACTION: the one; SEQUENCE: all */
	uint64_t window_s; /* SEQUENCE */
};

struct rule {
	char *name, *when, *clear; /* programs, or NULL */
	struct condition condition;
	uint64_t for_s;
	struct response *responses;
	size_t n;
};

struct policy {
	uint64_t interval_s;
	struct rule *rules;
	size_t n;
	const char *source; /* where they are from: "policy/monitor.json", "pod.json" */
	uint64_t number;    /* made of the rules' text: rules that are the same go on */
};

void policy_finish(struct policy *p);

/* From pod-config's JSON.  Status 78. */
int policy_parse(struct policy *p, const char *json, size_t len, struct err *e);
/* What holds for a pod now; no rules at all are a policy too. */
int policy_load(struct policy *p, const struct pod *pod, const struct plan *plan, struct err *e);
/* A file of rules as a person writes it, made JSON by pod-config; what is wrong with it pod-config
 * has said. */
int policy_compile(const char *file, struct buf *json, struct err *e);

#endif
