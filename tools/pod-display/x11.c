/* SPDX-License-Identifier: Apache-2.0 */
/* The connection and its events; pictures, keys, the clipboard and sizes have files of their own.
 */
#include "tools/pod-display/x11.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <xcb/xtest.h>

#include "libcommon/clock.h"
#include "libcommon/io.h"
#include "libcommon/loop.h"
#include "libcommon/own.h"
#include "libcommon/path.h"

#define SHM_BYTES  ((size_t)SCREEN_MAX_WIDTH * SCREEN_MAX_HEIGHT * 4)
#define COOKIE_MAX 65536

static const char *const atom_names[ATOMS] = {
	[ATOM_CLIPBOARD] = "CLIPBOARD",
	[ATOM_PRIMARY] = "PRIMARY",
	[ATOM_UTF8_STRING] = "UTF8_STRING",
	[ATOM_TARGETS] = "TARGETS",
	[ATOM_TIMESTAMP] = "TIMESTAMP",
	[ATOM_INCR] = "INCR",
	[ATOM_TEXT_UTF8] = "text/plain;charset=utf-8",
	[ATOM_PROPERTY] = "ENVPOD_CLIPBOARD",
	[ATOM_SPARES] = "_ENVPOD_SPARE_KEYS",
};

int x11_gone(struct err *e)
{
	return err_set(e, ENOTCONN, "the X server is gone");
}

/* ":99", ":99.0"; not "host:99", nor what leads over a network. */
static int parse_display(const char *where, unsigned *number)
{
	char *end;
	unsigned long n;

	if (!where || where[0] != ':' || where[1] < '0' || where[1] > '9')
		return -EINVAL;
	n = strtoul(where + 1, &end, 10);
	if ((*end != '\0' && *end != '.') || n > 65535)
		return -EINVAL;
	*number = (unsigned)n;
	return 0;
}

/*
 * The segment is marked for removal at once: it lives while somebody has it, and may still be
 * attached by its number meanwhile (Linux), by each X server that comes.  It takes memory where it
 * is touched.
 */
static void make_segment(struct x11 *x)
{
	x->shm_id = shmget(IPC_PRIVATE, SHM_BYTES, IPC_CREAT | SHM_NORESERVE | 0600);
	if (x->shm_id < 0)
		return;
	x->shm = shmat(x->shm_id, NULL, 0);
	shmctl(x->shm_id, IPC_RMID, NULL);
	if (x->shm == (void *)-1) {
		x->shm = NULL;
		x->shm_id = -1;
	}
}

/* The directory is held: cookies are read at each connection, also after the lock-down. */
static int find_cookies(struct screen *s, struct x11 *x, struct err *e)
{
	const char *file = getenv("XAUTHORITY"), *slash = file ? strrchr(file, '/') : NULL;
	OWN_FREE char *dir = NULL;

	if (!file || !*file)
		return 0;
	if (file[0] != '/')
		return err_set(e, EINVAL, "XAUTHORITY=%s is no absolute path", file);
	x->cookies = xstrdup(file);
	dir = slash == file ? xstrdup("/") : strndup(file, (size_t)(slash - file));
	s->files = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return 0;
}

static int connect_to(unsigned number, struct err *e)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	OWN_FD int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(a.sun_path, sizeof(a.sun_path), "/tmp/.X11-unix/X%u", number);
	if (fd < 0 || connect(fd, (const struct sockaddr *)&a, sizeof(a)) < 0)
		return err_set(e, errno, "connect to the X server at %s", a.sun_path);
	return take_fd(&fd);
}

static xcb_connection_t *introduce(const struct x11 *x, int fd)
{
	OWN_BUF struct buf file = BUF_INIT;
	struct x11_cookie k;
	xcb_auth_info_t auth;

	if (!x->cookies || read_file_at(AT_FDCWD, x->cookies, &file, COOKIE_MAX) < 0 ||
	    !x11_cookie_find(&k, file.data, file.len, x->number))
		return xcb_connect_to_fd(fd, NULL);
	auth = (xcb_auth_info_t){k.name_len, k.name, k.data_len, k.data};
	return xcb_connect_to_fd(fd, &auth);
}

static void name_atoms(struct x11 *x)
{
	xcb_intern_atom_cookie_t asked[ATOMS];

	for (int i = 0; i < ATOMS; i++)
		asked[i] = xcb_intern_atom(x->c, 0, (uint16_t)strlen(atom_names[i]), atom_names[i]);
	for (int i = 0; i < ATOMS; i++) {
		OWN_FREE xcb_intern_atom_reply_t *a = xcb_intern_atom_reply(x->c, asked[i], NULL);

		x->atoms[i] = a ? a->atom : XCB_ATOM_NONE;
	}
}

static int check_root(const struct x11 *x, struct err *e)
{
	const xcb_setup_t *setup = xcb_get_setup(x->c);
	xcb_format_iterator_t f = xcb_setup_pixmap_formats_iterator(setup);

	if (setup->roots_len == 0 || !x->root)
		return err_set(e, ENODEV, "the X server has no screen");
	for (; f.rem > 0; xcb_format_next(&f))
		if (f.data->depth == x->root->root_depth && x->root->root_depth == 24 &&
		    f.data->bits_per_pixel == 32 &&
		    setup->image_byte_order == XCB_IMAGE_ORDER_LSB_FIRST)
			return 0;
	return err_set(e, ENOTSUP,
		       "the X server's screen is not one of 24 bits in 32 (start it with "
		       "-screen 0 WIDTHxHEIGHTx24)");
}

static int check_size(const xcb_screen_t *root, struct err *e)
{
	if (root->width_in_pixels <= SCREEN_MAX_WIDTH &&
	    root->height_in_pixels <= SCREEN_MAX_HEIGHT)
		return 0;
	return err_set(e, EFBIG, "the X server's screen is larger than %dx%d", SCREEN_MAX_WIDTH,
		       SCREEN_MAX_HEIGHT);
}

static void x11_close(struct screen *s)
{
	struct x11 *x = s->priv;

	if (!x->c)
		return;
	if (!xcb_connection_has_error(x->c))
		x11_keys_close(x);
	xcb_disconnect(x->c);
	x->c = NULL;
	x->seg = 0;
	buf_clear(&x->clip.own);
	buf_clear(&x->clip.in);
	x->clip = (struct x11_clip){.own = x->clip.own, .in = x->clip.in};
	s->buttons = 0;
	s->is_typing = false;
}

static int x11_open(struct screen *s, struct err *e)
{
	struct x11 *x = s->priv;
	int fd = connect_to(x->number, e), r;

	if (fd < 0)
		return fd;
	x->c = introduce(x, fd);
	x->root = NULL;
	if (xcb_connection_has_error(x->c)) {
		r = err_set(e, EACCES,
			    "the X server :%u does not let us in (XAUTHORITY names the file of "
			    "its cookies)",
			    x->number);
		goto undo;
	}
	x->root = xcb_setup_roots_iterator(xcb_get_setup(x->c)).data;
	r = check_root(x, e);
	if (r == 0)
		r = check_size(x->root, e);
	if (r < 0)
		goto undo;
	name_atoms(x);
	r = x11_grab_open(x, e);
	if (r < 0)
		goto undo;
	x11_keys_open(x);
	x11_clip_open(x);
	if (x->root->width_in_pixels != s->width || x->root->height_in_pixels != s->height)
		screen_size(s, x->root->width_in_pixels, x->root->height_in_pixels);
	s->is_stale = true;
	xcb_flush(x->c);
	return 0;
undo:
	x11_close(s);
	return r;
}

static void x11_finish(struct screen *s)
{
	struct x11 *x = s->priv;

	x11_close(s);
	if (x->shm)
		shmdt(x->shm);
	buf_finish(&x->clip.own);
	buf_finish(&x->clip.in);
	free(x->keys.queue);
	free(x->cookies);
	free(x);
	s->priv = NULL;
}

static int x11_fd(const struct screen *s)
{
	const struct x11 *x = s->priv;

	return x->c ? xcb_get_file_descriptor(x->c) : -1;
}

static void on_randr(struct x11 *x, const xcb_generic_event_t *ev)
{
	const xcb_randr_screen_change_notify_event_t *n = (const void *)ev;
	bool turned = n->rotation & (XCB_RANDR_ROTATION_ROTATE_90 | XCB_RANDR_ROTATION_ROTATE_270);
	int width = turned ? n->height : n->width, height = turned ? n->width : n->height;

	if (width < 1 || height < 1 || width > SCREEN_MAX_WIDTH || height > SCREEN_MAX_HEIGHT)
		return;
	if (width != x->s->width || height != x->s->height)
		screen_size(x->s, width, height);
	x->all_stale = true;
	x->s->is_stale = true;
}

static void on_event(struct x11 *x, const xcb_generic_event_t *ev)
{
	uint8_t type = ev->response_type & 0x7f;

	if (type == x->damage_event + XCB_DAMAGE_NOTIFY) {
		x->s->is_stale = true;
	} else if (type == x->fixes_event + XCB_XFIXES_CURSOR_NOTIFY) {
		x->cursor_stale = true;
		x->s->is_stale = true;
	} else if (x->has_randr && type == x->randr_event + XCB_RANDR_SCREEN_CHANGE_NOTIFY) {
		on_randr(x, ev);
	} else if (type == XCB_MAPPING_NOTIFY) {
		x->map_stale = true;
	} else {
		x11_clip_event(x, ev);
	}
}

static int x11_dispatch(struct screen *s, struct err *e)
{
	struct x11 *x = s->priv;
	xcb_generic_event_t *ev;

	if (!x->c)
		return x11_gone(e);
	while ((ev = xcb_poll_for_event(x->c))) {
		if (ev->response_type != 0) /* 0: an error of a request, long forgotten */
			on_event(x, ev);
		free(ev);
	}
	if (xcb_connection_has_error(x->c))
		return x11_gone(e);
	if (x->map_stale)
		x11_keys_read(x);
	xcb_flush(x->c);
	return 0;
}

static int x11_tick(struct screen *s, uint64_t now)
{
	struct x11 *x = s->priv;
	int keys, clip;

	if (!x->c)
		return -1;
	keys = x11_keys_tick(x, now);
	clip = x11_clip_tick(x, now);
	xcb_flush(x->c);
	return keys < 0 ? clip : clip < 0 || keys < clip ? keys : clip;
}

void x11_test(struct x11 *x, uint8_t type, uint8_t detail, int root_x, int root_y)
{
	xcb_test_fake_input(x->c, type, detail, XCB_CURRENT_TIME, x->root->root, (int16_t)root_x,
			    (int16_t)root_y, 0);
}

static int x11_pointer(struct screen *s, int px, int py, unsigned buttons)
{
	struct x11 *x = s->priv;
	unsigned changed = (buttons ^ s->buttons) & 0xff;

	if (!x->c)
		return -ENOTCONN;
	s->pointer_x = px < 0 ? 0 : px < s->width ? px : s->width - 1;
	s->pointer_y = py < 0 ? 0 : py < s->height ? py : s->height - 1;
	x11_test(x, XCB_MOTION_NOTIFY, 0, s->pointer_x, s->pointer_y);
	for (unsigned i = 0; i < 8; i++)
		if (changed & 1u << i)
			x11_test(x, buttons & 1u << i ? XCB_BUTTON_PRESS : XCB_BUTTON_RELEASE,
				 (uint8_t)(i + 1), 0, 0);
	s->buttons = buttons & 0xff;
	xcb_flush(x->c);
	return 0;
}

static const struct screen_ops x11_ops = {
	.name = "x11",
	.open = x11_open,
	.close = x11_close,
	.finish = x11_finish,
	.fd = x11_fd,
	.dispatch = x11_dispatch,
	.tick = x11_tick,
	.look = x11_look,
	.pointer = x11_pointer,
	.key = x11_key,
	.text = x11_text,
	.resize = x11_resize,
	.set_clipboard = x11_set_clipboard,
};

int screen_x11_init(struct screen *s, const char *where, struct err *e)
{
	struct x11 *x;
	unsigned number;
	int r;

	*s = (struct screen){.files = -1};
	if (!where)
		where = getenv("DISPLAY");
	if (!where || !*where)
		return err_set(e, ENODEV, "no display: DISPLAY is not set");
	if (parse_display(where, &number) < 0)
		return err_set(e, EINVAL, "DISPLAY=%s is no X display of this machine (\":99\")",
			       where);
	r = screen_memory(s, e);
	if (r < 0)
		return r;
	x = xcalloc(1, sizeof(*x));
	*x = (struct x11){.s = s, .number = number, .shm_id = -1};
	x->keys.queue = xcalloc(TEXT_MAX, sizeof(*x->keys.queue));
	s->ops = &x11_ops;
	s->priv = x;
	make_segment(x);
	r = find_cookies(s, x, e);
	if (r < 0)
		screen_finish(s);
	return r;
}
