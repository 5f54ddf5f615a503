/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pod file from a stranger.  Beyond not falling over: what is compiled is accepted again as
 * pod.json and means the same then, and its plan can be read.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "libcommon/buf.h"
#include "libcommon/plan.h"
#include "tools/pod-config/flatten.h"
#include "tools/pod-config/podfile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check_plan(jv pod)
{
	OWN_BUF struct buf text = BUF_INIT;
	OWN_PLAN struct plan plan = {0};
	struct stat st = {0};
	struct err e = {0};

	/* An io_max of a device that is not there, or a plan that is too long: said, not fatal. */
	if (flatten(pod, &st, &text, &e) < 0)
		return;
	if (plan_parse(&plan, text.data, text.len, &e) < 0)
		abort();
}

static void check_again(jv pod, const struct origin *from)
{
	struct origin o = *from;
	struct problems p = {.file = "again"};
	jv text = podfile_text(jv_copy(pod), true), again;
	size_t size = (size_t)jv_string_length_bytes(jv_copy(text));

	o.compiled = true;
	/* Escapes and defaults make it longer than what it was made from. */
	if (size <= NODE_BYTES_MAX) {
		again = podfile_compile(jv_string_value(text), size, &o, &p);
		if (!jv_is_valid(again))
			problems_print(&p, stderr);
		if (!jv_equal(again, jv_copy(pod)))
			abort();
	}
	jv_free(text);
	problems_finish(&p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct origin o = {.dir = "/src", .cwd = "/src/here"};
	struct problems p = {.file = "fuzz"};
	jv pod;

	strncpy(o.owner.name, "alice", sizeof(o.owner.name) - 1);
	strncpy(o.owner.home, "/home/alice", sizeof(o.owner.home) - 1);
	strncpy(o.owner.shell, "/bin/sh", sizeof(o.owner.shell) - 1);
	o.owner.uid = o.owner.gid = 1000;
	pod = podfile_compile((const char *)data, len, &o, &p);
	if (jv_is_valid(pod)) {
		check_plan(pod);
		check_again(pod, &o);
	} else if (p.errors == 0)
		abort();
	jv_free(pod);
	problems_finish(&p);
	return 0;
}
