/* SPDX-License-Identifier: Apache-2.0 */
/* Another size, by a configuration of all outputs in which one has another mode. */
#include <stdlib.h>

#include <wayland-client.h>

#include "protocols/wlr-output-management-unstable-v1.h"
#include "tools/pod-display/wayland.h"

/* --- modes: each is an object, none of them is needed --- */

static void mode_size(void *data, struct zwlr_output_mode_v1 *mode, int32_t width, int32_t height)
{
	(void)data;
	(void)mode;
	(void)width;
	(void)height;
}

static void mode_refresh(void *data, struct zwlr_output_mode_v1 *mode, int32_t refresh)
{
	(void)data;
	(void)mode;
	(void)refresh;
}

static void mode_preferred(void *data, struct zwlr_output_mode_v1 *mode)
{
	(void)data;
	(void)mode;
}

static void mode_finished(void *data, struct zwlr_output_mode_v1 *mode)
{
	struct wayland *w = data;

	for (int i = 0; i < WAYLAND_MODES; i++)
		if (w->modes[i] == mode)
			w->modes[i] = NULL;
	zwlr_output_mode_v1_destroy(mode);
}

static const struct zwlr_output_mode_v1_listener mode_listener = {mode_size, mode_refresh,
								  mode_preferred, mode_finished};

/* --- heads --- */

static void head_text(void *data, struct zwlr_output_head_v1 *head, const char *text)
{
	(void)data;
	(void)head;
	(void)text;
}

static void head_pair(void *data, struct zwlr_output_head_v1 *head, int32_t a, int32_t b)
{
	(void)data;
	(void)head;
	(void)a;
	(void)b;
}

static void head_mode(void *data, struct zwlr_output_head_v1 *head,
		      struct zwlr_output_mode_v1 *mode)
{
	struct wayland *w = data;
	int i = 0;

	(void)head;
	while (i < WAYLAND_MODES - 1 && w->modes[i])
		i++;
	w->modes[i] = mode;
	zwlr_output_mode_v1_add_listener(mode, &mode_listener, data);
}

static void head_enabled(void *data, struct zwlr_output_head_v1 *head, int32_t enabled)
{
	struct wayland *w = data;

	for (int i = 0; i < WAYLAND_HEADS; i++)
		if (w->heads[i].head == head)
			w->heads[i].is_enabled = enabled;
}

static void head_current(void *data, struct zwlr_output_head_v1 *head,
			 struct zwlr_output_mode_v1 *mode)
{
	(void)data;
	(void)head;
	(void)mode;
}

static void head_number(void *data, struct zwlr_output_head_v1 *head, int32_t n)
{
	(void)data;
	(void)head;
	(void)n;
}

static void head_finished(void *data, struct zwlr_output_head_v1 *head)
{
	struct wayland *w = data;

	for (int i = 0; i < WAYLAND_HEADS; i++)
		if (w->heads[i].head == head)
			w->heads[i].head = NULL;
	zwlr_output_head_v1_destroy(head);
}

static const struct zwlr_output_head_v1_listener head_listener = {
	.name = head_text,
	.description = head_text,
	.physical_size = head_pair,
	.mode = head_mode,
	.enabled = head_enabled,
	.current_mode = head_current,
	.position = head_pair,
	.transform = head_number,
	.scale = head_number,
	.finished = head_finished,
	.make = head_text,
	.model = head_text,
	.serial_number = head_text,
};

/* --- the manager --- */

static void on_head(void *data, struct zwlr_output_manager_v1 *manager,
		    struct zwlr_output_head_v1 *head)
{
	struct wayland *w = data;
	int i = 0;

	(void)manager;
	while (i < WAYLAND_HEADS && w->heads[i].head)
		i++;
	zwlr_output_head_v1_add_listener(head, &head_listener, w);
	if (i < WAYLAND_HEADS)
		w->heads[i] = (struct wayland_head){head, false};
}

static void on_state(void *data, struct zwlr_output_manager_v1 *manager, uint32_t serial)
{
	(void)manager;
	((struct wayland *)data)->serial = serial;
}

static void on_finished(void *data, struct zwlr_output_manager_v1 *manager)
{
	(void)data;
	(void)manager;
}

static const struct zwlr_output_manager_v1_listener manager_listener = {on_head, on_state,
									on_finished};

void wayland_size_open(struct wayland *w)
{
	if (w->outputs)
		zwlr_output_manager_v1_add_listener(w->outputs, &manager_listener, w);
}

void wayland_size_close(struct wayland *w)
{
	for (int i = 0; i < WAYLAND_HEADS; i++)
		if (w->heads[i].head)
			zwlr_output_head_v1_destroy(w->heads[i].head);
	for (int i = 0; i < WAYLAND_HEADS; i++)
		w->heads[i] = (struct wayland_head){NULL, false};
	for (int i = 0; i < WAYLAND_MODES; i++) {
		if (w->modes[i])
			zwlr_output_mode_v1_destroy(w->modes[i]);
		w->modes[i] = NULL;
	}
}

/* --- asking --- */

static void on_end(void *data, struct zwlr_output_configuration_v1 *configuration)
{
	(void)data;
	/* The next picture says what has become of it. */
	zwlr_output_configuration_v1_destroy(configuration);
}

static const struct zwlr_output_configuration_v1_listener end_listener = {on_end, on_end, on_end};

/*
 * The head to resize: the first that is switched on.  sway says of one whose size is no mode of its
 * own, as any headless one's, that it is off: where all are, it is the first, for pictures do come.
 */
static int find_head(const struct wayland *w)
{
	for (int i = 0; i < WAYLAND_HEADS; i++)
		if (w->heads[i].head && w->heads[i].is_enabled)
			return i;
	for (int i = 0; i < WAYLAND_HEADS; i++)
		if (w->heads[i].head)
			return i;
	return -1;
}

int wayland_resize(struct screen *s, int width, int height, struct err *e)
{
	struct zwlr_output_configuration_v1 *all;
	struct wayland *w = s->priv;
	int which = find_head(w);

	if (!w->display)
		return wayland_gone(e);
	if (!w->outputs || which < 0)
		return err_set(e, ENOTSUP, "resize the screen: the compositor offers no way");
	if (width < SCREEN_MIN || height < SCREEN_MIN || width > SCREEN_MAX_WIDTH ||
	    height > SCREEN_MAX_HEIGHT)
		return err_set(e, EINVAL, "resize the screen to %dx%d", width, height);
	all = zwlr_output_manager_v1_create_configuration(w->outputs, w->serial);
	zwlr_output_configuration_v1_add_listener(all, &end_listener, w);
	for (int i = 0; i < WAYLAND_HEADS; i++) {
		struct zwlr_output_configuration_head_v1 *one;

		if (!w->heads[i].head)
			continue;
		if (!w->heads[i].is_enabled && i != which) {
			zwlr_output_configuration_v1_disable_head(all, w->heads[i].head);
			continue;
		}
		one = zwlr_output_configuration_v1_enable_head(all, w->heads[i].head);
		if (i == which)
			zwlr_output_configuration_head_v1_set_custom_mode(one, width, height, 0);
		wl_proxy_destroy((struct wl_proxy *)one);
	}
	zwlr_output_configuration_v1_apply(all);
	wl_display_flush(w->display);
	return 0;
}
