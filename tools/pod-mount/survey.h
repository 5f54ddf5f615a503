/* SPDX-License-Identifier: Apache-2.0 */
/* What diff, commit and rollback begin with: the pod, opened, and its changes, listed. */
#ifndef POD_MOUNT_SURVEY_H
#define POD_MOUNT_SURVEY_H

#include <stdbool.h>

#include "libcommon/err.h"
#include "libcommon/plan.h"
#include "libcommon/pod.h"
#include "libcommon/writers.h"
#include "tools/pod-mount/base.h"
#include "tools/pod-mount/change.h"
#include "tools/pod-mount/ids.h"
#include "tools/pod-mount/layers.h"
#include "tools/pod-mount/mask.h"
#include "tools/pod-mount/provenance.h"
#include "tools/pod-mount/track.h"
#include "tools/pod-mount/walk.h"

struct survey {
	struct pod pod;
	struct plan plan;
	struct stack stack;
	struct bases bases;
	struct mask mask;
	struct track track;
	struct id_map ids;
	struct strv covers; /* host paths */
	struct tree *trees; /* one a cover; layers[0] is the upper, then the stack from the top */
	size_t nlayers;     /* of each tree: stack.n + 1 */
	bool *quiet;        /* per layer: setup and base layers, without --setup */
	struct run_notes *runs;  /* per layer, once asked for */
	struct writers *writers; /* once asked for, see written.h */
	struct changes changes;
	struct renames renames;
	bool adopted; /* the pod is somebody else's to close */
	bool live;    /* a process lives in the pod */
	bool foreign; /* the layers are a change set's, see survey_carry() */
	bool window;  /* seen through a window: conflicts with the host are not looked for */
	int fault;    /* -errno: a look at a layer failed, and what is planned must not be done */
};

#define OWN_SURVEY __attribute__((cleanup(survey_finish)))
#define SURVEY_INIT             \
	{                       \
		.pod = POD_INIT \
	}

/*
 * Open the pod and lock it (waiting wait_ms, then status 75), finish what a crash cut off, open all
 * layers and the host's side.  all, setup: the options of these names.  layer, since, until: a
 * layer's id or name, "upper" or NULL; see window.h.
 */
struct survey_opts {
	bool all, setup;
	const char *layer, *since, *until;
	const struct stack *stack; /* NULL, or in the place of the pod's stack and its upper */
	int wait_ms;
};
int survey_open(struct survey *s, const char *pod, const struct survey_opts *o, struct err *e);
/* The same for a pod that is open and locked, and recovered; it stays the caller's. */
int survey_adopt(struct survey *s, const struct pod *p, const struct survey_opts *o, struct err *e);
/*
 * Put a change set in the place of the pod's layers: the open directory `tree` has a directory for
 * each of these host filesystems.  Conflicts are the caller's to find.
 */
int survey_carry(struct survey *s, const struct strv *covers, int tree, struct err *e);
/* Must the layers stay as they are?  Then nothing is moved or taken out of them. */
bool survey_is_fixed(const struct survey *s);
/* List the changes, marks included, in path order; again after the layers were changed. */
int survey_walk(struct survey *s, struct err *e);
void survey_finish(struct survey *s);

/* The id of a layer by its index in the trees; NULL for the upper. */
const char *survey_layer_id(const struct survey *s, unsigned source);
/* Its name for people: "upper", or the stack's kind and name. */
const char *survey_layer_name(const struct survey *s, unsigned source);
/* The runs that can have made a change, the layer being theirs; none when that is not known. */
const struct run_notes *survey_runs(struct survey *s, const struct change *c);
/* The directory of a cover in a layer, -1 when it has none. */
int survey_layer_fd(const struct survey *s, unsigned cover, unsigned source);
/* An absolute path within its cover: "" for the cover itself, else "a/b". */
const char *survey_within(const struct survey *s, unsigned cover, const char *path);

#endif
