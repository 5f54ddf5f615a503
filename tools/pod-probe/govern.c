/* SPDX-License-Identifier: Apache-2.0 */
/* What a pod is governed by must be out of its reach: record, secrets, queue, policy. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "tools/pod-probe/bait.h"
#include "tools/pod-probe/probe.h"

/* A secret that was planted on the host, in whatever a process says of itself. */
static enum verdict find_secret(const void *leaf)
{
	DIR *d = opendir("/proc");
	char path[300];

	for (struct dirent *entry; d && (entry = readdir(d));) {
		snprintf(path, sizeof(path), "/proc/%.20s/%s", entry->d_name, (const char *)leaf);
		if (number_of(entry->d_name) > 0 && holds_secret(path))
			return opened("pid %s", entry->d_name);
	}
	return d ? held("in none") : stopped();
}

/* --- the queue, which a pod may ask and nothing more --- */

#define QUEUE "/run/envpod/queue.sock"

/* One line there and one back: false, nobody answers. */
static bool ask(int fd, const char *line, char *answer, size_t size)
{
	size_t have = 0;

	if (send(fd, line, strlen(line), MSG_NOSIGNAL) != (ssize_t)strlen(line))
		return false;
	while (have < size - 1 && (have == 0 || answer[have - 1] != '\n')) {
		const ssize_t n = recv(fd, answer + have, size - 1 - have, 0);

		if (n <= 0)
			return false;
		have += (size_t)n;
	}
	answer[have] = '\0';
	return true;
}

/* The value of a member that is a word; "" when it has none. */
static void member(const char *answer, const char *key, char *out, size_t size)
{
	const char *at = strstr(answer, key), *end;

	at = at ? at + strlen(key) : "";
	end = strchr(at, '"');
	snprintf(out, size, "%.*s", end ? (int)(end - at) : 0, at);
}

/* A queue that believes everybody, for the control. */
static int gullible_queue(void)
{
	int ends[2];
	char line[4096];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0)
		return -1;
	if (fork() == 0) {
		close(ends[0]);
		while (recv(ends[1], line, sizeof(line), 0) > 0)
			dprintf(ends[1], "{\"id\":\"AAAAAAAAAAAAAAAA\",\"status\":\"executed\"}\n");
		_exit(0);
	}
	close(ends[1]);
	return ends[0];
}

static int open_queue(void)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX, .sun_path = QUEUE};
	const struct timeval patience = {.tv_sec = 5};
	int fd = is_control ? gullible_queue() : socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (is_control || connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0)
		return fd;
	close(fd);
	return -1;
}

/* All that could mean yes, in words that the queue knows and in words that it does not. */
static void say_yes(int fd, const char *id)
{
	static const struct {
		const char *before, *behind;
	} ways[] = {
		{"{\"type\":\"approve\",\"id\":\"", "\"}"},
		{"{\"type\":\"approve\",\"id\":\"", "\",\"scope\":\"once\",\"by\":\"root\"}"},
		{"{\"type\":\"execute\",\"id\":\"", "\"}"},
		{"{\"type\":\"call\",\"action\":\"approve\",\"params\":{\"id\":\"", "\"}}"},
		{"{\"type\":\"call\",\"action\":\"approve\",\"id\":\"", "\"}"},
		{"{\"type\":\"submit\",\"description\":\"yes\",\"tier\":\"immediate\",\"id\":\"",
		 "\"}"},
		{"{\"type\":\"poll\",\"id\":\"", "\",\"status\":\"approved\"}"},
		{"{\"type\":\"wait\",\"id\":\"../approved/", "\",\"timeout\":0}"},
	};
	char line[300], answer[65536];

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		snprintf(line, sizeof(line), "%s%s%s\n", ways[i].before, id, ways[i].behind);
		if (!ask(fd, line, answer, sizeof(answer)))
			return;
	}
}

static void leave_yes(const char *id)
{
	static const char *const places[] = {"/run/envpod/queue/approved", "/run/envpod/approved"};
	char path[200];
	int fd;

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		mkdir(places[i], 0755);
		snprintf(path, sizeof(path), "%s/%s.json", places[i], id);
		fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
		if (fd >= 0)
			dprintf(fd, "{\"v\":1,\"id\":\"%s\",\"scope\":\"once\",\"by\":\"root\"}\n",
				id);
		close(fd);
	}
}

/* A request of its own, which waits for a person: can who asked be that person? */
static enum verdict approve_own(const void *unused)
{
	char line[200], answer[65536], id[64], status[64] = "";
	int fd = open_queue();

	(void)unused;
	if (fd < 0)
		return held("there is no queue");
	if (!ask(fd, "{\"type\":\"submit\",\"description\":\"a probe\",\"tier\":\"staged\"}\n",
		 answer, sizeof(answer)))
		return untried("the queue does not answer");
	member(answer, "\"id\":\"", id, sizeof(id));
	if (!*id)
		return untried("the queue says: %.100s", answer);
	say_yes(fd, id);
	leave_yes(id);
	close(fd); /* a queue that is offended hears no more on that one */
	fd = open_queue();
	snprintf(line, sizeof(line), "{\"type\":\"poll\",\"id\":\"%s\"}\n", id);
	if (fd >= 0 && ask(fd, line, answer, sizeof(answer)))
		member(answer, "\"status\":\"", status, sizeof(status));
	snprintf(line, sizeof(line), "{\"type\":\"cancel\",\"id\":\"%s\"}\n", id);
	if (fd >= 0)
		ask(fd, line, answer, sizeof(answer));
	close(fd);
	if (!*status)
		return untried("nobody says what became of it");
	return strcmp(status, "queued") == 0 ? held("it waits") : opened("it is %s", status);
}

const struct probe govern_probes[] = {
	{"governance", "audit-log", CRITICAL, "the audit log is out of reach", see,
	 "{state}/pods/{pod}/audit", "state"},
	{"governance", "audit-archive", HIGH, "the logs of other pods are out of reach", see,
	 "{state}/archive", "state"},
	{"governance", "vault", CRITICAL, "the vault is out of reach", see, "{state}/vault",
	 "state"},
	{"governance", "vault-keys", CRITICAL, "the keys of vault and seal are out of reach", see,
	 "{state}/keys", "state"},
	{"governance", "planted-secret", CRITICAL,
	 "a secret of the pod's on the host is out of reach", see, "{state}/pods/{pod}/bait",
	 "state"},
	{"governance", "queue", CRITICAL, "the queue of actions is out of reach", see,
	 "{state}/pods/{pod}/queue", "state"},
	{"governance", "approve-own", CRITICAL, "what a pod asks for it cannot approve itself",
	 approve_own, NULL, NULL},
	{"governance", "other-pod", CRITICAL, "the files of another pod are out of reach", see,
	 "{state}/pods/{neighbour}/pod.json", "neighbour"},
	{"governance", "other-pod-socket", CRITICAL, "the sockets of another pod do not answer",
	 connect_to, "{neighbour-socket}", "neighbour-socket"},
	{"governance", "policy", CRITICAL, "the pod's policy is out of reach", see,
	 "{state}/pods/{pod}/policy", "state"},
	{"governance", "plan", CRITICAL, "the plan that the walls are built by is out of reach",
	 see, "{state}/pods/{pod}/plan", "state"},
	{"governance", "undo", HIGH, "what undo is made of is out of reach", see,
	 "{state}/pods/{pod}/undo", "state"},
	{"governance", "keeper", HIGH, "the sockets of the pod's keepers are out of reach", see,
	 "{keeper}", "keeper"},
	{"governance", "secret-in-environments", CRITICAL,
	 "no process shows a secret of the host in its environment", find_secret, "environ",
	 "secret"},
	{"governance", "secret-in-words", CRITICAL,
	 "no process shows a secret of the host among its words", find_secret, "cmdline", "secret"},
	{0},
};
