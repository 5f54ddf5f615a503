/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-dns/history.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "libcommon/jsonr.h"
#include "libcommon/own.h"
#include "libcommon/record.h"

static void read_answers(struct json *j, struct history_event *ev)
{
	char spare[48];

	if (!json_open(j, '['))
		return;
	while (json_element(j)) {
		bool room = ev->n_answers < HISTORY_ANSWERS;

		if (json_string(j, room ? ev->answers[ev->n_answers] : spare, sizeof(spare)) &&
		    room)
			ev->n_answers++;
	}
}

static void read_member(struct json *j, const char *key, struct history_event *ev)
{
	const struct {
		const char *key;
		char *to;
		size_t size;
	} members[] = {
		{"event", ev->event, sizeof(ev->event)},
		{"src", ev->src, sizeof(ev->src)},
		{"ts", ev->ts, sizeof(ev->ts)},
		{"type", ev->type, sizeof(ev->type)},
		{"rcode", ev->rcode, sizeof(ev->rcode)},
		{"decision", ev->decision, sizeof(ev->decision)},
		{"address", ev->address, sizeof(ev->address)},
		{"name", ev->name, sizeof(ev->name)},
		{"rule", ev->rule, sizeof(ev->rule)},
		{"reason", ev->reason, sizeof(ev->reason)},
	};

	if (strcmp(key, "answers") == 0) {
		read_answers(j, ev);
		return;
	}
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		if (strcmp(key, members[i].key) == 0 && json_peek(j) == '"') {
			json_string(j, members[i].to, members[i].size);
			return;
		}
	json_skip(j);
}

bool history_parse(const char *line, size_t len, struct history_event *ev)
{
	struct json j;
	char key[64];

	*ev = (struct history_event){.n_answers = 0};
	json_init(&j, line, len);
	if (json_open(&j, '{'))
		while (json_member(&j, key, sizeof(key)))
			read_member(&j, key, ev);
	return !j.fault && (strcmp(ev->src, "dns") == 0 || strcmp(ev->src, "proxy") == 0 ||
			    strcmp(ev->src, "net") == 0);
}

struct reading {
	const char *like;
	void (*fn)(void *arg, const struct history_event *ev);
	void *arg;
};

static void read_lines(const struct reading *r, const char *data, size_t len)
{
	const char *p = data, *end = data + len;
	struct history_event ev;

	while (p < end) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));
		size_t n = (size_t)((nl ? nl : end) - p);

		if ((!r->like || memmem(p, n, r->like, strlen(r->like))) &&
		    history_parse(p, n, &ev))
			r->fn(r->arg, &ev);
		p += n + 1;
	}
}

static int read_segment(const struct reading *r, int dir, unsigned number, struct err *e)
{
	char name[32];
	OWN_FD int fd = -1;
	struct stat st;
	char *map;

	snprintf(name, sizeof(name), "%06u.jsonl", number);
	fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_set(e, errno, "open audit/%s", name);
	if (st.st_size == 0)
		return 0;
	map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (map == MAP_FAILED)
		return err_set(e, errno, "read audit/%s", name);
	read_lines(r, map, (size_t)st.st_size);
	munmap(map, (size_t)st.st_size);
	return 0;
}

static unsigned newest(DIR *d)
{
	const struct dirent *ent;
	unsigned most = 0;

	while ((ent = readdir(d))) {
		unsigned n = record_segment_number(ent->d_name);

		if (n > most)
			most = n;
	}
	return most;
}

int history_each(const struct pod *p, const char *like,
		 void (*fn)(void *arg, const struct history_event *ev), void *arg, struct err *e)
{
	const struct reading r = {like, fn, arg};
	OWN_FD int fd = openat(p->dir, "audit", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	OWN_DIR DIR *d = NULL;
	unsigned last, first;
	int result = 0;

	if (fd < 0)
		return errno == ENOENT ? 0 : err_set(e, errno, "open the audit log of %s", p->name);
	d = fdopendir(fd);
	if (!d)
		return err_set(e, errno, "list the audit log of %s", p->name);
	take_fd(&fd);
	last = newest(d);
	first = last >= HISTORY_SEGMENTS ? last - HISTORY_SEGMENTS + 1 : 1;
	for (unsigned n = first; n <= last && result == 0; n++)
		result = read_segment(&r, dirfd(d), n, e);
	return result;
}
