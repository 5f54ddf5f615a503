/* SPDX-License-Identifier: Apache-2.0 */
/* The connection and what the compositor offers; pictures, keys, clipboard, sizes: other files. */
#include "tools/pod-display/wayland.h"

#include <linux/input-event-codes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <wayland-client.h>

#include "libcommon/clock.h"
#include "libcommon/lockdown.h"
#include "libcommon/own.h"
#include "protocols/virtual-keyboard-unstable-v1.h"
#include "protocols/wlr-data-control-unstable-v1.h"
#include "protocols/wlr-output-management-unstable-v1.h"
#include "protocols/wlr-screencopy-unstable-v1.h"
#include "protocols/wlr-virtual-pointer-unstable-v1.h"

#define PATIENCE_MS 5000 /* for a compositor to say what it offers */
#define WHEEL_STEP  15   /* what a notch is in its own unit */

int wayland_gone(struct err *e)
{
	return err_set(e, ENOTCONN, "the compositor is gone");
}

uint32_t wayland_time(void)
{
	return (uint32_t)clock_ms();
}

void wayland_watch(struct wayland *w, int fd, uint32_t events)
{
	struct epoll_event ev = {.events = events, .data.fd = fd};

	epoll_ctl(w->poll, EPOLL_CTL_ADD, fd, &ev);
}

void wayland_unwatch(struct wayland *w, int fd)
{
	epoll_ctl(w->poll, EPOLL_CTL_DEL, fd, NULL);
}

/* --- what is offered --- */

static const struct global {
	const struct wl_interface *interface;
	uint32_t least, version; /* what we need, and the newest that we know */
	size_t at;
	bool must;
} globals[] = {
	{&wl_seat_interface, 1, 1, offsetof(struct wayland, seat), true},
	{&wl_shm_interface, 1, 1, offsetof(struct wayland, shm), true},
	{&zwlr_screencopy_manager_v1_interface, 3, 3, offsetof(struct wayland, copies), true},
	{&zwlr_virtual_pointer_manager_v1_interface, 1, 2, offsetof(struct wayland, pointers),
	 true},
	{&zwp_virtual_keyboard_manager_v1_interface, 1, 1, offsetof(struct wayland, keyboards),
	 true},
	{&zwlr_data_control_manager_v1_interface, 1, 2, offsetof(struct wayland, clip.manager),
	 false},
	{&zwlr_output_manager_v1_interface, 1, 2, offsetof(struct wayland, outputs), false},
	{0},
};

static void **place(struct wayland *w, const struct global *g)
{
	return (void **)((char *)w + g->at);
}

static void on_global(void *data, struct wl_registry *registry, uint32_t name,
		      const char *interface, uint32_t version)
{
	struct wayland *w = data;

	/* Of several outputs, the first. */
	if (strcmp(interface, wl_output_interface.name) == 0 && !w->output) {
		w->output = wl_registry_bind(registry, name, &wl_output_interface, 1);
		w->output_name = name;
	}
	for (const struct global *g = globals; g->interface; g++)
		if (strcmp(interface, g->interface->name) == 0 && version >= g->least &&
		    !*place(w, g))
			*place(w, g) =
				wl_registry_bind(registry, name, g->interface,
						 version < g->version ? version : g->version);
}

static void on_removed(void *data, struct wl_registry *registry, uint32_t name)
{
	struct wayland *w = data;

	(void)registry;
	/* Without its output there is nothing to show: open() finds the next one. */
	if (w->output && w->output_name == name)
		w->is_ready = false;
}

static const struct wl_registry_listener registry_listener = {on_global, on_removed};

/* --- waiting, with an end --- */

static void on_done(void *data, struct wl_callback *callback, uint32_t serial)
{
	(void)serial;
	wl_callback_destroy(callback);
	*(bool *)data = true;
}

static const struct wl_callback_listener done_listener = {on_done};

static int wait_until(struct wayland *w, const bool *done, struct err *e)
{
	int64_t end = clock_ms() + PATIENCE_MS;

	while (!*done) {
		struct pollfd p = {wl_display_get_fd(w->display), POLLIN, 0};
		int64_t left = end - clock_ms();

		if (wl_display_dispatch_pending(w->display) < 0 || wl_display_flush(w->display) < 0)
			return wayland_gone(e);
		if (*done)
			break;
		if (left <= 0)
			return err_set(e, ETIMEDOUT, "hear what the compositor offers");
		while (wl_display_prepare_read(w->display) < 0)
			wl_display_dispatch_pending(w->display);
		if (poll(&p, 1, (int)left) <= 0)
			wl_display_cancel_read(w->display);
		else if (wl_display_read_events(w->display) < 0)
			return wayland_gone(e);
	}
	return 0;
}

/* Until the compositor has answered all that was said; one that hangs is given up. */
static int round_trip(struct wayland *w, struct err *e)
{
	struct wl_callback *callback = wl_display_sync(w->display);
	bool done = false;
	int r;

	wl_callback_add_listener(callback, &done_listener, &done);
	r = wait_until(w, &done, e);
	if (!done)
		wl_callback_destroy(callback);
	return r;
}

/* --- the connection --- */

static int connect_to(const char *path, struct err *e)
{
	OWN_FD int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un at = {.sun_family = AF_UNIX};

	if (fd < 0 || strlen(path) >= sizeof(at.sun_path))
		return err_set(e, fd < 0 ? errno : ENAMETOOLONG, "connect to the compositor at %s",
			       path);
	memcpy(at.sun_path, path, strlen(path));
	if (connect(fd, (const struct sockaddr *)&at, sizeof(at)) < 0)
		return err_set(e, errno, "connect to the compositor at %s", path);
	return take_fd(&fd);
}

static void wayland_close(struct screen *s)
{
	struct wayland *w = s->priv;

	if (!w->display)
		return;
	wayland_keys_close(w);
	wayland_clip_close(w);
	wayland_grab_close(w);
	wayland_size_close(w);
	wl_display_flush(w->display);
	wayland_unwatch(w, wl_display_get_fd(w->display));
	/* It forgets all objects; their memory is freed with those that are known here. */
	for (const struct global *g = globals; g->interface; g++) {
		if (*place(w, g))
			wl_proxy_destroy(*place(w, g));
		*place(w, g) = NULL;
	}
	if (w->pointer)
		zwlr_virtual_pointer_v1_destroy(w->pointer);
	if (w->output)
		wl_output_destroy(w->output);
	if (w->registry)
		wl_registry_destroy(w->registry);
	wl_display_disconnect(w->display);
	w->display = NULL;
	w->pointer = NULL;
	w->output = NULL;
	w->registry = NULL;
	w->is_ready = false;
	s->buttons = 0;
	s->is_typing = false;
}

static int check_offers(struct wayland *w, struct err *e)
{
	for (const struct global *g = globals; g->interface; g++)
		if (g->must && !*place(w, g))
			return err_set(e, ENOTSUP,
				       "the compositor offers no %s (it is not one of wlroots)",
				       g->interface->name);
	return w->output ? 0 : err_set(e, ENODEV, "the compositor has no output");
}

static int begin(struct wayland *w, struct err *e)
{
	int r;

	w->registry = wl_display_get_registry(w->display);
	wl_registry_add_listener(w->registry, &registry_listener, w);
	r = round_trip(w, e);
	if (r == 0)
		r = check_offers(w, e);
	if (r < 0)
		return r;
	w->is_ready = true;
	w->pointer = zwlr_virtual_pointer_manager_v1_create_virtual_pointer(w->pointers, w->seat);
	r = wayland_keys_open(w, e);
	if (r < 0)
		return r;
	wayland_size_open(w);
	wayland_clip_open(w);
	wayland_grab_open(w);
	/* The first picture says how large the screen is. */
	for (int64_t end = clock_ms() + PATIENCE_MS; r == 0 && !w->is_taken;)
		r = clock_ms() < end ? round_trip(w, e)
				     : err_set(e, ETIMEDOUT, "see the compositor's screen");
	return r;
}

static int wayland_open(struct screen *s, struct err *e)
{
	struct wayland *w = s->priv;
	int fd = connect_to(w->path, e), r;

	if (fd < 0)
		return fd;
	w->display = wl_display_connect_to_fd(fd);
	if (!w->display) {
		close(fd);
		return err_set(e, ENOMEM, "connect to the compositor");
	}
	wayland_watch(w, fd, EPOLLIN);
	r = begin(w, e);
	if (r < 0)
		wayland_close(s);
	return r;
}

static void wayland_finish(struct screen *s)
{
	struct wayland *w = s->priv;

	wayland_close(s);
	wayland_keys_finish(w);
	wayland_grab_finish(w);
	buf_finish(&w->clip.own);
	buf_finish(&w->clip.in);
	own_close(&w->poll);
	free(w->path);
	free(w);
	s->priv = NULL;
}

static int wayland_fd(const struct screen *s)
{
	const struct wayland *w = s->priv;

	return w->display ? w->poll : -1;
}

static int wayland_dispatch(struct screen *s, struct err *e)
{
	struct wayland *w = s->priv;
	struct pollfd p;

	if (!w->display)
		return wayland_gone(e);
	while (wl_display_prepare_read(w->display) < 0)
		if (wl_display_dispatch_pending(w->display) < 0)
			return wayland_gone(e);
	p = (struct pollfd){wl_display_get_fd(w->display), POLLIN, 0};
	if (poll(&p, 1, 0) <= 0)
		wl_display_cancel_read(w->display);
	else if (wl_display_read_events(w->display) < 0)
		return wayland_gone(e);
	if (wl_display_dispatch_pending(w->display) < 0 || !w->is_ready)
		return wayland_gone(e);
	wayland_clip_turn(w, (uint64_t)clock_ms());
	wl_display_flush(w->display);
	return 0;
}

static int wayland_tick(struct screen *s, uint64_t now)
{
	struct wayland *w = s->priv;
	int keys, clip;

	if (!w->display)
		return -1;
	keys = wayland_keys_tick(w, now);
	clip = wayland_clip_tick(w, now);
	wl_display_flush(w->display);
	return keys < 0 ? clip : clip < 0 || keys < clip ? keys : clip;
}

/* --- the pointer --- */

static void wheel(struct wayland *w, unsigned pressed)
{
	static const struct {
		unsigned bit, axis;
		int step;
	} turns[] = {{3, WL_POINTER_AXIS_VERTICAL_SCROLL, -1},
		     {4, WL_POINTER_AXIS_VERTICAL_SCROLL, 1},
		     {5, WL_POINTER_AXIS_HORIZONTAL_SCROLL, -1},
		     {6, WL_POINTER_AXIS_HORIZONTAL_SCROLL, 1}};

	for (size_t i = 0; i < sizeof(turns) / sizeof(turns[0]); i++) {
		if (!(pressed & 1u << turns[i].bit))
			continue;
		zwlr_virtual_pointer_v1_axis_source(w->pointer, WL_POINTER_AXIS_SOURCE_WHEEL);
		zwlr_virtual_pointer_v1_axis_discrete(w->pointer, wayland_time(), turns[i].axis,
						      wl_fixed_from_int(WHEEL_STEP * turns[i].step),
						      turns[i].step);
	}
}

int wayland_pointer(struct screen *s, int x, int y, unsigned buttons)
{
	static const uint32_t codes[] = {BTN_LEFT, BTN_MIDDLE, BTN_RIGHT};
	struct wayland *w = s->priv;
	unsigned changed = buttons ^ s->buttons;

	if (!w->display)
		return -ENOTCONN;
	s->pointer_x = x < 0 ? 0 : x < s->width ? x : s->width - 1;
	s->pointer_y = y < 0 ? 0 : y < s->height ? y : s->height - 1;
	zwlr_virtual_pointer_v1_motion_absolute(w->pointer, wayland_time(), (uint32_t)s->pointer_x,
						(uint32_t)s->pointer_y, (uint32_t)s->width,
						(uint32_t)s->height);
	zwlr_virtual_pointer_v1_frame(w->pointer);
	for (unsigned i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (changed & 1u << i)
			zwlr_virtual_pointer_v1_button(w->pointer, wayland_time(), codes[i],
						       buttons >> i & 1);
	wheel(w, changed & buttons);
	zwlr_virtual_pointer_v1_frame(w->pointer);
	s->buttons = buttons & 0xff;
	wl_display_flush(w->display);
	return 0;
}

/* --- the backend --- */

static const struct screen_ops wayland_ops = {
	.name = "wayland",
	.open = wayland_open,
	.close = wayland_close,
	.finish = wayland_finish,
	.fd = wayland_fd,
	.dispatch = wayland_dispatch,
	.tick = wayland_tick,
	.look = wayland_look,
	.pointer = wayland_pointer,
	.key = wayland_key,
	.text = wayland_text,
	.resize = wayland_resize,
	.set_clipboard = wayland_set_clipboard,
};

static char *socket_path(const char *where)
{
	const char *dir = secure_getenv("XDG_RUNTIME_DIR");

	if (where[0] == '/')
		return xstrdup(where);
	return dir && dir[0] == '/' && !strchr(where, '/') ? xfmt("%s/%s", dir, where) : NULL;
}

/* What it says about a broken connection is said by us, once. */
static void say_nothing(const char *fmt, va_list ap)
{
	(void)fmt;
	(void)ap;
}

int screen_wayland_init(struct screen *s, const char *where, struct err *e)
{
	struct wayland *w;
	char *path;
	int r;

	*s = (struct screen){.files = -1};
	where = where ? where : secure_getenv("WAYLAND_DISPLAY");
	if (!where || !*where)
		return err_set(e, ENODEV, "no display: WAYLAND_DISPLAY is not set");
	path = socket_path(where);
	if (!path)
		return err_set(e, EINVAL,
			       "WAYLAND_DISPLAY=%s is no socket below XDG_RUNTIME_DIR, and no path",
			       where);
	wl_log_set_handler_client(say_nothing);
	w = xcalloc(1, sizeof(*w));
	*w = (struct wayland){.s = s, .path = path, .memory = -1, .clip.from = -1};
	for (int i = 0; i < WAYLAND_SENDS; i++)
		w->clip.sends[i].fd = -1;
	for (int i = 0; i < WAYLAND_KEYMAPS; i++)
		w->keys.files[i] = -1;
	s->ops = &wayland_ops;
	s->promises = PROMISE_SPLICE; /* pipes, which the clipboard comes by */
	s->priv = w;
	w->poll = epoll_create1(EPOLL_CLOEXEC);
	r = w->poll < 0 ? err_set(e, errno, "make an epoll") : screen_memory(s, e);
	if (r == 0)
		r = wayland_grab_init(w, e);
	if (r == 0)
		r = wayland_keys_init(w, e);
	if (r < 0)
		screen_finish(s);
	return r;
}
