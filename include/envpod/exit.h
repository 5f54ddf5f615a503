/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exit statuses of every envpod program; the same table stands on every man page.
 * After sysexits(3), grep(1) and env(1).
 */
#ifndef ENVPOD_EXIT_H
#define ENVPOD_EXIT_H

enum pod_exit {
	POD_EXIT_OK = 0,           /* done; for a question: yes */
	POD_EXIT_NO = 1,           /* the question was answered "no" */
	POD_EXIT_FAILED = 2,       /* failed; one line on stderr says what */
	POD_EXIT_REFUSED = 3,      /* refused by policy or conflict; refused paths are unchanged */
	POD_EXIT_USAGE = 64,       /* wrong usage */
	POD_EXIT_BUSY = 75,        /* somebody holds the lock: try again */
	POD_EXIT_UNSUPPORTED = 77, /* not permitted, or this kernel lacks the feature */
	POD_EXIT_CONFIG = 78,      /* the pod file or a rule file is wrong */
	POD_EXIT_BEFORE_RUN = 125, /* a command that runs a program: we failed before the exec */
	POD_EXIT_CANNOT_RUN = 126, /* the program was found and could not be executed */
	POD_EXIT_NOT_FOUND = 127,  /* the program was not found */
	POD_EXIT_SIGNAL = 128,     /* 128 + N: the program died of signal N */
};

#endif
