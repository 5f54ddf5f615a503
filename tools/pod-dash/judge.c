/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-dash/judge.h"

#include <errno.h>
#include <fcntl.h>
#include <jq.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/pod.h"
#include "libcommon/spawn.h"

#define COMPILED_MAX (4u << 20)

/* Over the compiled form (pod-config check --json): a line for each key that opens the host. */
static const char doors[] =
	"[ (.filesystem.mounts[]? | select(.permissions == \"ReadWrite\" and (.cow | not))"
	"   | \"filesystem.mounts: \\(.path) is ReadWrite\"),"
	"  (select(.filesystem.system_access == \"dangerous\") | \"filesystem.system_access: dangerous\"),"
	"  (.filesystem.reveal[]? | \"filesystem.reveal: \\(.)\"),"
	"  (select(.network.mode == \"Unsafe\") | \"network.mode: Unsafe\"),"
	"  (select(.setup_script) | \"setup_script\"),"
	"  (.devices.extra[]? | \"devices.extra: \\(.)\"),"
	"  (.monitor.rules[]? | select(any(.response[]?; .type == \"hook\")) | \"monitor.rules: \\(.name): hook\"),"
	"  (select(.monitor.policy) | \"monitor.policy\"),"
	"  (.audit.anchor[]? | \"audit.anchor: \\(.)\"),"
	"  (select(.security.seccomp_profile | . == \"none\" or startswith(\"/\")) | \"security.seccomp_profile\")"
	"] | join(\", \")";

/* The compiled form of the pod file, or what is wrong with it. */
static int compile(const struct buf *file, struct buf *json, struct err *e)
{
	OWN_FD int in = memfd_create("podfile", MFD_CLOEXEC);
	int ends[2] = {-1, -1}, pid, status, r;

	if (in < 0 || write_full(in, file->data, file->len) < 0 || lseek(in, 0, SEEK_SET) < 0 ||
	    pipe2(ends, O_CLOEXEC) < 0)
		return err_set(e, errno, "look at the pod file");
	pid = spawn_start((char *[]){(char *)"pod-config", (char *)"check", (char *)"--json",
				     (char *)"-", NULL},
			  &(struct spawn_io){in, ends[1], -1}, e);
	close(ends[1]);
	r = pid < 0 ? pid : read_fd(ends[0], json, COMPILED_MAX);
	close(ends[0]);
	if (pid < 0)
		return pid;
	status = spawn_reap(pid);
	if (status == 0 && r < 0)
		return err_set(e, -r, "read what pod-config says");
	return status;
}

/* What doors says of it: "" for nothing.  The caller frees. */
static char *doors_of(const struct buf *json)
{
	jq_state *jq = jq_init();
	jv pod = jv_parse_sized(json->data, (int)json->len), said = jv_invalid();
	char *text = NULL;

	if (jq && jv_is_valid(pod) && jq_compile(jq, doors)) {
		jq_start(jq, pod, 0);
		said = jq_next(jq);
	} else {
		jv_free(pod);
	}
	if (jv_get_kind(said) == JV_KIND_STRING)
		text = xstrdup(jv_string_value(said));
	jv_free(said);
	if (jq)
		jq_teardown(&jq);
	return text;
}

static int judge_file(const struct ask *a, struct err *e)
{
	OWN_BUF struct buf json = BUF_INIT;
	OWN_FREE char *open = NULL;
	int status = compile(&a->values.input, &json, e);

	if (status < 0)
		return status;
	if (status > 0)
		return 0; /* what is wrong with it is for init to say */
	open = doors_of(&json);
	if (!open)
		return err_set(e, ERR_PLAIN, "the pod file could not be judged");
	if (!*open)
		return 0;
	err_set(e, ERR_PLAIN,
		"this pod file opens the host, for which the login must be an admin's (envpod "
		"dashboard --print-url --role admin): %s",
		open);
	return -EPERM;
}

static int judge_pod(const char *name, struct err *e)
{
	OWN_FREE char *created = xfmt("%s/pods/%s/created", pod_state_dir(), name);

	if (pod_check_name(name, e) < 0)
		return -EINVAL;
	if (access(created, F_OK) == 0)
		return 0;
	err_set(e, ERR_PLAIN, "there is no pod named %s", name);
	return -ENOENT;
}

int judge(const struct route *r, const struct ask *a, struct err *e)
{
	const char *pod = values_get(&a->values, "pod");
	int s = pod ? judge_pod(pod, e) : 0;

	if (s == 0 && r->judged && a->values.input.len && a->role < ROLE_ADMIN)
		s = judge_file(a, e);
	return s;
}
