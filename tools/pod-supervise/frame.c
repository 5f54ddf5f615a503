/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-supervise/frame.h"

#include <errno.h>

/* What each type may carry. */
static const struct {
	enum frame_type type;
	size_t min, max;
} shapes[] = {
	{FRAME_OUTPUT, 1, FRAME_MAX},
	{FRAME_EXIT, 1, 1},
	{FRAME_INPUT, 1, FRAME_MAX},
	{FRAME_SIZE, 4, 4},
};

static int shape_of(unsigned char type, size_t len)
{
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
		if ((unsigned char)shapes[i].type == type)
			return len >= shapes[i].min && len <= shapes[i].max ? (int)i : -EINVAL;
	return -EINVAL;
}

int frame_parse(struct frame *f, const void *data, size_t len)
{
	const unsigned char *p = data;
	size_t size;
	int shape;

	if (len < FRAME_HEAD)
		return 0;
	size = (size_t)p[1] << 24 | (size_t)p[2] << 16 | (size_t)p[3] << 8 | p[4];
	shape = shape_of(p[0], size);
	if (shape < 0)
		return shape;
	if (len < FRAME_HEAD + size)
		return 0;
	*f = (struct frame){.type = shapes[shape].type, .len = size, .data = p + FRAME_HEAD};
	return (int)(FRAME_HEAD + size);
}

void frame_add(struct buf *b, enum frame_type type, const void *data, size_t len)
{
	const unsigned char head[FRAME_HEAD] = {(unsigned char)type, 0, 0,
						(unsigned char)(len >> 8), (unsigned char)len};

	buf_add(b, head, sizeof(head));
	buf_add(b, data, len);
}
