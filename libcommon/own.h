/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ownership by scope: what is declared with one of these is let go when the scope is left.
 * take_fd() and take_ptr() move the ownership out.  ("unused": clang does not count being held.)
 */
#ifndef LIBCOMMON_OWN_H
#define LIBCOMMON_OWN_H

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static inline void own_close(const int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	errno = saved;
}

static inline void own_free(void *p)
{
	free(*(void **)p);
}

static inline void own_fclose(FILE *const *f)
{
	if (*f)
		fclose(*f);
}

static inline void own_closedir(DIR *const *d)
{
	if (*d)
		closedir(*d);
}

#define OWN_FD   __attribute__((unused, cleanup(own_close)))
#define OWN_FREE __attribute__((unused, cleanup(own_free)))
#define OWN_FILE __attribute__((unused, cleanup(own_fclose)))
#define OWN_DIR  __attribute__((unused, cleanup(own_closedir)))
/* For any type with an x_finish(struct x *) that accepts a zeroed struct. */
#define OWN(finish) __attribute__((unused, cleanup(finish)))

static inline int take_fd(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

#define take_ptr(p)                         \
	({                                  \
		__typeof__(p) taken_ = (p); \
		(p) = NULL;                 \
		taken_;                     \
	})

#endif
