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

void keyfile_finish(struct keyfile *k)
{
	seals_finish(&k->seals);
}

static bool take_verification_key(struct seals *s, const char *line, size_t len)
{
	size_t n;

	s->have = len == HEAD + (size_t)2 * LOGSEAL_KEY && memcmp(line, SEALKEYS_WORD, HEAD) == 0 &&
		  sodium_hex2bin(s->host, LOGSEAL_KEY, line + HEAD, len - HEAD, NULL, &n, NULL) ==
			  0 &&
		  n == LOGSEAL_KEY;
	return s->have;
}

static void take_line(struct keyfile *k, const char *line, size_t len)
{
	if (!k->seals.have && take_verification_key(&k->seals, line, len))
		return;
	if (k->notes.n < NOTE_KEYS_MAX && note_key_parse(&k->notes.v[k->notes.n], line, len) == 0)
		k->notes.n++;
}

int keyfile_parse(struct keyfile *k, const char *data, size_t len)
{
	while (len > 0) {
		const char *nl = memchr(data, '\n', len);
		size_t n = nl ? (size_t)(nl - data) : len;

		take_line(k, data, n);
		n += nl ? 1 : 0;
		data += n;
		len -= n;
	}
	return k->seals.have || k->notes.n ? 0 : -EINVAL;
}

static int parse_fd(struct keyfile *k, int fd)
{
	OWN_BUF struct buf b = BUF_INIT;
	int r = read_fd(fd, &b, KEYFILE_MAX);

	if (r == 0)
		r = keyfile_parse(k, b.data, b.len);
	if (b.data)
		sodium_memzero(b.data, b.cap);
	return r;
}

int keyfile_read(struct keyfile *k, const char *file, struct err *e)
{
	bool standard = strcmp(file, "-") == 0;
	OWN_FD int fd = standard ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
				 : open(file, O_RDONLY | O_CLOEXEC);
	int r = fd < 0 ? -errno : parse_fd(k, fd);

	if (r == -EINVAL)
		return err_set(e, ERR_PLAIN,
			       "%s holds no verification key (a line '" SEALKEYS_WORD "HEX', as "
			       "pod-audit key --take printed it) and no public key",
			       standard ? "standard input" : esc(file));
	return r < 0 ? err_set(e, -r, "read the verification key %s", esc(file)) : 0;
}

static int read_host(struct keyfile *k, const char *name, struct err *e)
{
	OWN_FREE char *path = xfmt("%s/keys/audit/%s", pod_state_dir(), name);
	OWN_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	int r = fd < 0 ? -errno : parse_fd(k, fd);

	if (r == -ENOENT)
		return 0;
	if (r == -EINVAL)
		return err_set(e, ERR_PLAIN, "%s is damaged", path);
	return r < 0 ? err_set(e, -r, "read %s", path) : 1;
}

int keyfile_host(struct keyfile *k, struct err *e)
{
	return read_host(k, "verification-key", e);
}

int keyfile_host_public(struct keyfile *k, struct err *e)
{
	return read_host(k, "sign.pub", e);
}
