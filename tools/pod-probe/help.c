/* SPDX-License-Identifier: Apache-2.0 */
/* What several attacks need. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/pod-probe/bait.h"
#include "tools/pod-probe/probe.h"

long slurp(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t n = fd < 0 ? -1 : read(fd, buf, size - 1);
	int code = errno;

	if (fd >= 0)
		close(fd);
	if (n >= 0)
		buf[n] = '\0';
	errno = code;
	return n;
}

bool holds_secret(const char *path)
{
	const char *secret = bait("secret");
	char buf[4096];
	long n = slurp(path, buf, sizeof(buf));

	return n > 0 && secret && memmem(buf, (size_t)n, secret, strlen(secret));
}

int number_of(const char *name)
{
	return (int)strtol(name, NULL, 10);
}

enum verdict see(const void *path)
{
	struct stat st;

	path = bait_expand(path);
	if (!path)
		return untried("nothing is planted");
	return lstat(path, &st) < 0 ? stopped() : opened("%s is there", (const char *)path);
}

enum verdict connect_to(const void *path)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	socklen_t len = sizeof(to);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	path = bait_expand(path);
	if (!path)
		return untried("nothing is planted");
	snprintf(to.sun_path, sizeof(to.sun_path), "%s", (const char *)path);
	if (to.sun_path[0] == '@') { /* abstract */
		to.sun_path[0] = '\0';
		len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
	}
	return unless_failed(connect(fd, (struct sockaddr *)&to, len));
}

/* Where a pod's software may have seen to it that there is no /var/tmp, our own mounts serve. */
static const char *const places[] = {"/var/tmp", "/tmp", "/dev/shm", NULL};

const char *scratch_file(void)
{
	static char path[32];

	for (const char *const *p = places; *p; p++) {
		int fd;

		snprintf(path, sizeof(path), "%s/probe.XXXXXX", *p);
		fd = mkstemp(path);
		if (fd < 0)
			continue;
		close(fd);
		return path;
	}
	return NULL;
}

const char *scratch_dir(void)
{
	static char path[32];

	for (const char *const *p = places; *p; p++) {
		snprintf(path, sizeof(path), "%s/probe.XXXXXX", *p);
		if (mkdtemp(path))
			return path;
	}
	return NULL;
}

long long status_field(const char *name, int base)
{
	char buf[8192], key[40];
	const char *at;

	if (slurp("/proc/self/status", buf, sizeof(buf)) < 0)
		return -1;
	snprintf(key, sizeof(key), "\n%s:", name);
	at = strstr(buf, key);
	return at ? strtoll(at + strlen(key), NULL, base) : -1;
}

int in_child(int (*fn)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(fn());
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return -1;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
