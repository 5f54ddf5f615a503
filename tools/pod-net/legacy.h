/* SPDX-License-Identifier: Apache-2.0 */
/* The older iptables, whose rules nf_tables does not list: only whether they drop what is
 * forwarded.
 */
#ifndef POD_NET_LEGACY_H
#define POD_NET_LEGACY_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Does the FORWARD chain of the table `filter` there end in a drop, and name no interface that
 * begins with prefix?  A table that nobody has made is not made by asking.
 */
bool legacy_drops(bool six, const char *prefix);

/* Is the standard entry at offset `at` of the table's data one that drops? */
bool legacy_is_drop(const unsigned char *data, size_t len, size_t at, bool six);

#endif
