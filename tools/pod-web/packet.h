/* SPDX-License-Identifier: Apache-2.0 */
/* A packet of sound: length (2 bytes, big endian), microseconds (8), so many bytes of Opus. */
#ifndef POD_WEB_PACKET_H
#define POD_WEB_PACKET_H

#include <errno.h>
#include <stddef.h>

#define PACKET_HEAD 10
#define PACKET_MAX  8192 /* of Opus: 120 ms at its best are less */

/* Bytes of the packet at the beginning of data; 0: it is not whole yet; -EPROTO: it is none. */
static inline int packet_size(const char *data, size_t len)
{
	size_t n;

	if (len < 2)
		return 0;
	n = (size_t)(unsigned char)data[0] << 8 | (unsigned char)data[1];
	if (n > PACKET_MAX)
		return -EPROTO;
	return len < PACKET_HEAD + n ? 0 : (int)(PACKET_HEAD + n);
}

#endif
