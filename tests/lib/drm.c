/* SPDX-License-Identifier: Apache-2.0 */
/* drm NODE: open a node of a GPU and ask its driver's name (DRM_IOCTL_VERSION).  Status 1: no. */
#include <fcntl.h>
#include <libdrm/drm.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

int main(int argc, char **argv)
{
	char name[64] = "";
	struct drm_version v = {.name = name, .name_len = sizeof(name) - 1};
	int fd = argc == 2 ? open(argv[1], O_RDWR | O_CLOEXEC) : -1;

	if (fd < 0 || ioctl(fd, DRM_IOCTL_VERSION, &v) < 0) {
		perror(argc == 2 ? argv[1] : "usage: drm NODE");
		return 1;
	}
	puts(name);
	return 0;
}
