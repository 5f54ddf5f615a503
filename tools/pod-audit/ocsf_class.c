/* SPDX-License-Identifier: Apache-2.0 */
/* What each class of OCSF wants besides what all events have, from our members. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "libcommon/jsonw.h"
#include "libcommon/own.h"
#include "tools/pod-audit/format.h"
#include "tools/pod-audit/member.h"

/* --- objects --- */

static const char *pod_of(const struct exported *x)
{
	const char *pod = member_str(x->event, "pod");

	return pod && *pod ? pod : "-";
}

/* Our name for something that has no other: POD:SEQ. */
static char *uid_of(const struct exported *x)
{
	int64_t seq = 0;

	member_num(x->event, "seq", &seq);
	return xfmt("%s:%" PRId64, pod_of(x), seq);
}

static void open_object(struct buf *out, const char *key)
{
	jw_key(out, key);
	jw_open(out, '{');
}

static void add_str(struct buf *out, const char *as, const struct exported *x, const char *key)
{
	const char *text = member_str(x->event, key);

	if (text && *text)
		jw_kstr(out, as, text);
}

static void add_num(struct buf *out, const char *as, const struct exported *x, const char *key)
{
	int64_t n;

	if (member_num(x->event, key, &n) && n >= 0)
		jw_knum(out, as, n);
}

static void add_port(struct buf *out, const struct exported *x)
{
	int64_t n;

	if (member_num(x->event, "port", &n) && n >= 0 && n <= 65535)
		jw_knum(out, "port", n);
}

static void add_user(struct buf *out, const char *name, const struct exported *x)
{
	int64_t uid;

	open_object(out, "user");
	jw_kstr(out, "name", name);
	if (member_num(x->event, "uid", &uid)) {
		OWN_FREE char *text = xfmt("%" PRId64, uid);

		jw_kstr(out, "uid", text);
	}
	jw_close(out, '}');
}

/* Who did it, as far as the event says so; the program that recorded it in any case. */
static void add_actor(struct buf *out, const struct exported *x)
{
	const char *by = member_str(x->event, "by");

	open_object(out, "actor");
	jw_kstr(out, "app_name", x->src);
	if (by && *by)
		add_user(out, by, x);
	jw_close(out, '}');
}

static void add_source(struct buf *out, const struct exported *x)
{
	open_object(out, "src_endpoint");
	jw_kstr(out, "name", pod_of(x));
	jw_close(out, '}');
}

/* Where to: by the packet's address, and the name that the program gave. */
static void add_target(struct buf *out, const struct exported *x)
{
	const char *address = member_str(x->event, "address");
	const char *name = member_str(x->event, "name");

	open_object(out, "dst_endpoint");
	if (!(address && *address) && !(name && *name))
		jw_kstr(out, "name", pod_of(x)); /* a port of the pod's own */
	add_str(out, "ip", x, "address");
	add_str(out, "hostname", x, "name");
	add_port(out, x);
	jw_close(out, '}');
}

/* --- classes --- */

static void add_entity(struct buf *out, const struct exported *x)
{
	add_actor(out, x);
	open_object(out, "entity");
	jw_kstr(out, "name", pod_of(x));
	jw_kstr(out, "type", "pod");
	jw_close(out, '}');
}

static void add_device(struct buf *out, const struct exported *x)
{
	open_object(out, "device");
	jw_knum(out, "type_id", 6);
	jw_kstr(out, "type", "Virtual");
	jw_kstr(out, "name", pod_of(x));
	jw_kstr(out, "hostname", pod_of(x));
	jw_close(out, '}');
}

static void add_process(struct buf *out, const struct exported *x)
{
	OWN_BUF struct buf words = BUF_INIT;
	OWN_FREE char *uid = uid_of(x);
	const char *user = member_str(x->event, "user");

	add_actor(out, x);
	add_device(out, x);
	open_object(out, "process");
	jw_kstr(out, "uid", uid);
	add_num(out, "pid", x, "pid");
	if (member_words(x->event, "argv", &words))
		jw_kstr(out, "cmd_line", words.data);
	if (user && *user)
		add_user(out, user, x);
	jw_close(out, '}');
	add_num(out, "exit_code", x, "status");
	add_num(out, "duration", x, "duration_ms");
}

static void add_finding(struct buf *out, const struct exported *x)
{
	OWN_FREE char *uid = uid_of(x);
	const char *types[] = {x->name, NULL};

	open_object(out, "finding_info");
	jw_kstr(out, "uid", uid);
	jw_kstr(out, "title", x->row ? x->row->meaning : x->name);
	jw_kstrv(out, "types", (char *const *)types);
	jw_close(out, '}');
	jw_key(out, "resources");
	jw_open(out, '[');
	jw_open(out, '{');
	jw_kstr(out, "name", pod_of(x));
	jw_kstr(out, "type", "pod");
	jw_close(out, '}');
	jw_close(out, ']');
	add_str(out, "status_detail", x, "reason");
}

static void add_action(struct buf *out, const struct exported *x)
{
	const char *action = member_str(x->event, "action"), *id = member_str(x->event, "id");

	add_actor(out, x);
	add_source(out, x);
	open_object(out, "api");
	jw_kstr(out, "operation", action && *action ? action : x->name);
	if (id) {
		open_object(out, "request");
		jw_kstr(out, "uid", id);
		jw_close(out, '}');
	}
	jw_close(out, '}');
	add_str(out, "status_detail", x, "reason");
}

static void add_network(struct buf *out, const struct exported *x)
{
	const char *protocol = member_str(x->event, "protocol");

	add_source(out, x);
	add_target(out, x);
	open_object(out, "connection_info");
	jw_knum(out, "direction_id", member_str(x->event, "scope") ? 1 : 2);
	jw_kstr(out, "protocol_name", protocol && *protocol ? protocol : "tcp");
	jw_close(out, '}');
	add_str(out, "status_detail", x, "reason");
}

static void add_http(struct buf *out, const struct exported *x)
{
	const char *path = member_str(x->event, "path");
	int64_t code;

	add_source(out, x);
	add_target(out, x);
	open_object(out, "http_request");
	add_str(out, "http_method", x, "method");
	open_object(out, "url");
	add_str(out, "hostname", x, "name");
	jw_kstr(out, "path", path ? path : "");
	add_port(out, x);
	jw_close(out, '}');
	jw_close(out, '}');
	if (member_num(x->event, "status", &code)) {
		open_object(out, "http_response");
		jw_knum(out, "code", code);
		add_num(out, "length", x, "bytes_down");
		jw_close(out, '}');
	}
	open_object(out, "traffic");
	add_num(out, "bytes_out", x, "bytes_up");
	add_num(out, "bytes_in", x, "bytes_down");
	jw_close(out, '}');
	add_num(out, "duration", x, "ms");
	add_str(out, "status_detail", x, "rule");
}

static void add_answers(struct buf *out, const struct exported *x)
{
	jv list = jv_object_get(jv_copy(x->event), jv_string("answers"));

	jw_key(out, "answers");
	jw_open(out, '[');
	if (jv_get_kind(list) == JV_KIND_ARRAY)
		jv_array_foreach(list, i, value)
		{
			if (jv_get_kind(value) == JV_KIND_STRING) {
				jw_open(out, '{');
				jw_kstr(out, "rdata", jv_string_value(value));
				jw_close(out, '}');
			}
			jv_free(value);
		}
	jv_free(list);
	jw_close(out, ']');
}

static unsigned rcode_of(const char *text)
{
	static const char *const rcodes[] = {"NOERROR",  "FORMERR", "SERVFAIL",
					     "NXDOMAIN", "NOTIMP",  "REFUSED"};

	for (unsigned i = 0; i < sizeof(rcodes) / sizeof(rcodes[0]); i++)
		if (strcmp(rcodes[i], text) == 0)
			return i;
	return 99;
}

static void add_dns(struct buf *out, const struct exported *x)
{
	const char *name = member_str(x->event, "name"), *rcode = member_str(x->event, "rcode");

	add_source(out, x);
	open_object(out, "dst_endpoint");
	jw_kstr(out, "name", "pod-dns");
	jw_close(out, '}');
	open_object(out, "query");
	jw_kstr(out, "hostname", name ? name : "");
	add_str(out, "type", x, "type");
	jw_close(out, '}');
	add_answers(out, x);
	if (rcode) {
		jw_kstr(out, "rcode", rcode);
		jw_knum(out, "rcode_id", rcode_of(rcode));
	}
	add_str(out, "status_detail", x, "rule");
}

void ocsf_class(struct buf *out, const struct exported *x, enum table_kind kind)
{
	static void (*const classes[TABLE_KINDS])(struct buf *, const struct exported *) = {
		[TABLE_ENTITY_CREATE] = add_entity,   [TABLE_ENTITY_UPDATE] = add_entity,
		[TABLE_ENTITY_DELETE] = add_entity,   [TABLE_PROCESS_LAUNCH] = add_process,
		[TABLE_PROCESS_END] = add_process,    [TABLE_FINDING] = add_finding,
		[TABLE_ACTION] = add_action,          [TABLE_NETWORK_OPEN] = add_network,
		[TABLE_NETWORK_CLOSE] = add_network,  [TABLE_NETWORK_FAIL] = add_network,
		[TABLE_NETWORK_REFUSE] = add_network, [TABLE_NETWORK_LISTEN] = add_network,
		[TABLE_HTTP_TRAFFIC] = add_http,      [TABLE_DNS_TRAFFIC] = add_dns,
	};

	if (classes[kind])
		classes[kind](out, x);
}

const char *ocsf_method(const char *method, unsigned *activity)
{
	static const struct {
		const char *method, *caption;
	} methods[] = {{"CONNECT", "Connect"}, {"DELETE", "Delete"},   {"GET", "Get"},
		       {"HEAD", "Head"},       {"OPTIONS", "Options"}, {"POST", "Post"},
		       {"PUT", "Put"},         {"TRACE", "Trace"},     {"PATCH", "Patch"}};

	for (unsigned i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (strcmp(methods[i].method, method) == 0) {
			*activity = i + 1;
			return methods[i].caption;
		}
	return NULL;
}
