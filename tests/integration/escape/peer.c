/* SPDX-License-Identifier: Apache-2.0 */
/*
 * peer        be the process of the host that pods are set upon: sockets, shared memory, a queue,
 *             a TCP port; each SIGURG adds a byte to PEER_SIGNALS.  Goes on until it is killed.
 * peer -k CMD...   run CMD with a session keyring that holds a secret
 * peer -l CMD...   run CMD where the kernel has no Landlock, by a filter that says so
 */
#include "peer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/keyctl.h>
#include <linux/seccomp.h>
#include <mqueue.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

static void must(long r, const char *what)
{
	if (r >= 0)
		return;
	fprintf(stderr, "peer: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void note_signal(int sig)
{
	int fd = open(PEER_SIGNALS, O_WRONLY | O_APPEND);

	(void)sig;
	if (write(fd, "x", 1) != 1)
		_exit(1);
	close(fd);
}

static void listen_unix(const char *path)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	socklen_t len = sizeof(at);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(at.sun_path, sizeof(at.sun_path), "%s", path);
	if (path[0] == '@') {
		at.sun_path[0] = '\0';
		len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
	}
	must(bind(fd, (struct sockaddr *)&at, len), path);
	must(listen(fd, 5), path);
	if (path[0] != '@')
		must(chmod(path, 0777), path);
}

static void listen_tcp(void)
{
	struct sockaddr_in at = {.sin_family = AF_INET,
				 .sin_port = htons(PEER_PORT),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	must(bind(fd, (struct sockaddr *)&at, sizeof(at)), "bind");
	must(listen(fd, 5), "listen");
}

static void say_ready(void)
{
	FILE *f = fopen(PEER_SIGNALS, "we");

	must(f ? fclose(f) : -1, PEER_SIGNALS);
	f = fopen(PEER_PID, "we");
	must(f ? fprintf(f, "%d\n", getpid()) : -1, PEER_PID);
	must(fclose(f), PEER_PID);
}

static _Noreturn void be_peer(void)
{
	static const char *const sockets[] = {HOST_SOCK, "/srv/host.sock", "/home/u/host.sock",
					      "@envpod-escape-host", NULL};

	umask(0);
	must(prctl(PR_SET_NAME, PEER_NAME), "name");
	signal(SIGURG, note_signal);
	for (const char *const *s = sockets; *s; s++)
		listen_unix(*s);
	listen_tcp();
	must(shmget(PEER_KEY, 4096, IPC_CREAT | 0666), "shmget");
	must(mq_open(PEER_MQ, O_CREAT | O_RDWR, 0666, NULL), "mq_open");
	say_ready();
	for (;;)
		pause();
}

static int with_key(char **argv)
{
	must(syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL), "join a keyring");
	must(syscall(SYS_add_key, "user", PEER_NAME, SECRET, strlen(SECRET),
		     KEY_SPEC_SESSION_KEYRING),
	     "add a key");
	/* the possessor's rights are for everybody, so that only the walls stand in the way */
	must(syscall(SYS_keyctl, KEYCTL_SETPERM,
		     syscall(SYS_keyctl, KEYCTL_SEARCH, KEY_SPEC_SESSION_KEYRING, "user", PEER_NAME,
			     0),
		     0x3f3f3f3f),
	     "open the key");
	execvp(argv[0], argv);
	return 127;
}

static int without_landlock(char **argv)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_landlock_create_ruleset, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = {.len = 4, .filter = code};

	must(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog), "seccomp");
	execvp(argv[0], argv);
	return 127;
}

int main(int argc, char **argv)
{
	if (argc == 1)
		be_peer();
	if (argc > 2 && strcmp(argv[1], "-k") == 0)
		return with_key(argv + 2);
	if (argc > 2 && strcmp(argv[1], "-l") == 0)
		return without_landlock(argv + 2);
	return 64;
}
