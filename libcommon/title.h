/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Our command line as the kernel shows it in /proc/PID/cmdline.  Processes of ours inside a pod
 * overwrite it: -e NAME=VALUE is nobody's business there.
 */
#ifndef LIBCOMMON_TITLE_H
#define LIBCOMMON_TITLE_H

/* Remember where it lies; by main(), before anything is moved.  Whatever is needed is copied. */
void title_keep(int argc, char **argv);
/* Replace it, in a child of ours. */
void title_set(const char *name);

#endif
