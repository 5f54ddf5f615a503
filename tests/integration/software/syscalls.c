/* SPDX-License-Identifier: Apache-2.0 */
/* syscalls NAME: 0 when this piece of the system works as ordinary programs expect it to. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <pthread.h>
#include <pty.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/sendfile.h>
#include <sys/shm.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#define MUST(claim)                                                                              \
	do {                                                                                     \
		errno = 0;                                                                       \
		if (!(claim)) {                                                                  \
			fprintf(stderr, "line %d: %s: %s\n", __LINE__, #claim, strerror(errno)); \
			exit(1);                                                                 \
		}                                                                                \
	} while (0)

static void do_inotify(void)
{
	int fd = inotify_init1(IN_CLOEXEC);
	char buf[512];

	MUST(fd >= 0);
	MUST(inotify_add_watch(fd, ".", IN_CREATE | IN_MODIFY) >= 0);
	MUST(close(creat("seen", 0644)) == 0);
	MUST(read(fd, buf, sizeof(buf)) > 0);
	MUST(strcmp(((struct inotify_event *)(void *)buf)->name, "seen") == 0);
}

static void do_sysv(void)
{
	int shm = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600);
	int sem = semget(IPC_PRIVATE, 1, IPC_CREAT | 0600);
	int msg = msgget(IPC_PRIVATE, IPC_CREAT | 0600);
	struct sembuf up = {0, 1, 0};
	struct {
		long type;
		char text[4];
	} m = {1, "abc"}, n = {0};
	char *p = shmat(shm, NULL, 0);

	MUST(shm >= 0 && sem >= 0 && msg >= 0 && p != (void *)-1);
	p[0] = 'x';
	MUST(semop(sem, &up, 1) == 0 && semctl(sem, 0, GETVAL) == 1);
	MUST(msgsnd(msg, &m, sizeof(m.text), 0) == 0);
	MUST(msgrcv(msg, &n, sizeof(n.text), 1, 0) == sizeof(n.text) && n.text[2] == 'c');
	MUST(shmctl(shm, IPC_RMID, NULL) == 0 && semctl(sem, 0, IPC_RMID) == 0);
	MUST(msgctl(msg, IPC_RMID, NULL) == 0);
}

static void do_posix_ipc(void)
{
	char name[32], buf[8192];
	int fd;
	mqd_t q;
	sem_t *s;

	snprintf(name, sizeof(name), "/software-%d", getpid());
	fd = shm_open(name, O_CREAT | O_RDWR | O_EXCL, 0600);
	MUST(fd >= 0 && ftruncate(fd, 4096) == 0 && shm_unlink(name) == 0);
	q = mq_open(name, O_CREAT | O_RDWR | O_EXCL, 0600, NULL);
	MUST(q >= 0 && mq_send(q, "abc", 4, 0) == 0);
	MUST(mq_receive(q, buf, sizeof(buf), NULL) == 4 && mq_unlink(name) == 0);
	s = sem_open(name, O_CREAT | O_EXCL, 0600, 0);
	MUST(s != SEM_FAILED && sem_post(s) == 0 && sem_wait(s) == 0 && sem_unlink(name) == 0);
}

static void do_tmpfile(void)
{
	int fd = open(".", O_TMPFILE | O_RDWR, 0644);
	char path[64];

	MUST(fd >= 0 && write(fd, "x", 1) == 1);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	MUST(linkat(AT_FDCWD, path, AT_FDCWD, "linked", AT_SYMLINK_FOLLOW) == 0);
}

/* A just-in-time compiler: write code, run it. */
static void do_exec_memory(void)
{
	static const unsigned char code[] = {0xb8, 42, 0, 0, 0, 0xc3}; /* mov eax,42; ret */
	unsigned char *p =
		mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int (*fn)(void);

	MUST(p != MAP_FAILED);
	memcpy(p, code, sizeof(code));
	MUST(mprotect(p, 4096, PROT_READ | PROT_EXEC) == 0);
	memcpy(&fn, &p, sizeof(fn));
	MUST(fn() == 42);
}

static void *thread(void *arg)
{
	return arg;
}

static void do_threads(void)
{
	pthread_t t[16];
	int args[16];
	void *back;

	for (int i = 0; i < 16; i++)
		MUST(pthread_create(&t[i], NULL, thread, &args[i]) == 0);
	for (int i = 0; i < 16; i++)
		MUST(pthread_join(t[i], &back) == 0 && back == &args[i]);
}

static volatile sig_atomic_t alarms;

static void on_alarm(int sig)
{
	(void)sig;
	alarms++;
}

static void do_signals(void)
{
	struct itimerval soon = {.it_value = {0, 1000}};
	sigset_t set;
	int status;
	pid_t pid;

	signal(SIGALRM, on_alarm);
	MUST(setitimer(ITIMER_REAL, &soon, NULL) == 0);
	while (!alarms)
		pause();
	pid = fork();
	MUST(pid >= 0);
	if (pid == 0)
		for (;;)
			pause();
	MUST(kill(pid, SIGSTOP) == 0 && waitpid(pid, &status, WUNTRACED) == pid);
	MUST(WIFSTOPPED(status) && kill(pid, SIGCONT) == 0 && kill(pid, SIGTERM) == 0);
	MUST(waitpid(pid, &status, 0) == pid && WTERMSIG(status) == SIGTERM);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	MUST(sigprocmask(SIG_BLOCK, &set, NULL) == 0);
	MUST(sigqueue(getpid(), SIGUSR1, (union sigval){.sival_int = 7}) == 0);
	MUST(sigwaitinfo(&set, NULL) == SIGUSR1);
}

static void do_posix_timer(void)
{
	struct sigevent ev = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM};
	struct itimerspec soon = {.it_value = {0, 1000000}};
	timer_t timer;

	signal(SIGALRM, on_alarm);
	MUST(timer_create(CLOCK_MONOTONIC, &ev, &timer) == 0);
	MUST(timer_settime(timer, 0, &soon, NULL) == 0);
	while (!alarms)
		pause();
}

static void do_descriptors(void)
{
	struct epoll_event ev = {.events = EPOLLIN};
	struct itimerspec soon = {.it_value = {0, 1}};
	int epoll = epoll_create1(0), event = eventfd(1, 0),
	    timer = timerfd_create(CLOCK_REALTIME, 0);
	int memory = memfd_create("x", MFD_ALLOW_SEALING), out = creat("copied", 0644);
	int pidfd = (int)syscall(SYS_pidfd_open, getpid(), 0);
	sigset_t set;

	sigemptyset(&set);
	MUST(epoll >= 0 && event >= 0 && timer >= 0 && memory >= 0 && out >= 0 && pidfd >= 0);
	MUST(signalfd(-1, &set, 0) >= 0);
	MUST(timerfd_settime(timer, 0, &soon, NULL) == 0);
	MUST(epoll_ctl(epoll, EPOLL_CTL_ADD, event, &ev) == 0);
	MUST(epoll_wait(epoll, &ev, 1, -1) == 1);
	MUST(write(memory, "abc", 3) == 3 && lseek(memory, 0, SEEK_SET) == 0);
	MUST(fcntl(memory, F_ADD_SEALS, F_SEAL_WRITE) == 0);
	MUST(sendfile(out, memory, NULL, 3) == 3);
	MUST(syscall(SYS_close_range, 100, 200, 0) == 0);
}

static void do_copy_range(void)
{
	int in = open("from", O_CREAT | O_RDWR, 0644), out = open("to", O_CREAT | O_RDWR, 0644);

	MUST(write(in, "abc", 3) == 3 && lseek(in, 0, SEEK_SET) == 0);
	MUST(copy_file_range(in, NULL, out, NULL, 3, 0) == 3);
}

static void do_locks(void)
{
	struct flock whole = {.l_type = F_WRLCK};
	int fd = open("locked", O_CREAT | O_RDWR, 0644);

	MUST(fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0 && fcntl(fd, F_SETLK, &whole) == 0);
	MUST(fcntl(fd, F_OFD_GETLK, &whole) == 0);
}

static void do_deep(void)
{
	char name[101], *cwd;
	int depth = 60;

	memset(name, 'd', 100);
	name[100] = '\0';
	for (int i = 0; i < depth; i++)
		MUST(mkdir(name, 0755) == 0 && chdir(name) == 0);
	cwd = getcwd(NULL, 0);
	/* longer than PATH_MAX: the C library finds it step by step */
	MUST(cwd && strlen(cwd) > 6000);
}

static void do_pty(void)
{
	int master, slave;
	struct winsize size = {24, 80, 0, 0};
	char line[8];

	MUST(openpty(&master, &slave, NULL, NULL, &size) == 0);
	MUST(ttyname(slave) && strncmp(ttyname(slave), "/dev/pts/", 9) == 0);
	MUST(write(master, "hi\n", 3) == 3 && read(slave, line, sizeof(line)) == 3);
}

/* Passing a descriptor and one's credentials over a unix socket. */
static void do_unix(void)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} c = {.head = {CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS}};
	char room[1] = "x";
	struct iovec byte = {room, 1};
	struct msghdr msg = {
		.msg_iov = &byte, .msg_iovlen = 1, .msg_control = &c, .msg_controllen = sizeof(c)};
	struct ucred who;
	socklen_t len = sizeof(who);
	int s[2], one = 1;

	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, s) == 0);
	memcpy(CMSG_DATA(&c.head), &one, sizeof(one));
	MUST(sendmsg(s[0], &msg, 0) == 1 && recvmsg(s[1], &msg, 0) == 1);
	MUST(getsockopt(s[0], SOL_SOCKET, SO_PEERCRED, &who, &len) == 0 && who.uid == getuid());
}

static void do_ping(void)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct icmphdr echo = {.type = ICMP_ECHO}, answer;
	int fd = socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP);

	MUST(fd >= 0);
	MUST(sendto(fd, &echo, sizeof(echo), 0, (void *)&to, sizeof(to)) == sizeof(echo));
	MUST(recv(fd, &answer, sizeof(answer), 0) == sizeof(answer));
	MUST(answer.type == ICMP_ECHOREPLY);
}

static void do_scheduling(void)
{
	cpu_set_t set;
	struct rlimit files;

	MUST(sched_getaffinity(0, sizeof(set), &set) == 0);
	MUST(sched_setaffinity(0, sizeof(set), &set) == 0);
	MUST(setpriority(PRIO_PROCESS, 0, 5) == 0);
	MUST(getrlimit(RLIMIT_NOFILE, &files) == 0 && setrlimit(RLIMIT_NOFILE, &files) == 0);
	MUST(sched_setscheduler(0, SCHED_BATCH, &(struct sched_param){0}) == 0);
	MUST(mlock(&set, sizeof(set)) == 0);
}

static void do_mmap_shared(void)
{
	int fd = open("mapped", O_CREAT | O_RDWR, 0644);
	char *p, back;

	MUST(fd >= 0 && ftruncate(fd, 4096) == 0);
	p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	MUST(p != MAP_FAILED);
	p[7] = 'x';
	MUST(msync(p, 4096, MS_SYNC) == 0 && pread(fd, &back, 1, 7) == 1 && back == 'x');
}

static void do_fallocate(void)
{
	int fd = open("allocated", O_CREAT | O_RDWR, 0644);

	MUST(fd >= 0 && fallocate(fd, 0, 0, 1 << 20) == 0);
	MUST(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 4096, 4096) == 0);
	MUST(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED) == 0);
}

static const struct check {
	const char *name;
	void (*run)(void);
} checks[] = {
	{"inotify", do_inotify},
	{"sysv", do_sysv},
	{"posix-ipc", do_posix_ipc},
	{"tmpfile", do_tmpfile},
	{"exec-memory", do_exec_memory},
	{"threads", do_threads},
	{"signals", do_signals},
	{"posix-timer", do_posix_timer},
	{"descriptors", do_descriptors},
	{"copy-range", do_copy_range},
	{"locks", do_locks},
	{"deep", do_deep},
	{"pty", do_pty},
	{"unix", do_unix},
	{"ping", do_ping},
	{"scheduling", do_scheduling},
	{"mmap-shared", do_mmap_shared},
	{"fallocate", do_fallocate},
	{NULL, NULL},
};

int main(int argc, char **argv)
{
	alarm(20);
	for (const struct check *c = checks; argc == 2 && c->name; c++)
		if (strcmp(c->name, argv[1]) == 0) {
			c->run();
			return 0;
		}
	for (const struct check *c = checks; argc == 1 && c->name; c++)
		puts(c->name);
	return argc != 1;
}
