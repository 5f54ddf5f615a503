/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-config/podfile.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "envpod/exit.h"
#include "libcommon/buf.h"
#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "tools/pod-config/flatten.h"
#include "tools/pod-config/read.h"
#include "tools/pod-config/rules.h"
#include "tools/pod-config/yaml.h"

static struct node *json_read(const char *data, size_t len, struct problems *p)
{
	jv value;

	if (len > NODE_BYTES_MAX) {
		problem_add(p, (struct place){0}, "longer than %d bytes", NODE_BYTES_MAX);
		return NULL;
	}
	value = jv_parse_sized(data ? data : "", (int)len);
	if (jv_is_valid(value))
		return node_from_json(value, p);
	value = jv_invalid_get_msg(value);
	problem_add(p, (struct place){0}, "not valid JSON: %.200s",
		    jv_get_kind(value) == JV_KIND_STRING ? esc(jv_string_value(value)) : "empty");
	jv_free(value);
	return NULL;
}

jv podfile_compile(const char *data, size_t len, const struct origin *o, struct problems *p)
{
	OWN_NODE struct node *file =
		o->compiled ? json_read(data, len, p) : yaml_read(data ? data : "", len, p);
	struct rules r = {.origin = o, .file = file, .problems = p};
	jv pod;

	if (!file)
		return jv_invalid();
	read_aliases(file, p);
	pod = read_tree(file, o, p);
	rules_begin(&r, &pod);
	read_defaults(&pod, o, NULL);
	rules_end(&r, &pod);
	if (p->errors == 0)
		return pod;
	jv_free(pod);
	return jv_invalid();
}

jv podfile_text(jv pod, bool indented)
{
	int flags = JV_PRINT_SORTED | (indented ? JV_PRINT_INDENT_FLAGS(2) : 0);

	return jv_string_append_str(jv_dump_string(pod, flags), "\n");
}

int podfile_load(const char *file, struct buf *b, struct err *e)
{
	bool is_stdin = strcmp(file, "-") == 0;
	OWN_FD int fd = is_stdin ? fcntl(0, F_DUPFD_CLOEXEC, 3) : open(file, O_RDONLY | O_CLOEXEC);
	int r = fd < 0 ? -errno : read_fd(fd, b, NODE_BYTES_MAX);

	if (r == -EFBIG)
		return err_status(e, POD_EXIT_CONFIG, ERR_PLAIN,
				  "read %s: longer than %d bytes: this is no pod file", esc(file),
				  NODE_BYTES_MAX);
	return r < 0 ? err_set(e, -r, "read %s", esc(file)) : 0;
}

/* --- into a pod's directory --- */

static int put(int dir, const char *name, const char *data, size_t len, struct err *e)
{
	int r = write_file_at(dir, name, len ? data : "", len, 0600, false);

	return r < 0 ? err_set(e, -r, "write %s", name) : 0;
}

/* The plan names the very pod.json it was made from, which therefore is written first; what could
 * make the plan impossible is found before anything is written. */
int podfile_write(int dir, const struct buf *yaml, jv pod, struct err *e)
{
	OWN_BUF struct buf plan = BUF_INIT;
	struct stat st = {0};
	jv text = podfile_text(jv_copy(pod), true);
	size_t len = (size_t)jv_string_length_bytes(jv_copy(text));
	int r = flatten(pod, &st, &plan, e);

	buf_clear(&plan);
	if (r == 0)
		r = put(dir, "pod.yaml", yaml->data, yaml->len, e);
	if (r == 0)
		r = put(dir, "pod.json", jv_string_value(text), len, e);
	jv_free(text);
	if (r < 0)
		return r;
	if (fstatat(dir, "pod.json", &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_set(e, errno, "look at pod.json");
	r = flatten(pod, &st, &plan, e);
	return r < 0 ? r : put(dir, "plan", plan.data, plan.len, e);
}
