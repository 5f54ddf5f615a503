/* SPDX-License-Identifier: Apache-2.0 */
/* What of the host may be shown to a pod without an overlay and without the mask. */
#include <string.h>

#include "envpod/exit.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "tools/pod-mount/binds.h"
#include "tools/pod-mount/view.h"

/* Sockets through which the host can be commanded, and the directories that hold them. */
static const char *const control[] = {
	"/run/docker.sock",
	"/run/docker",
	"/run/containerd",
	"/run/podman",
	"/run/crio",
	"/run/k3s",
	"/run/systemd",
	"/run/dbus",
	"/run/libvirt",
	"/run/lxd.socket",
	"/run/incus",
	"/run/snapd.socket",
	"/run/snapd-snap.socket",
	"/run/udev",
	"/run/user",
	"/run/cups",
	"/run/pcscd",
	"/var/lib/lxd",
	"/var/snap/lxd",
	"/var/lib/incus",
	"/var/lib/docker",
	"/tmp/.X11-unix",
	"/proc",
	"/sys",
	"/dev",
	NULL,
};

static int refuse(const struct bind_ask *b, const char *why, const char *what, struct err *e)
{
	return err_status(e, POD_EXIT_REFUSED, ERR_PLAIN, "mount %s: %s%s%s", esc(b->source), why,
			  what ? " " : "", what ? esc(what) : "");
}

static const char *hidden_in(const struct mask *m, const char *dir)
{
	for (size_t i = 0; i < m->n; i++)
		if ((m->v[i].kind == MASK_HIDDEN || m->v[i].kind == MASK_EMPTIED) &&
		    path_below(m->v[i].path, dir) && !path_below(m->v[i].path, pod_state_dir()))
			return m->v[i].path;
	return NULL;
}

/* within: the mount that gives `real` its name; what is said of paths above it does not reach in.
 */
static int judge_masks(const struct mask *m, const struct bind_ask *b, const char *real,
		       const char *within, struct err *e)
{
	const struct mask_entry *en = mask_find(m, real);
	const char *inside;

	if (en && (en->kind == MASK_HIDDEN || en->kind == MASK_EMPTIED) &&
	    path_below(en->path, within))
		return refuse(b,
			      "it is masked; name it under filesystem.reveal, or use --unsafe. "
			      "The mask is",
			      en->path, e);
	inside = hidden_in(m, real);
	if (inside)
		return refuse(b,
			      "it holds masked paths, which a bind would show; use cow: true, "
			      "reveal them, or use --unsafe. One is",
			      inside, e);
	return 0;
}

static bool touches(const char *a, const char *b)
{
	return path_below(a, b) || path_below(b, a);
}

static int judge_path(const struct view *v, const struct bind_ask *b, const char *real,
		      const char *within, struct err *e)
{
	const char *const ours[] = {pod_state_dir(), pod_run_dir(), NULL};

	for (const char *const *d = ours; *d; d++)
		if (path_below(*d, within) && touches(real, *d))
			return refuse(b, "envpod's own directory is never shown to a pod:", *d, e);
	if (v->unsafe)
		return 0;
	for (const char *const *d = control; *d; d++)
		if (path_below(*d, within) && touches(real, *d))
			return refuse(b,
				      "the host can be commanded through what lies there; "
				      "--unsafe mounts it all the same:",
				      *d, e);
	return judge_masks(v->mask, b, real, within, e);
}

/* The same directory may have other names, where the host has bind mounts: each is judged. */
int bind_judge(const struct view *v, const struct bind_ask *b, const char *real, struct err *e)
{
	const struct mount_row *home = mounts_find(v->host, real);
	OWN_FREE char *fspath = home ? mount_fspath(home, real) : NULL;
	int r = judge_path(v, b, real, "/", e);

	for (size_t i = 0; r == 0 && home && i < v->host->n; i++) {
		const struct mount_row *row = &v->host->v[i];
		OWN_FREE char *other = NULL;

		if (row == home || row->dev != home->dev || !mount_is_real(row))
			continue;
		if (path_below(fspath, row->root))
			other = path_clean(row->point, path_from(fspath, row->root));
		else if (path_below(row->root, fspath))
			other = xstrdup(row->point);
		if (other)
			r = judge_path(v, b, other, row->point, e);
	}
	return r;
}
