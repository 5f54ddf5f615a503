/* SPDX-License-Identifier: Apache-2.0 */
/* A desktop, and the page that shows it. */
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

void rules_desktop(const struct rules *r, jv *root)
{
	bool has_page;

	begin_enabled(r, root);
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
