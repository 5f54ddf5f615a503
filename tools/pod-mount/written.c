/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-mount/written.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "libcommon/clock.h"
#include "libcommon/jsonw.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/unit.h"
#include "tools/pod-mount/raw.h"
#include "tools/pod-mount/watched.h"

void written_ask(struct survey *s)
{
	if (s->writers)
		return;
	s->writers = xcalloc(1, sizeof(*s->writers));
	watched_read(&s->pod, s->writers);
}

const struct written *written_find(const struct survey *s, const struct change *c)
{
	OWN_BUF struct buf path = BUF_INIT;
	OWN_FD int fd = -1;
	struct written_file now;
	struct stat st;

	if (!s->writers || s->foreign || c->source == SOURCE_NONE || !S_ISREG(c->mode))
		return NULL;
	fd = raw_open(s, c, O_PATH | O_NOFOLLOW);
	if (fd < 0 || fstat(fd, &st) < 0)
		return NULL;
	now = (struct written_file){change_path(c, &path), clock_ns(&st.st_mtim),
				    (uint64_t)st.st_size, st.st_ino};
	return writers_find(s->writers, &now);
}

/* Of a pod that was never traced nothing is said at all. */
void written_text(struct buf *out, const struct survey *s, const struct change *c)
{
	const struct written *w = written_find(s, c);
	char when[UNIT_TIME_LEN];

	if (!s->writers || s->writers->n == 0)
		return;
	if (!w) {
		buf_str(out, "; command not seen");
		return;
	}
	unit_time(w->time_ns, when);
	buf_str(out, "; written by ");
	buf_esc(out, w->command);
	buf_fmt(out, " (pid %llu, %.10s %.8s UTC)", (unsigned long long)w->pid, when, when + 11);
}

void written_json(struct buf *b, const struct survey *s, const struct change *c)
{
	const struct written *w = written_find(s, c);
	char when[UNIT_TIME_LEN];

	if (!s->writers)
		return;
	jw_key(b, "why");
	jw_open(b, '{');
	jw_kbool(b, "seen", w);
	if (w) {
		unit_time(w->time_ns, when);
		jw_kstr(b, "command", w->command);
		jw_kstr(b, "time", when);
		jw_kstr(b, "run", w->run);
		jw_knum(b, "pid", (int64_t)w->pid);
	}
	jw_close(b, '}');
}
