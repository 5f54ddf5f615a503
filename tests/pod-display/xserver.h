/* SPDX-License-Identifier: Apache-2.0 */
/* An Xvfb of the test's own, and a program that draws and listens there. */
#ifndef TESTS_POD_DISPLAY_XSERVER_H
#define TESTS_POD_DISPLAY_XSERVER_H

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <xcb/xcb.h>

struct xserver {
	pid_t pid;
	char display[16]; /* ":N" */
};

/* At a number of its own choice, or at number again.  False: it did not come up. */
static inline bool xserver_start(struct xserver *x, const char *size, int number)
{
	char fd[12], name[12], said[16] = "";
	int ready[2];
	ssize_t n = 0;

	if (pipe(ready) < 0)
		return false;
	x->pid = fork();
	if (x->pid == 0) {
		int null = open("/dev/null", O_RDWR);

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(ready[0]);
		dup2(null, 2);
		snprintf(fd, sizeof(fd), "%d", ready[1]);
		snprintf(name, sizeof(name), ":%d", number);
		if (number >= 0)
			execlp("Xvfb", "Xvfb", name, "-displayfd", fd, "-screen", "0", size,
			       "-nolisten", "tcp", "-noreset", (char *)NULL);
		else
			execlp("Xvfb", "Xvfb", "-displayfd", fd, "-screen", "0", size, "-nolisten",
			       "tcp", "-noreset", (char *)NULL);
		_exit(127);
	}
	close(ready[1]);
	for (size_t at = 0; at < sizeof(said) - 1 && !strchr(said, '\n'); at += (size_t)n) {
		n = read(ready[0], said + at, sizeof(said) - 1 - at);
		if (n <= 0)
			break;
	}
	close(ready[0]);
	snprintf(x->display, sizeof(x->display), ":%d", atoi(said));
	return strchr(said, '\n') != NULL;
}

static inline void xserver_stop(struct xserver *x, int signal)
{
	if (x->pid > 0) {
		kill(x->pid, signal);
		waitpid(x->pid, NULL, 0);
	}
	x->pid = 0;
}

struct xclient {
	xcb_connection_t *c;
	xcb_screen_t *root;
	xcb_window_t window; /* the whole screen, without borders */
	xcb_gcontext_t gc;
};

static inline bool xclient_open(struct xclient *x, const char *display)
{
	const uint32_t values[] = {0, 1,
				   XCB_EVENT_MASK_KEY_PRESS | XCB_EVENT_MASK_KEY_RELEASE |
					   XCB_EVENT_MASK_BUTTON_PRESS |
					   XCB_EVENT_MASK_BUTTON_RELEASE | XCB_EVENT_MASK_EXPOSURE |
					   XCB_EVENT_MASK_PROPERTY_CHANGE};

	x->c = xcb_connect(display, NULL);
	if (xcb_connection_has_error(x->c))
		return false;
	x->root = xcb_setup_roots_iterator(xcb_get_setup(x->c)).data;
	x->window = xcb_generate_id(x->c);
	xcb_create_window(x->c, XCB_COPY_FROM_PARENT, x->window, x->root->root, 0, 0, 4000, 4000, 0,
			  XCB_WINDOW_CLASS_INPUT_OUTPUT, XCB_COPY_FROM_PARENT,
			  XCB_CW_BACK_PIXEL | XCB_CW_OVERRIDE_REDIRECT | XCB_CW_EVENT_MASK, values);
	xcb_map_window(x->c, x->window);
	x->gc = xcb_generate_id(x->c);
	xcb_create_gc(x->c, x->gc, x->window, 0, NULL);
	free(xcb_get_input_focus_reply(x->c, xcb_get_input_focus(x->c), NULL));
	return true;
}

static inline void xclient_fill(struct xclient *x, uint32_t colour, xcb_rectangle_t r)
{
	xcb_change_gc(x->c, x->gc, XCB_GC_FOREGROUND, &colour);
	xcb_poly_fill_rectangle(x->c, x->window, x->gc, 1, &r);
	free(xcb_get_input_focus_reply(x->c, xcb_get_input_focus(x->c), NULL));
}

#endif
