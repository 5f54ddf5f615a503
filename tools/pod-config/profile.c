/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-config/profile.h"

#include <jv.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "envpod/exit.h"
#include "libcommon/own.h"
#include "libcommon/path.h"

/* libjq keeps numbers as doubles: beyond this, a mask might not be the one that was written. */
#define EXACT_MAX    9007199254740991.0
#define SYSCALLS_MAX 4096
#define NAMES_MAX    2048
#define ARGS_MAX     32

struct word {
	const char *oci, *ours;
};

static const struct word actions[] = {
	{"SCMP_ACT_ALLOW", "allow"},
	{"SCMP_ACT_LOG", "log"},
	{"SCMP_ACT_ERRNO", "errno"},
	{"SCMP_ACT_TRAP", "trap"},
	{"SCMP_ACT_KILL", "kill_thread"},
	{"SCMP_ACT_KILL_THREAD", "kill_thread"},
	{"SCMP_ACT_KILL_PROCESS", "kill_process"},
	{0},
};

static const struct word ops[] = {
	{"SCMP_CMP_EQ", "=="},       {"SCMP_CMP_NE", "!="},
	{"SCMP_CMP_LT", "<"},        {"SCMP_CMP_LE", "<="},
	{"SCMP_CMP_GT", ">"},        {"SCMP_CMP_GE", ">="},
	{"SCMP_CMP_MASKED_EQ", "&"}, {0},
};

/* What pod root has, pod-exec(1): a section for other capabilities is not for us. */
static const char *const pod_caps[] = {
	"CAP_CHOWN",
	"CAP_DAC_OVERRIDE",
	"CAP_FOWNER",
	"CAP_FSETID",
	"CAP_KILL",
	"CAP_SETGID",
	"CAP_SETUID",
	"CAP_SETPCAP",
	"CAP_NET_BIND_SERVICE",
	"CAP_SYS_CHROOT",
	"CAP_AUDIT_WRITE",
	"CAP_SETFCAP",
	NULL,
};

static const char *const pod_arches[] = {"amd64", "x86_64", "SCMP_ARCH_X86_64", NULL};

static const char *ours(const struct word *w, const char *oci)
{
	for (; w->oci; w++)
		if (strcmp(w->oci, oci) == 0)
			return w->ours;
	return NULL;
}

static bool in_list(const char *const *list, const char *s)
{
	for (; *list; list++)
		if (strcmp(*list, s) == 0)
			return true;
	return false;
}

__attribute__((format(printf, 2, 3))) static int bad(struct err *e, const char *fmt, ...)
{
	char text[300];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return err_status(e, POD_EXIT_CONFIG, ERR_PLAIN, "%s", text);
}

/* A member; jv_invalid() when it is missing or null. */
static jv get(jv object, const char *key)
{
	jv v = jv_object_get(jv_copy(object), jv_string(key));

	if (jv_get_kind(v) != JV_KIND_NULL)
		return v;
	jv_free(v);
	return jv_invalid();
}

/* A member that is a list, or empty when it is missing. */
static int get_list(jv object, const char *key, const char *at, int max, jv *list, struct err *e)
{
	*list = get(object, key);
	if (jv_get_kind(*list) == JV_KIND_INVALID) {
		jv_free(*list);
		*list = jv_array();
		return 0;
	}
	if (jv_get_kind(*list) == JV_KIND_ARRAY && jv_array_length(jv_copy(*list)) <= max)
		return 0;
	jv_free(*list);
	*list = jv_array();
	return bad(e, "%s.%s: want a list of at most %d", at, key, max);
}

/* A member that is a whole number; fallback when it is missing. */
static int get_number(jv object, const char *key, const char *at, double fallback, uint64_t *n,
		      struct err *e)
{
	jv v = get(object, key);
	jv_kind kind = jv_get_kind(v);
	double d = kind == JV_KIND_NUMBER ? jv_number_value(v) : fallback;

	jv_free(v);
	if ((kind != JV_KIND_NUMBER && kind != JV_KIND_INVALID) || !(d >= 0) || d > EXACT_MAX ||
	    d != (double)(uint64_t)d)
		return bad(e, "%s.%s: want a whole number of 0 to 2^53-1", at, key);
	*n = (uint64_t)d;
	return 0;
}

/* A member that is a string, copied; an empty string when it is missing. */
static int get_string(jv object, const char *key, const char *at, char out[64], struct err *e)
{
	jv v = get(object, key);
	jv_kind kind = jv_get_kind(v);
	int r = 0;

	out[0] = '\0';
	if (kind == JV_KIND_STRING && strlen(jv_string_value(v)) < 64)
		snprintf(out, 64, "%s", jv_string_value(v));
	else if (kind != JV_KIND_INVALID)
		r = bad(e, "%s.%s: want a short string", at, key);
	jv_free(v);
	return r;
}

/* "errno:1" of an action word and its errno. */
static int action(jv object, const char *key, const char *ret_key, const char *at, char out[32],
		  struct err *e)
{
	char word[64];
	const char *name;
	uint64_t ret;

	if (get_string(object, key, at, word, e) < 0 ||
	    get_number(object, ret_key, at, 1, &ret, e) < 0)
		return -e->code;
	name = ours(actions, word);
	if (!name)
		return bad(e, "%s.%s: '%s' is no action we have%s", at, key, esc(word),
			   strcmp(word, "SCMP_ACT_NOTIFY") == 0 ||
					   strcmp(word, "SCMP_ACT_TRACE") == 0
				   ? " (nobody would be listening)"
				   : "");
	if (ret > 4095)
		return bad(e, "%s.%s: want 0 to 4095", at, ret_key);
	if (strcmp(name, "errno") == 0)
		snprintf(out, 32, "errno:%u", (unsigned)ret);
	else
		snprintf(out, 32, "%s", name);
	return 0;
}

/* How many of the strings in a list are in ours; *all says whether every one is. */
static int count_in(jv list, const char *const *known, bool *all)
{
	int n = jv_array_length(jv_copy(list)), hits = 0;

	for (int i = 0; i < n; i++) {
		jv v = jv_array_get(jv_copy(list), i);

		hits += jv_get_kind(v) == JV_KIND_STRING && in_list(known, jv_string_value(v));
		jv_free(v);
	}
	*all = hits == n;
	return hits;
}

/* Is this kernel as new as "MAJOR.MINOR"? */
static int kernel_from(const char *text, const char *at, bool *yes, struct err *e)
{
	unsigned major, minor, our_major = 0, our_minor = 0;
	struct utsname u;
	char extra;

	if (sscanf(text, "%3u.%4u%c", &major, &minor, &extra) != 2)
		return bad(e, "%s.minKernel: want MAJOR.MINOR", at);
	uname(&u);
	sscanf(u.release, "%u.%u", &our_major, &our_minor);
	*yes = our_major != major ? our_major > major : our_minor >= minor;
	return 0;
}

/* What an "includes" or "excludes" says about us: has it conditions, do all hold, does any? */
struct filter {
	bool all, any;
};

static int judge(jv section, const char *at, struct filter *f, struct err *e)
{
	static const struct {
		const char *key;
		const char *const *known;
		bool one; /* one hit is enough */
	} lists[] = {{"caps", pod_caps, false}, {"arches", pod_arches, true}};
	char kernel[64];
	bool yes;

	*f = (struct filter){.all = true};
	if (jv_get_kind(section) != JV_KIND_OBJECT)
		return bad(e, "%s: want an object", at);
	for (size_t i = 0; i < 2; i++) {
		jv list;
		int r = get_list(section, lists[i].key, at, 64, &list, e), hits;

		hits = count_in(list, lists[i].known, &yes);
		f->all &= lists[i].one ? hits > 0 || jv_array_length(jv_copy(list)) == 0 : yes;
		f->any |= hits > 0;
		jv_free(list);
		if (r < 0)
			return r;
	}
	if (get_string(section, "minKernel", at, kernel, e) < 0)
		return -e->code;
	if (!kernel[0])
		return 0;
	if (kernel_from(kernel, at, &yes, e) < 0)
		return -e->code;
	f->all &= yes;
	f->any |= yes;
	return 0;
}

/* Docker's rule: every condition of "includes" must hold, and none of "excludes". */
static int applies(jv entry, const char *at, bool *yes, struct err *e)
{
	static const char *const keys[] = {"includes", "excludes"};

	*yes = true;
	for (int i = 0; i < 2; i++) {
		jv section = get(entry, keys[i]);
		OWN_FREE char *where = xfmt("%s.%s", at, keys[i]);
		struct filter f = {.all = true};
		int r = 0;

		if (jv_get_kind(section) != JV_KIND_INVALID)
			r = judge(section, where, &f, e);
		jv_free(section);
		if (r < 0)
			return r;
		*yes &= i == 0 ? f.all : !f.any;
	}
	return 0;
}

/* One test, as " 0&0x7e020000==0"; its argument in *index. */
static int arg_text(jv arg, const char *at, struct buf *b, uint64_t *index, struct err *e)
{
	uint64_t value, two;
	const char *op;
	char word[64];

	if (jv_get_kind(arg) != JV_KIND_OBJECT)
		return bad(e, "%s: want an object", at);
	if (get_number(arg, "index", at, -1, index, e) < 0 ||
	    get_number(arg, "value", at, -1, &value, e) < 0 ||
	    get_number(arg, "valueTwo", at, 0, &two, e) < 0 ||
	    get_string(arg, "op", at, word, e) < 0)
		return -e->code;
	op = ours(ops, word);
	if (!op || *index > 5)
		return bad(e, "%s: want index 0 to 5 and an op such as SCMP_CMP_EQ", at);
	if (*op == '&')
		buf_fmt(b, " %u&0x%llx==%llu", (unsigned)*index, (unsigned long long)value,
			(unsigned long long)two);
	else
		buf_fmt(b, " %u%s%llu", (unsigned)*index, op, (unsigned long long)value);
	return 0;
}

/*
 * The tests of an entry, one string a rule: all of them in one, unless two look at the same
 * argument.  libseccomp cannot say that, and runc then makes each a rule of its own; so do we.
 */
static int tests(jv entry, const char *at, struct strv *out, struct err *e)
{
	OWN_STRV struct strv each = {0};
	unsigned seen = 0;
	bool twice = false;
	jv args;
	int r = get_list(entry, "args", at, ARGS_MAX, &args, e);

	for (int i = 0, n = jv_array_length(jv_copy(args)); i < n && r == 0; i++) {
		jv arg = jv_array_get(jv_copy(args), i);
		OWN_FREE char *where = xfmt("%s.args[%d]", at, i);
		OWN_BUF struct buf b = BUF_INIT;
		uint64_t index = 0;

		r = arg_text(arg, where, &b, &index, e);
		jv_free(arg);
		if (r < 0)
			break;
		twice |= seen & (1u << index);
		seen |= 1u << index;
		strv_add(&each, b.data);
	}
	jv_free(args);
	if (r == 0 && !twice) {
		OWN_BUF struct buf all = BUF_INIT;

		for (size_t i = 0; i < each.n; i++)
			buf_str(&all, each.v[i]);
		strv_add(out, all.data ? all.data : "");
	}
	for (size_t i = 0; r == 0 && twice && i < each.n; i++)
		strv_add(out, each.v[i]);
	return r;
}

static bool is_name(const char *s)
{
	size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");

	return n > 0 && n < 64 && !s[n];
}

/* "names", or the older "name". */
static int names(jv entry, const char *at, struct strv *out, struct err *e)
{
	char old[64];
	jv list;
	int r = get_list(entry, "names", at, NAMES_MAX, &list, e);

	if (r == 0)
		r = get_string(entry, "name", at, old, e);
	if (r == 0 && old[0])
		list = jv_array_append(list, jv_string(old));
	for (int i = 0, n = jv_array_length(jv_copy(list)); i < n && r == 0; i++) {
		jv v = jv_array_get(jv_copy(list), i);

		if (jv_get_kind(v) == JV_KIND_STRING && is_name(jv_string_value(v)))
			strv_add(out, jv_string_value(v));
		else
			r = bad(e, "%s.names[%d]: not the name of a system call", at, i);
		jv_free(v);
	}
	jv_free(list);
	return r == 0 && out->n == 0 ? bad(e, "%s.names: want at least one", at) : r;
}

static int entry_rules(jv entry, const char *at, struct buf *rules, struct err *e)
{
	OWN_STRV struct strv calls = {0}, conditions = {0};
	char act[32];
	bool yes;

	if (jv_get_kind(entry) != JV_KIND_OBJECT)
		return bad(e, "%s: want an object", at);
	if (names(entry, at, &calls, e) < 0 || applies(entry, at, &yes, e) < 0 ||
	    action(entry, "action", "errnoRet", at, act, e) < 0 ||
	    tests(entry, at, &conditions, e) < 0)
		return -e->code;
	for (size_t i = 0; i < calls.n; i++) {
		if (!yes)
			buf_fmt(rules, "known %s\n", calls.v[i]);
		for (size_t c = 0; yes && c < conditions.n; c++)
			buf_fmt(rules, "%s %s%s\n", act, calls.v[i], conditions.v[c]);
	}
	return 0;
}

static int profile_rules(jv top, struct buf *rules, struct err *e)
{
	char act[32];
	jv list;
	int r;

	if (jv_get_kind(top) != JV_KIND_OBJECT)
		return bad(e, "not an object");
	r = action(top, "defaultAction", "defaultErrnoRet", "profile", act, e);
	if (r < 0)
		return r;
	buf_fmt(rules, "envpod-seccomp 1\ndefault %s\n", act);
	r = get_list(top, "syscalls", "profile", SYSCALLS_MAX, &list, e);
	for (int i = 0, n = jv_array_length(jv_copy(list)); i < n && r == 0; i++) {
		jv entry = jv_array_get(jv_copy(list), i);
		OWN_FREE char *at = xfmt("syscalls[%d]", i);

		r = entry_rules(entry, at, rules, e);
		jv_free(entry);
	}
	jv_free(list);
	buf_str(rules, "end\n");
	return r;
}

int profile_flatten(const char *json, size_t len, struct buf *rules, struct err *e)
{
	jv top;
	int r;

	if (len > PROFILE_MAX)
		return bad(e, "larger than %d bytes", PROFILE_MAX);
	top = jv_parse_sized(json, (int)len);
	if (!jv_is_valid(top)) {
		jv msg = jv_invalid_get_msg(top);

		r = bad(e, "not JSON: %.200s",
			jv_get_kind(msg) == JV_KIND_STRING ? esc(jv_string_value(msg)) : "empty");
		jv_free(msg);
		return r;
	}
	r = profile_rules(top, rules, e);
	jv_free(top);
	return r;
}
