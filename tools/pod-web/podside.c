/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-web/podside.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "libcommon/jsonr.h"
#include "libcommon/own.h"

/* Below where we stand, which is the root by then: nothing else can be named. */
int podside_connect(const char *name)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	OWN_FD int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -errno;
	snprintf(at.sun_path, sizeof(at.sun_path), "sock/%s", name);
	if (connect(fd, (const struct sockaddr *)&at, sizeof(at)) < 0)
		return -errno;
	return take_fd(&fd);
}

static int cut_line(struct buf *in, struct buf *line)
{
	char *end = in->len ? memchr(in->data, '\n', in->len) : NULL;
	size_t n;

	if (!end)
		return in->len >= PODSIDE_LINE ? -EPROTO : 0;
	n = (size_t)(end - in->data);
	buf_clear(line);
	buf_add(line, in->data, n);
	in->len -= n + 1;
	memmove(in->data, end + 1, in->len);
	return 1;
}

int podside_line(int fd, struct buf *in, struct buf *line)
{
	char piece[PODSIDE_LINE];
	int r = cut_line(in, line);
	ssize_t n;

	if (r != 0)
		return r;
	n = recv(fd, piece, sizeof(piece) - in->len, 0);
	if (n < 0)
		return errno == EAGAIN ? 0 : -errno;
	if (n == 0)
		return -EPIPE;
	buf_add(in, piece, (size_t)n);
	return cut_line(in, line);
}

/* A text that is longer than there is room for is no text of theirs. */
static void take_text(struct json *j, char *out, size_t size)
{
	OWN_BUF struct buf b = BUF_INIT;

	if (!json_text(j, &b))
		return;
	if (b.len >= size)
		json_wrong(j, "too long");
	else
		snprintf(out, size, "%s", b.len ? b.data : "");
}

bool podside_answer(struct podside_answer *a, const char *line, size_t len)
{
	struct json j;
	char key[16];
	bool said = false;

	*a = (struct podside_answer){.size = -1};
	json_init(&j, line, len);
	if (!json_open(&j, '{'))
		return false;
	while (json_member(&j, key, sizeof(key))) {
		if (strcmp(key, "ok") == 0 && (json_peek(&j) == 't' || json_peek(&j) == 'f')) {
			a->ok = json_peek(&j) == 't';
			said = true;
			json_skip(&j);
		} else if (strcmp(key, "error") == 0) {
			take_text(&j, a->error, sizeof(a->error));
		} else if (strcmp(key, "message") == 0) {
			take_text(&j, a->message, sizeof(a->message));
		} else if (strcmp(key, "path") == 0) {
			take_text(&j, a->path, sizeof(a->path));
		} else if (strcmp(key, "size") == 0) {
			json_integer(&j, &a->size);
		} else {
			json_skip(&j);
		}
	}
	return json_end(&j) && said;
}
