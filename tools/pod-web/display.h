/* SPDX-License-Identifier: Apache-2.0 */
/* Who looks at the desktop. */
#ifndef POD_WEB_DISPLAY_H
#define POD_WEB_DISPLAY_H

#include "libcommon/web_socket.h"
#include "tools/pod-web/front.h"

struct viewer {
	struct viewer *next;
	struct front *front;
	struct web_request *q;
	struct watch pod;
	uint32_t number, session;
	bool is_view;     /* may not touch anything */
	bool is_replaced; /* came again by another connection */
	char greeting[12];
	uint64_t from_pod, from_viewer; /* bytes */
	struct buf to_pod;              /* waits for the pod to take it */
	uint64_t since_ms, moved_ms;    /* the pod last took something */
	uint64_t full_ms;               /* too much waits for the viewer, since then; 0: not so */
};

/* The viewer of that number, or NULL. */
struct viewer *viewer_find(const struct front *f, uint32_t number);

#endif
