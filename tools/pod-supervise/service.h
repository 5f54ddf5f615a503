/* SPDX-License-Identifier: Apache-2.0 */
/* The daemons of a pod: the list of them, and what is known of each. */
#ifndef POD_SUPERVISE_SERVICE_H
#define POD_SUPERVISE_SERVICE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "libcommon/buf.h"
#include "libcommon/err.h"
#include "libcommon/pod.h"
#include "tools/pod-supervise/sockets.h"

#define SERVICES_MAX 8
#define SERVICE_NAME 24

enum service_state { SERVICE_WAITING, SERVICE_STARTING, SERVICE_UP, SERVICE_RESTING };

struct service {
	char name[SERVICE_NAME];
	struct strv argv;
	struct sockets sockets; /* that it listens on, in the pod's network */
	bool may_rest;          /* ended with status 0, it had nothing to do: until it is woken */
	bool woken;             /* since it was started */
	enum service_state state;
	pid_t pid; /* 0: none lives */
	unsigned long long start;
	int pidfd;  /* of one we adopted: it is nobody's child of ours */
	int ready;  /* its byte comes here; -1 afterwards */
	int events; /* write end of its pipe to the writer */
	unsigned restarts, delay_ms;
	int64_t since, due; /* ms: of this state; of the next start, or the end of our patience */
};

struct services {
	struct service v[SERVICES_MAX];
	int n;
	unsigned wakes; /* how often somebody woke those who rest */
};

/* RUN/NAME/services: "NAME WORD WORD..." a line, or NAME? for one that may rest; the first
 * WORD may be listen=SOCKETS (sockets.h).  -EINVAL with e
 * for what cannot be read so. */
int services_read(struct services *s, const struct pod *p, struct err *e);
int services_parse(struct services *s, const char *text, size_t len, struct err *e);
void services_finish(struct services *s);

/* services.json, for eyes; services.state, for the next keeper: "NAME PID START STATE" a line (PID
 * 0 when none lives), and "wakes N". */
void services_save(const struct services *s, const struct pod *p);

/* Those of services.state that live: adopted where the list has them, else ended. */
void services_adopt(struct services *s, const struct pod *p);
/* The same for one who only looks: nobody is ended, and states are those of the file. */
void services_look(struct services *s, const struct pod *p);
/* End whoever is left of a keeper that is gone. */
void services_end_orphans(const struct pod *p);

const char *service_state(const struct service *s);

#endif
