/* SPDX-License-Identifier: Apache-2.0 */
/*
 * In the child: the shared object and our half of the contract.  The descriptor that was judged
 * stays open, so that what is loaded by its number is what was judged.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "envpod/plugin.h"
#include "libcommon/io.h"
#include "libcommon/jsonw.h"
#include "libcommon/own.h"
#include "tools/pod-plugin/ask.h"

/* What ABI 1 began with: a plugin that is shorter is none. */
#define SIZE_MIN (offsetof(struct pod_plugin, plan) + sizeof(((struct pod_plugin *)0)->plan))

static const char *const levels[] = {
	[POD_LOG_FOUND] = "found", [POD_LOG_NOTE] = "note", [POD_LOG_ERROR] = "error"};

static void print(struct buf *b)
{
	if (b->len < NEED_LINE_MAX)
		write_full(STDOUT_FILENO, b->data, b->len);
}

static void say(void *ctx, enum pod_log level, const char *msg)
{
	OWN_BUF struct buf b = BUF_INIT;

	(void)ctx;
	jw_open(&b, '{');
	jw_kstr(&b, "log", levels[(unsigned)level <= POD_LOG_ERROR ? level : POD_LOG_ERROR]);
	jw_kstr(&b, "text", msg);
	jw_close(&b, '}');
	buf_char(&b, '\n');
	print(&b);
}

static int take_need(void *ctx, const char *kind, const char *const *kv)
{
	OWN_NEED struct need n = {0};
	OWN_BUF struct buf b = BUF_INIT;
	struct err e = {0};
	size_t *count = ctx;

	if (need_make(&n, kind, kv, &e) < 0) {
		say(NULL, POD_LOG_ERROR, e.msg);
		return -EINVAL;
	}
	if (++*count > NEED_MAX)
		return -E2BIG;
	need_format(&n, &b);
	print(&b);
	return 0;
}

static const struct pod_plugin *load(const struct plugin *p)
{
	OWN_FREE char *path = xfmt("/proc/self/fd/%d", p->fd);
	void *so = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	const struct pod_plugin *plugin = so ? dlsym(so, "pod_plugin") : NULL;

	if (!plugin)
		say(NULL, POD_LOG_ERROR, dlerror());
	return plugin;
}

/* Members behind `size` are looked at after it alone. */
static const char *fault(const struct pod_plugin *plugin, const char *name)
{
	OWN_FREE char *full = NULL;

	if (plugin->abi != POD_ABI)
		return "it was built for another version of envpod's interface (abi)";
	if (plugin->size < SIZE_MIN || !plugin->name || !plugin->kind || !plugin->summary ||
	    !plugin->probe || !plugin->plan)
		return "its pod_plugin lacks what every plugin has";
	full = strcmp(plugin->kind, plugin->name) == 0 ? xstrdup(plugin->kind)
						       : xfmt("%s-%s", plugin->kind, plugin->name);
	return strcmp(full, name) == 0 ? NULL : "its file is not called as it calls itself";
}

static void describe(const struct pod_plugin *plugin, const char *name)
{
	OWN_BUF struct buf b = BUF_INIT;

	jw_open(&b, '{');
	jw_kstr(&b, "plugin", name);
	jw_knum(&b, "abi", plugin->abi);
	jw_kstr(&b, "summary", plugin->summary);
	jw_close(&b, '}');
	buf_char(&b, '\n');
	print(&b);
}

static int status_of(int r)
{
	OWN_FREE char *text = NULL;

	if (r == 0 || r == -ENODEV)
		return r == 0 ? POD_EXIT_OK : POD_EXIT_NO;
	text = xfmt("it says: %s", strerror(r < 0 ? -r : EINVAL));
	say(NULL, POD_LOG_ERROR, text);
	return POD_EXIT_FAILED;
}

int plugin_call(const struct plugin *p, enum question q, const char *pod, char *const *opts)
{
	size_t count = 0;
	const struct pod_host host = {
		.size = sizeof(host), .ctx = &count, .log = say, .need = take_need};
	const struct pod_ask ask = {
		.size = sizeof(ask), .pod = pod, .opts = (const char *const *)opts};
	const struct pod_plugin *plugin = load(p);
	const char *why = plugin ? fault(plugin, p->name) : NULL;

	if (why)
		say(NULL, POD_LOG_ERROR, why);
	if (!plugin || why)
		return POD_EXIT_FAILED;
	if (q == ASK_DESCRIBE) {
		describe(plugin, p->name);
		return POD_EXIT_OK;
	}
	return status_of(q == ASK_PROBE ? plugin->probe(&host) : plugin->plan(&host, &ask));
}
