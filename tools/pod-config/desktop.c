/* SPDX-License-Identifier: Apache-2.0 */
/* What a desktop asks for: its user, the plugins that know what it is made of, and its page. */
#include <pwd.h>
#include <stdio.h>
#include <string.h>

#include "envpod/exit.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/plan.h"
#include "libcommon/unit.h"
#include "tools/pod-config/flatten.h"
#include "tools/pod-config/tree.h"

#define AGENT_ID 60000
#define ID_MAX   65535

struct who {
	char *word; /* as --user takes it */
	uint64_t uid, gid;
};

/* The ids of a pod are those of the host below 65536, and its users are at first the host's. */
static bool find_in_passwd(struct who *w, const char *name)
{
	OWN_FILE FILE *f = fopen("/etc/passwd", "re");
	const struct passwd *pw;

	while (f && (pw = fgetpwent(f))) {
		if (name ? strcmp(pw->pw_name, name) != 0 : pw->pw_uid != w->uid)
			continue;
		w->uid = pw->pw_uid;
		w->gid = pw->pw_gid;
		return true;
	}
	return false;
}

static int find_other(struct who *w, const char *user, struct err *e)
{
	bool is_number = unit_u64(user, ID_MAX, &w->uid) == 0;

	if (is_number)
		w->gid = w->uid;
	if (!find_in_passwd(w, is_number ? NULL : user) && !is_number)
		return err_status(
			e, POD_EXIT_CONFIG, ERR_PLAIN,
			"user: the desktop runs as %s, whom this host does not know; give "
			"the number, or agent",
			esc(user));
	if (w->uid > ID_MAX || w->uid == 0)
		return err_status(e, POD_EXIT_CONFIG, ERR_PLAIN,
				  "user: a desktop does not run as %s (uid %llu)", esc(user),
				  (unsigned long long)w->uid);
	w->word = xstrdup(user);
	return 0;
}

/* The user of runs, unless that is root: compositors refuse to be root's, and browsers do. */
static int find_user(struct who *w, jv pod, struct err *e)
{
	jv user = tree_get(pod, "user"), owner = tree_get(pod, "owner.name");
	const char *name = jv_string_value(user);
	bool is_owner = strcmp(name, jv_string_value(owner)) == 0;
	uint64_t uid = (uint64_t)tree_number(pod, "owner.uid", 0);
	int r = 0;

	if (is_owner && uid > 0)
		*w = (struct who){xstrdup(name), uid, (uint64_t)tree_number(pod, "owner.gid", 0)};
	else if (is_owner || strcmp(name, "root") == 0 || strcmp(name, "0") == 0 ||
		 strcmp(name, "agent") == 0)
		*w = (struct who){xstrdup("agent"), AGENT_ID, AGENT_ID};
	else
		r = find_other(w, name, e);
	jv_free(user);
	jv_free(owner);
	return r;
}

static void line_number(struct buf *plan, const char *key, uint64_t number)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)number);
	plan_line(plan, key, text);
}

static char *text_of(jv pod, const char *path)
{
	jv text = tree_text(tree_get(pod, path));
	char *s = xstrdup(jv_string_value(text));

	jv_free(text);
	return s;
}

static const char *yes(jv pod, const char *path)
{
	return tree_is(pod, path, "true") ? "yes" : "no";
}

static void emit_plugins(struct buf *plan, jv pod, const struct who *w, bool page)
{
	OWN_FREE char *env = text_of(pod, "devices.desktop_env");
	OWN_FREE char *size = text_of(pod, "web_display.resolution");
	OWN_FREE char *desktop = xfmt("devices.desktop_env desktop-%s resolution=%s uid=%llu", env,
				      size, (unsigned long long)w->uid);
	OWN_FREE char *sound =
		xfmt("web_display.audio audio-pipewire uid=%llu", (unsigned long long)w->uid);
	bool sounds = page && tree_is(pod, "web_display.audio", "true");
	OWN_FREE char *web =
		xfmt("%s web-novnc page=%s audio=%s upload=%s clipboard=%s resolution=%s uid=%llu",
		     page ? "web_display" : "devices.desktop_env", page ? "yes" : "no",
		     sounds ? "yes" : "no", page ? yes(pod, "web_display.file_upload") : "no",
		     yes(pod, "web_display.clipboard"), size, (unsigned long long)w->uid);

	plan_line(plan, "plugin", desktop);
	if (sounds)
		plan_line(plan, "plugin", sound);
	plan_line(plan, "plugin", web);
}

static void emit_page(struct buf *plan, jv pod)
{
	static const char *const numbers[][2] = {{"web_display.port", "web.port"},
						 {"web_display.audio_port", "web.audio_port"},
						 {"web_display.upload_port", "web.upload_port"},
						 {"web_display.upload_max", "web.upload_max"}};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (tree_has(pod, numbers[i][0]))
			line_number(plan, numbers[i][1],
				    (uint64_t)tree_number(pod, numbers[i][0], 0));
	plan_line(plan, "web.clipboard", yes(pod, "web_display.clipboard"));
}

/* The invoking user's: in his runtime directory, if he has any. */
static void emit_forwarded(struct buf *plan, jv pod)
{
	uint64_t uid = (uint64_t)tree_number(pod, "owner.uid", 0);
	OWN_FREE char *line =
		xfmt("devices.display display-wayland uid=%llu", (unsigned long long)uid);

	if (tree_is(pod, "devices.display", "true") &&
	    tree_is(pod, "devices.display_protocol", "wayland"))
		plan_line(plan, "plugin", line);
}

/* A plugin that may name services, of the pod file's own choice: they need somebody to start them.
 */
static bool has_services(jv pod)
{
	static const char *const kinds[] = {"desktop-", "audio-", "display-", "web-"};
	jv list = tree_get(pod, "devices.plugins");
	int n = jv_get_kind(list) == JV_KIND_ARRAY ? jv_array_length(jv_copy(list)) : 0;
	bool any = false;

	for (int i = 0; i < n; i++) {
		jv item = jv_array_get(jv_copy(list), i);

		for (size_t j = 0; j < sizeof(kinds) / sizeof(kinds[0]); j++)
			any |= strncmp(jv_string_value(item), kinds[j], strlen(kinds[j])) == 0;
		jv_free(item);
	}
	jv_free(list);
	return any;
}

int flatten_desktop(jv pod, struct buf *plan, struct err *e)
{
	bool page = !tree_is(pod, "web_display.type", "none");
	bool desktop = !tree_is(pod, "devices.desktop_env", "none");
	struct who w = {0};

	emit_forwarded(plan, pod);
	if (!desktop && !has_services(pod))
		return 0;
	if (find_user(&w, pod, e) < 0)
		return -e->code;
	plan_line(plan, "desktop", "yes");
	plan_line(plan, "desktop.user", w.word);
	line_number(plan, "desktop.uid", w.uid);
	line_number(plan, "desktop.gid", w.gid);
	if (desktop)
		emit_plugins(plan, pod, &w, page);
	if (page)
		emit_page(plan, pod);
	free(w.word);
	return 0;
}
