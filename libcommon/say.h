/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages for people, on stderr: "tool: text", one write(2) each, errno kept.
 * Not the audit log: that is record.h.
 */
#ifndef LIBCOMMON_SAY_H
#define LIBCOMMON_SAY_H

#include "libcommon/err.h"

void say_name(const char *tool); /* the name in front; kept by reference */
void say_verbose(int on);        /* say_note() is heard only then, or under ENVPOD_LOG=debug */

void say_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void say_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void say_note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Print e and return the exit status that follows from it: `return say_err(&e);` in cmd_*(). */
int say_err(const struct err *e);

/* Print and exit; in main.c and cmd_*() only, while nothing outlives the process. */
void die(int status, const char *fmt, ...) __attribute__((noreturn, format(printf, 2, 3)));

/* Flush stdout and turn a write error (full disk) into POD_EXIT_FAILED; else returns status. */
int say_end(int status);

#endif
