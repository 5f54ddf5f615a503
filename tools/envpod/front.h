/* SPDX-License-Identifier: Apache-2.0 */
/* What the front end's commands share: command lines of other tools, printed or run. */
#ifndef ENVPOD_FRONT_H
#define ENVPOD_FRONT_H

#include <stdbool.h>

#include "libcommon/buf.h"
#include "libcommon/err.h"
#include "libcommon/pod.h"

/* envpod --print COMMAND: show the tools' command lines and touch nothing. */
extern bool front_print;

/* A command line from words, ended by NULL. */
void front_words(struct strv *argv, ...) __attribute__((sentinel));

/* Become that tool, or print it.  Returns an exit status: `return front_exec(&argv);`. */
int front_exec(const struct strv *argv);

/* Run it and wait, or print it: its exit status, or one of ours after a message. */
int front_run(const struct strv *argv);

/* The same, with its standard output appended to out (bounded to 16 MiB). */
int front_capture(const struct strv *argv, struct buf *out);

/* Hand argv[1..] on to `TOOL WORD`, with --cwd of the caller where the tool wants it. */
int front_pass(const char *tool, const char *word, bool cwd, int argc, char **argv);

/* For each named pod, or with all for every pod there is: the highest status of fn. */
int front_each(int n, char **names, bool all, int (*fn)(const char *name));

/* Names of all pods, sorted. */
int front_names(struct strv *names, struct err *e);

/* 75 with words for a pod that is frozen: what is born there would wait for ever. */
int front_check_thawed(const struct pod *p);

/* What a pod is doing: broken | created | running | frozen | stopped. */
const char *front_state(const struct pod *p);

/* One audit event of the front end's without further fields, synced. */
int front_record(const char *pod, const char *event);

/* End every process of a pod at once, and a background run that is just being started. */
int session_kill(const char *name);
/* Run its start command in the background, without a word: it runs when this returns 0. */
int session_start(const char *name);

/* Every command; see the table in main.c. */
int cmd_init(int argc, char **argv);
int cmd_setup(int argc, char **argv);
int cmd_run(int argc, char **argv);
int cmd_up(int argc, char **argv);
int cmd_start(int argc, char **argv);
int cmd_stop(int argc, char **argv);
int cmd_restart(int argc, char **argv);
int cmd_fg(int argc, char **argv);
int cmd_logs(int argc, char **argv);
int cmd_diff(int argc, char **argv);
int cmd_show(int argc, char **argv);
int cmd_commit(int argc, char **argv);
int cmd_apply(int argc, char **argv);
int cmd_rollback(int argc, char **argv);
int cmd_undo(int argc, char **argv);
int cmd_snapshot(int argc, char **argv);
int cmd_base(int argc, char **argv);
int cmd_clone(int argc, char **argv);
int cmd_cp(int argc, char **argv);
int cmd_gc(int argc, char **argv);
int cmd_fsck(int argc, char **argv);
int cmd_screen(int argc, char **argv);
int cmd_ls(int argc, char **argv);
int cmd_service(int argc, char **argv);
int cmd_status(int argc, char **argv);
int cmd_destroy(int argc, char **argv);
int cmd_kill(int argc, char **argv);
int cmd_display(int argc, char **argv);
int cmd_resize(int argc, char **argv);
int cmd_remote(int argc, char **argv);
int cmd_lock(int argc, char **argv);
int cmd_unlock(int argc, char **argv);
int cmd_audit(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_doctor(int argc, char **argv);
int cmd_dns(int argc, char **argv);
int cmd_why(int argc, char **argv);
int cmd_budget(int argc, char **argv);
int cmd_plugins(int argc, char **argv);
int cmd_presets(int argc, char **argv);
int cmd_dashboard(int argc, char **argv);
int cmd_ports(int argc, char **argv);
int cmd_expose(int argc, char **argv);
int cmd_verify(int argc, char **argv);
int cmd_vault(int argc, char **argv);
int cmd_monitor(int argc, char **argv);
int cmd_mount(int argc, char **argv);
int cmd_unmount(int argc, char **argv);
int cmd_queue(int argc, char **argv);
int cmd_approve(int argc, char **argv);
int cmd_deny(int argc, char **argv);
int cmd_cancel(int argc, char **argv);
int cmd_actions(int argc, char **argv);
int cmd_completions(int argc, char **argv);
int cmd_about(int argc, char **argv);

#endif
