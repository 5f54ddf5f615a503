/* SPDX-License-Identifier: Apache-2.0 */
/*
 * connect ADDRESS PORT PATH SECONDS PARALLEL new|bulk HOST: HTTP by hand.  new: a connection a
 * request, PARALLEL at a time; prints how many a second.  bulk: one answer read to its end; MB a
 * second.
 */
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PARALLEL_MAX 64

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int start(const struct addrinfo *to, const char *request)
{
	int fd = socket(to->ai_family, SOCK_STREAM, 0);

	if (fd < 0 || connect(fd, to->ai_addr, to->ai_addrlen) < 0 ||
	    write(fd, request, strlen(request)) < 0) {
		perror("connect");
		exit(2);
	}
	return fd;
}

/* One answer to its end: its bytes. */
static double drain(int fd)
{
	static char data[1 << 18];
	double bytes = 0;
	ssize_t n;

	while ((n = read(fd, data, sizeof(data))) > 0)
		bytes += (double)n;
	close(fd);
	return n < 0 ? -1 : bytes;
}

static void many(const struct addrinfo *to, const char *request, double seconds, int parallel)
{
	struct pollfd fds[PARALLEL_MAX];
	double begin = now(), done = 0;

	for (int i = 0; i < parallel; i++)
		fds[i] = (struct pollfd){.fd = start(to, request), .events = POLLIN};
	while (now() - begin < seconds) {
		poll(fds, (nfds_t)parallel, 1000);
		for (int i = 0; i < parallel; i++)
			if (fds[i].revents) {
				done += drain(fds[i].fd) > 0;
				fds[i].fd = start(to, request);
			}
	}
	printf("%.0f\n", done / (now() - begin));
}

int main(int argc, char **argv)
{
	const struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM};
	struct addrinfo *to;
	char request[512];
	double begin, bytes;

	if (argc != 8 || getaddrinfo(argv[1], argv[2], &hints, &to) != 0) {
		fprintf(stderr,
			"usage: connect ADDRESS PORT PATH SECONDS PARALLEL new|bulk HOST\n");
		return 64;
	}
	snprintf(request, sizeof(request),
		 "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", argv[3], argv[7]);
	if (strcmp(argv[6], "new") == 0) {
		many(to, request, strtod(argv[4], NULL),
		     (int)strtoul(argv[5], NULL, 10) % PARALLEL_MAX);
		return 0;
	}
	begin = now();
	bytes = drain(start(to, request));
	printf("%.0f\n", bytes / 1e6 / (now() - begin));
	return 0;
}
