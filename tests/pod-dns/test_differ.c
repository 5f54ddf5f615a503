/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Our reader beside another one's (dnspython), over messages sound and damaged: what that one
 * accepts we accept and read alike.  It also refuses rdata that we pass on as bytes (a TXT whose
 * strings do not add up, say); where it refuses and we do not, nothing is claimed.
 */
#include <sys/wait.h>
#include <unistd.h>

#include "libcommon/buf.h"
#include "tests/lib/tap.h"
#include "tools/pod-dns/message.h"

#define MESSAGES "6000"

static int value(char c)
{
	return c <= '9' ? c - '0' : c - 'a' + 10;
}

static void put_hex(struct buf *b, const uint8_t *data, size_t len)
{
	for (size_t i = 0; i < len; i++)
		buf_fmt(b, "%02x", data[i]);
}

/* The records as differ.py writes them; false when the message is malformed. */
static bool describe(struct buf *b, const uint8_t *msg, size_t len)
{
	size_t at = MESSAGE_HEADER;
	struct name n;
	unsigned records;

	if (len < MESSAGE_HEADER || get16(msg + 4) != 1 || name_read(&n, msg, len, &at) < 0 ||
	    at + 4 > len)
		return false;
	at += 4;
	records = get16(msg + 6) + (unsigned)get16(msg + 8);
	for (unsigned i = 0; i < records; i++) {
		uint8_t rdata[4096];
		struct rr rr;
		int n_rdata;

		if (rr_read(&rr, msg, len, &at) < 0)
			return false;
		n_rdata = rr_expand(&rr, msg, len, rdata, sizeof(rdata));
		if (rr.class == CLASS_IN && n_rdata < 0)
			return false;
		name_lower(&rr.owner);
		buf_str(b, i ? " " : "");
		put_hex(b, rr.owner.wire, rr.owner.len);
		buf_fmt(b, "/%u/%u/%u/", rr.type, rr.class, rr.ttl);
		if (rr.class == CLASS_IN)
			put_hex(b, rdata, (size_t)n_rdata);
		else
			buf_char(b, '-');
	}
	if (records == 0)
		buf_str(b, "none");
	return true;
}

static struct {
	unsigned both, alike, we_refuse, it_refuses;
} count;

static void compare(const char *hex, size_t digits, const char *verdict)
{
	static uint8_t msg[65536];
	OWN_BUF struct buf b = BUF_INIT;
	size_t len = digits / 2;
	bool good;

	for (size_t i = 0; i < len; i++)
		msg[i] = (uint8_t)(value(hex[2 * i]) << 4 | value(hex[2 * i + 1]));
	good = describe(&b, msg, len);
	if (strcmp(verdict, "bad") == 0) {
		count.it_refuses++;
		return;
	}
	if (!good) {
		count.we_refuse++;
		diag("we refuse %.*s", (int)digits, hex);
		return;
	}
	count.both++;
	if (strcmp(b.data, verdict) == 0)
		count.alike++;
	else
		diag("of %.*s\n# it reads %s\n# we read  %s", (int)digits, hex, verdict, b.data);
}

static FILE *start(pid_t *pid)
{
	int ends[2];

	if (pipe(ends) < 0)
		return NULL;
	*pid = fork();
	if (*pid == 0) {
		dup2(ends[1], STDOUT_FILENO);
		close(ends[0]);
		close(ends[1]);
		execl("/usr/bin/python3", "python3", "tests/pod-dns/differ.py", "1", MESSAGES,
		      NULL);
		_exit(127);
	}
	close(ends[1]);
	return fdopen(ends[0], "r");
}

int main(void)
{
	pid_t pid = -1;
	FILE *f = start(&pid);
	char *line = NULL;
	size_t size = 0;
	int status = 1;

	while (f && getline(&line, &size, f) > 0) {
		char *space = strchr(line, ' ');

		line[strcspn(line, "\n")] = '\0';
		if (space)
			compare(line, (size_t)(space - line), space + 1);
	}
	free(line);
	if (f)
		fclose(f);
	waitpid(pid, &status, 0);
	if (count.both + count.it_refuses == 0) {
		skip_rest("needs python3-dnspython");
		return done_testing();
	}
	is_int(status, 0, "the other one came to its end");
	ok(count.both > 3000, "%u messages that both accept", count.both);
	is_int(count.alike, count.both, "are read alike");
	is_int(count.we_refuse, 0, "it accepts nothing that we refuse");
	ok(count.it_refuses > 500, "%u were malformed to it", count.it_refuses);
	return done_testing();
}
