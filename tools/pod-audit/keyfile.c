/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-audit/keyfile.h"

#include <fcntl.h>
#include <sodium/utils.h>
#include <string.h>
#include <unistd.h>

#include "libcommon/buf.h"
#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/pod.h"
#include "libcommon/sealkeys.h"

#define HEAD (sizeof(SEALKEYS_WORD) - 1)

static bool take_line(struct seals *s, const char *line, size_t len)
{
	size_t n;

	s->have = len == HEAD + (size_t)2 * LOGSEAL_KEY && memcmp(line, SEALKEYS_WORD, HEAD) == 0 &&
		  sodium_hex2bin(s->host, LOGSEAL_KEY, line + HEAD, len - HEAD, NULL, &n, NULL) ==
			  0 &&
		  n == LOGSEAL_KEY;
	return s->have;
}

int keyfile_parse(struct seals *s, const char *data, size_t len)
{
	while (len > 0) {
		const char *nl = memchr(data, '\n', len);
		size_t n = nl ? (size_t)(nl - data) : len;

		if (take_line(s, data, n))
			return 0;
		n += nl ? 1 : 0;
		data += n;
		len -= n;
	}
	return -EINVAL;
}

static int parse_fd(struct seals *s, int fd)
{
	OWN_BUF struct buf b = BUF_INIT;
	int r = read_fd(fd, &b, KEYFILE_MAX);

	if (r == 0)
		r = keyfile_parse(s, b.data, b.len);
	if (b.data)
		sodium_memzero(b.data, b.cap);
	return r;
}

int keyfile_read(struct seals *s, const char *file, struct err *e)
{
	bool standard = strcmp(file, "-") == 0;
	OWN_FD int fd = standard ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
				 : open(file, O_RDONLY | O_CLOEXEC);
	int r = fd < 0 ? -errno : parse_fd(s, fd);

	if (r == -EINVAL)
		return err_set(e, ERR_PLAIN,
			       "%s holds no verification key (a line '" SEALKEYS_WORD "HEX', as "
			       "pod-audit key --take printed it)",
			       standard ? "standard input" : esc(file));
	return r < 0 ? err_set(e, -r, "read the verification key %s", esc(file)) : 0;
}

int keyfile_host(struct seals *s, struct err *e)
{
	OWN_FREE char *path = xfmt("%s/keys/audit/verification-key", pod_state_dir());
	OWN_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	int r = fd < 0 ? -errno : parse_fd(s, fd);

	if (r == -ENOENT)
		return 0;
	if (r == -EINVAL)
		return err_set(e, ERR_PLAIN, "%s is damaged", path);
	return r < 0 ? err_set(e, -r, "read %s", path) : 1;
}
