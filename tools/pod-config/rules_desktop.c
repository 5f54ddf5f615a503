/* SPDX-License-Identifier: Apache-2.0 */
/* A desktop, and the page that shows it. */
#include <glob.h>
#include <sys/stat.h>

#include "libcommon/buf.h"
#include "libcommon/own.h"
#include "tools/pod-config/rules.h"
#include "tools/pod-config/tree.h"

/* Browsers keep what they draw there: with the usual 64 MB their tabs die. */
#define SHM_SIZE (256 << 20)

/* "enabled: yes" says less than a type does, and must not contradict it. */
static void begin_enabled(const struct rules *r, jv *root)
{
	bool enabled = tree_is(*root, "web_display.enabled", "true");

	if (!tree_has(*root, "web_display.enabled"))
		return;
	tree_set_missing(root, "web_display.type", jv_string(enabled ? "novnc" : "none"));
	if (enabled == tree_is(*root, "web_display.type", "none"))
		problem_add(r->problems, rules_place(r, "web_display.enabled"),
			    "web_display.enabled: contradicts web_display.type");
	tree_drop(root, "web_display.enabled");
}

static bool is_wanted(jv root, const char *path)
{
	return tree_has(root, path) && !tree_is(root, path, "none");
}

/* Of the invoking user, on this host, now. */
static bool has_compositor(const struct rules *r, jv root)
{
	uint64_t uid = (uint64_t)tree_number(root, "owner.uid", r->origin->owner.uid);
	OWN_FREE char *pattern = xfmt("/run/user/%llu/wayland-[0-9]*", (unsigned long long)uid);
	glob_t found;
	bool any = false;

	if (uid == 0 || glob(pattern, 0, NULL, &found) != 0)
		return false;
	for (size_t i = 0; i < found.gl_pathc; i++) {
		struct stat st;

		any |= lstat(found.gl_pathv[i], &st) == 0 && S_ISSOCK(st.st_mode);
	}
	globfree(&found);
	return any;
}

/* Every client of an X server has the others' keys and windows: who asks for X has his own. */
static void begin_forwarded(const struct rules *r, jv *root)
{
	bool own = is_wanted(*root, "devices.desktop_env") || is_wanted(*root, "web_display.type");

	if (!tree_is(*root, "devices.display", "true"))
		return;
	if (!tree_has(*root, "devices.display_protocol") ||
	    tree_is(*root, "devices.display_protocol", "auto"))
		tree_set(root, "devices.display_protocol",
			 jv_string(!own && has_compositor(r, *root) ? "wayland" : "x11"));
	if (tree_is(*root, "devices.display_protocol", "x11"))
		tree_set_missing(root, "web_display.type", jv_string("novnc"));
	else if (own)
		problem_add(r->problems, rules_place(r, "devices.display_protocol"),
			    "devices.display_protocol: the pod has a desktop of its own, or your "
			    "display: leave one of them out");
}

void rules_desktop(const struct rules *r, jv *root)
{
	bool has_page;

	begin_enabled(r, root);
	begin_forwarded(r, root);
	has_page = is_wanted(*root, "web_display.type");
	if (has_page)
		tree_set_missing(root, "devices.desktop_env", jv_string("openbox"));
	if (is_wanted(*root, "devices.desktop_env"))
		tree_set_missing(root, "security.shm_size", jv_number(SHM_SIZE));
	else if (has_page)
		problem_add(r->problems, rules_place(r, "devices.desktop_env"),
			    "devices.desktop_env: web_display shows a desktop: leave the key out, "
			    "or say which");
}
