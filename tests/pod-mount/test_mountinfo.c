/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-mount/mountinfo.h"

#include <sys/sysmacros.h>

#include "libcommon/own.h"
#include "libcommon/path.h"
#include "tests/lib/tap.h"
#include "tools/pod-mount/words.h"

static const char text[] =
	"27 1 254:0 / / rw,relatime shared:1 master:2 - ext4 /dev/vda rw,discard\n"
	"22 27 0:21 / /proc rw,relatime - proc proc rw\n"
	"40 27 8:1 /@home /home rw - btrfs /dev/sda rw\n"
	"41 40 8:1 /@data/x /home/with\\040blank rw - btrfs /dev/sda rw\n"
	"50 27 8:2 / /mnt/a/b rw - xfs /dev/sdb rw\n"
	"51 27 8:3 / /mnt/a rw - xfs /dev/sdc ro\n"
	"60 27 8:4 / /srv rw - ext4 /dev/sdd rw\n"
	"61 60 8:5 / /srv ro - ext4 /dev/sde rw\n"
	"62 60 8:6 / /srv/under rw - ext4 /dev/sdf rw\n"
	"63 61 8:7 / /srv/over rw - ext4 /dev/sdg rw\n";

static const struct mount_row *at(const struct mounts *m, const char *path)
{
	return mounts_find(m, path);
}

static void test_rows(const struct mounts *m)
{
	is_int(m->n, 10, "every line is a mount");
	is_str(m->v[0].type, "ext4", "the type stands behind the optional words");
	ok(m->v[0].dev == makedev(254, 0), "the device");
	is_str(m->v[3].point, "/home/with blank", "escapes are undone");
	ok(m->v[5].readonly && m->v[7].readonly && !m->v[0].readonly,
	   "read-only by the mount or by the filesystem");
	ok(!mount_is_real(&m->v[1]) && mount_is_real(&m->v[2]), "proc is no place for files");
}

static void test_visible(const struct mounts *m)
{
	is_str(at(m, "/home/u")->point, "/home", "the deepest mount shows a path");
	is_str(at(m, "/homeless")->point, "/", "a name is not a prefix");
	is_int(at(m, "/mnt/a/b/c")->id, 51, "mounted above it later: hidden");
	is_int(at(m, "/srv")->id, 61, "the topmost of a pile");
	is_int(at(m, "/srv/under")->id, 61, "what lies on a covered mount is hidden");
	is_int(at(m, "/srv/over/x")->id, 63, "what lies on the topmost is not");
}

static void test_fspath(const struct mounts *m)
{
	OWN_FREE char *home = mount_fspath(at(m, "/home"), "/home");
	OWN_FREE char *file = mount_fspath(at(m, "/home/u/f"), "/home/u/f");
	OWN_FREE char *root = mount_fspath(at(m, "/etc"), "/etc");

	is_str(home, "/@home", "the root of a subvolume");
	is_str(file, "/@home/u/f", "a path within it");
	is_str(root, "/etc", "the root filesystem");
}

static void refused(const char *line)
{
	OWN_MOUNTS struct mounts m = {0};
	struct err e = {0};

	ok(mounts_parse(&m, line, strlen(line), &e) < 0, "refused: %s", esc(line));
}

static void test_words(void)
{
	OWN_BUF struct buf b = BUF_INIT;
	OWN_STRV struct strv w = {0};

	word_escape(&b, "a b\\c\nd\te");
	is_str(b.data, "a\\040b\\134c\\012d\\011e", "blank, backslash, newline, tab");
	buf_str(&b, " x  \\999 \\04");
	is_int(line_split(&w, b.data, b.len, 9), 4, "words, runs of blanks");
	is_str(w.v[0], "a b\\c\nd\te", "there and back");
	is_str(w.v[2], "\\999", "what is no escape stays");
	is_str(w.v[3], "\\04", "nor at the end");
}

int main(void)
{
	OWN_MOUNTS struct mounts m = {0};
	struct err e = {0};

	is_int(mounts_parse(&m, text, sizeof(text) - 1, &e), 0, "a mountinfo parses");
	test_rows(&m);
	test_visible(&m);
	test_fspath(&m);
	refused("27 1 254:0 / / rw,relatime\n");
	refused("x 1 254:0 / / rw - ext4 a rw\n");
	refused("27 1 2540 / / rw - ext4 a rw\n");
	refused("27 1 254:0 / relative rw - ext4 a rw\n");
	refused("\n");
	test_words();
	return done_testing();
}
