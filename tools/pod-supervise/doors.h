/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Unix sockets that a pod's services listen on, in RUN/NAME/desktop/sock.  They are made here
 * and handed in listening, so that nothing in the pod has a way to them, and connections wait here
 * while a service is started again.  pod-web's account alone may connect.
 */
#ifndef POD_SUPERVISE_DOORS_H
#define POD_SUPERVISE_DOORS_H

#include "libcommon/err.h"
#include "libcommon/pod.h"

/* The directory of them, made when missing (0711) and emptied.  p->run is the set's. */
int doors_open(const struct pod *p, struct err *e);

/* One of them, listening: the descriptor, or -errno with e set. */
int door_make(const struct pod *p, int doors, const char *name, struct err *e);
void door_remove(int doors, const char *name);

#endif
