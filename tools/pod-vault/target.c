/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-vault/target.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "envpod/exit.h"
#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/record.h"
#include "tools/pod-vault/store.h"

int pod_vault_dir(const struct pod *p, bool make, struct err *e)
{
	int fd;

	if (make && mkdirat(p->dir, "vault", 0700) < 0 && errno != EEXIST)
		return err_set(e, errno, "make %s/vault", p->path);
	fd = openat(p->dir, "vault", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 && errno == ENOENT)
		return -ENOENT;
	return fd < 0 ? err_set(e, errno, "open %s/vault", p->path) : fd;
}

int pod_vault_id(const struct pod *p, unsigned char id[SEAL_ID], struct err *e)
{
	char text[2 * SEAL_ID + 2];
	int r = read_line_at(p->dir, "vaultid", text, sizeof(text));

	if (r == -ENOENT)
		return r;
	if (r < 0 || secret_unhex(id, SEAL_ID, text, strlen(text)) < 0)
		return err_status(e, POD_EXIT_CONFIG, r < 0 ? -r : ERR_PLAIN,
				  "%s/vaultid is damaged", p->path);
	return 0;
}

/* STATE/vault/SCOPE; -ENOENT when it is not there. */
static int scope_dir(const char *name, bool make, struct err *e)
{
	OWN_FD int state = open(pod_state_dir(), O_PATH | O_DIRECTORY | O_CLOEXEC);
	OWN_FREE char *path = xfmt("vault/%s", name);
	int r, fd;

	if (state < 0)
		return err_set(e, errno, "open %s", pod_state_dir());
	r = make ? mkdir_p_at(state, path, 0700) : 0;
	fd = r < 0 ? r : open_beneath(state, path, O_RDONLY | O_DIRECTORY, 0);
	if (fd >= 0 || fd == -ENOENT)
		return fd;
	return err_set(e, -fd, "open %s/%s", pod_state_dir(), path);
}

static int open_pod(struct target *t, const char *name, struct err *e)
{
	int r = pod_open(&t->pod, name, e);

	if (r < 0)
		return r;
	t->name = t->pod.name;
	r = pod_vault_id(&t->pod, t->id, e);
	if (r < 0 && r != -ENOENT)
		return r;
	t->has_id = r == 0;
	t->dir = pod_vault_dir(&t->pod, false, e);
	return t->dir == -ENOENT || t->dir >= 0 ? 0 : t->dir;
}

int target_open(struct target *t, const char *pod, const char *scope, struct err *e)
{
	int r = pod_check_caller(e);

	if (r < 0 || !scope)
		return r < 0 ? r : open_pod(t, pod, e);
	r = pod_check_name(scope, e);
	if (r < 0)
		return err_wrap(e, "scope");
	t->shared = true;
	t->name = scope;
	t->dir = scope_dir(scope, false, e);
	return t->dir == -ENOENT || t->dir >= 0 ? 0 : t->dir;
}

void target_finish(struct target *t)
{
	pod_finish(&t->pod);
	own_close(&t->dir);
}

struct scope *target_scope(const struct target *t, const struct vault *v, struct err *e)
{
	struct scope *s = t->shared   ? index_shared(&v->index, t->name)
			  : t->has_id ? index_pod(&v->index, t->name, t->id)
				      : NULL;

	if (!s && t->dir >= 0 && store_has_any(t->dir))
		err_status(e, POD_EXIT_CONFIG, ERR_PLAIN,
			   "the sealed secrets of %s were made elsewhere: the index of this vault "
			   "does not know them (remove %s%s%s to begin anew)",
			   t->name, t->shared ? pod_state_dir() : t->pod.path, "/vault",
			   t->shared ? "/…" : "");
	return s;
}

static int make_dir(struct target *t, struct err *e)
{
	own_close(&t->dir);
	t->dir = t->shared ? scope_dir(t->name, true, e) : pod_vault_dir(&t->pod, true, e);
	return t->dir < 0 ? t->dir : 0;
}

static int write_id(struct target *t, const struct scope *s, struct err *e)
{
	char text[2 * SEAL_ID + 2];
	int r;

	secret_hex(text, s->id, SEAL_ID);
	text[2 * SEAL_ID] = '\n';
	r = write_file_at(t->pod.dir, "vaultid", text, 2 * SEAL_ID + 1, 0600, true);
	if (r < 0)
		return err_set(e, -r, "write %s/vaultid", t->pod.path);
	memcpy(t->id, s->id, SEAL_ID);
	t->has_id = true;
	return 0;
}

/* The id is on disk before anything is sealed with it; alone it opens nothing. */
struct scope *target_make(struct target *t, struct vault *v, struct err *e)
{
	struct scope *s = target_scope(t, v, e);

	if (s || e->msg[0])
		return make_dir(t, e) == 0 ? s : NULL;
	if (!t->shared)
		index_drop_pod(&v->index, t->name); /* of a pod of that name that is gone */
	s = index_add(&v->index, t->shared, t->name, e);
	if (!s || make_dir(t, e) < 0 || (!t->shared && write_id(t, s, e) < 0))
		return NULL;
	return s;
}

static int record(const char *pod, const char *event, const char *scope, char *const *keys,
		  struct err *e)
{
	OWN_EVENT struct event ev;

	event_init(&ev, pod, "vault", event);
	if (scope)
		event_str(&ev, "scope", scope);
	if (keys)
		event_strv(&ev, "keys", keys);
	return record_event(&ev, true, e);
}

bool target_is_there(const struct scope *s)
{
	OWN(pod_finish) struct pod p = POD_INIT;
	struct err ignored = {0};
	unsigned char id[SEAL_ID];

	return pod_open(&p, s->name, &ignored) == 0 && pod_vault_id(&p, id, &ignored) == 0 &&
	       memcmp(id, s->id, SEAL_ID) == 0;
}

int target_record(const struct target *t, const struct vault *v, const char *event,
		  char *const *keys, struct err *e)
{
	const struct scope *shared = t->shared ? index_shared(&v->index, t->name) : NULL;
	int r = 0;

	if (!t->shared)
		return record(t->name, event, NULL, keys, e);
	for (size_t i = 0; i < v->index.n && shared && r == 0; i++) {
		const struct scope *s = &v->index.scopes[i];

		if (!s->shared && scope_has_pod(shared, s->id) && target_is_there(s))
			r = record(s->name, event, t->name, keys, e);
	}
	return r;
}
