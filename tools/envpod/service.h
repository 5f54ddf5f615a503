/* SPDX-License-Identifier: Apache-2.0 */
/* A pod as a service of the host. */
#ifndef ENVPOD_SERVICE_H
#define ENVPOD_SERVICE_H

#include <stdbool.h>

/* Is there a unit of ours for it? */
bool service_exists(const char *pod);
/*
 * Is it systemd's to start and stop?  Then `systemctl WORD` of its unit does that (0 or an exit
 * status in *status); not where the unit itself is asking.
 */
bool service_asks(const char *pod, const char *word, int *status);
/* As `envpod service register POD` does: an exit status. */
int service_register(const char *pod, const char *workdir);

#endif
