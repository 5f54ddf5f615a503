/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What viewers say (RFC 6143), measured and taken apart before anything else sees it.  A message of
 * a type that is not here ends the viewer: there is no file transfer, no chat, no scaling.
 */
#ifndef POD_DISPLAY_RFB_H
#define POD_DISPLAY_RFB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RFB_VERSION      "RFB 003.008\n"
#define RFB_VERSION_SIZE 12
#define RFB_CUT_MAX      (1u << 20)
#define RFB_ENCODINGS    64 /* of a viewer's list; those after them are left out */

enum rfb_type {
	RFB_PIXEL_FORMAT = 0,
	RFB_SET_ENCODINGS = 2,
	RFB_REQUEST = 3,
	RFB_KEY = 4,
	RFB_POINTER = 5,
	RFB_CUT = 6,
	RFB_SET_SIZE = 251,
};

struct rfb_message {
	enum rfb_type type;
	const uint8_t *data; /* all of it, with its type */
	size_t len;
	bool down; /* RFB_KEY */
	uint32_t keysym;
	int x, y; /* RFB_POINTER */
	unsigned buttons;
	int width, height; /* RFB_SET_SIZE */
	bool is_extended;  /* RFB_CUT: text[0..n) is a message of the extended clipboard */
	const uint8_t *text;
	size_t n;
};

/* Is this a version that we speak? */
bool rfb_version_ok(const uint8_t text[RFB_VERSION_SIZE]);
/* The first message of data: its length, 0 if more must come, -EPROTO. */
long rfb_next(struct rfb_message *m, const uint8_t *data, size_t len);
/*
 * The encodings of an RFB_SET_ENCODINGS that we have, as a message of their own in out; its length.
 * Clipboards are left out here: *has_clipboard says whether the viewer knows extended ones.
 */
#define RFB_ENCODINGS_SIZE (4 + 4 * RFB_ENCODINGS)
size_t rfb_encodings(const struct rfb_message *m, uint8_t out[RFB_ENCODINGS_SIZE],
		     bool *has_clipboard);

void put16(uint8_t *to, unsigned n);
void put32(uint8_t *to, uint32_t n);
uint32_t get32(const uint8_t *from);

#endif
