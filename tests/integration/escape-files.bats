# SPDX-License-Identifier: Apache-2.0
# Escapes by way of files: the view, its masks, devices, mounts.
load ../lib/envpod
load escape/escape
setup_file() { escape_setup_file filesystem; }
teardown_file() { escape_teardown_file; }

@test "the state directory does not exist (F-01)" { attack see-state; }
@test "the pods of the host cannot be listed (F-02)" { attack list-pods; }
@test "the run directory of the host does not exist" { attack see-run-directory; }
@test "the state directory is not reached by .." { attack state-by-dotdot; }
@test "the state directory stays hidden when its parent is moved" { attack state-by-rename; }
@test "no hard link leads to the state directory" { attack state-by-hard-link; }
@test "no hard link leads to the run directory" { attack run-by-hard-link; }
@test "the state directory is not reached by /proc/self/root/.." { attack state-by-root-link; }
@test "the /tmp of the host is out of reach" { attack host-tmp; }
@test "the /run of the host is out of reach" { attack host-run; }
@test ".. ends at the root of the view" { attack dotdot; }
@test "a symlink of the host does not lead out" { attack planted-symlink; }
@test "a symlink of the pod does not lead out" { attack own-symlink; }
@test "/proc/self/root does not lead out" { attack root-magic-link; }
@test "/proc/1/root does not lead out (A-01)" { attack init-magic-link; }
@test "the directory of the caller is not the working directory, if it is hidden" { attack caller-directory; }
@test "a directory open in the caller does not lead out" { attack caller-descriptor; }
@test "the working directory cannot be named by a descriptor (CVE-2024-21626)" { attack directory-by-descriptor; }
@test "chroot and .. do not lead out" { attack chroot; }
@test "homes of other users do not exist" { attack other-home; }
@test "a mask in the home holds when its parent is moved" { attack home-by-rename; }
@test "what only root may read on the host is hidden from root of the pod" { attack root-only-file; }
@test "directories of root alone are hidden from root of the pod" { attack root-only-directory; }
@test "files are not opened by handle" { attack handle; }
@test "sockets in /run of the host are out of reach" { attack run-socket; }
@test "sockets in the tree of the host do not answer" { attack view-socket; }
@test "sockets in the home do not answer" { attack home-socket; }
@test "abstract sockets of the host do not answer" { attack abstract-socket; }
@test "trusted.* attributes cannot be set" { attack trusted-xattr; }
@test "attributes of overlayfs cannot be forged" { attack overlay-xattr; }
@test "nothing can be made immutable" { attack immutable; }
@test "a setuid program of the host gives no powers (H-04)" { attack setuid-program; }
@test "a program with file capabilities gives no powers" { attack capability-program; }
@test "a copied-up setuid program gives no powers" { attack setuid-copy-up; }
@test "no user of the host can reach a setuid file that a pod made" { attack setuid-reachable; }
@test "no setuid file of a pod belongs to root of the host" { attack setuid-of-root; }
@test "no setuid file of root is made through a ReadWrite mount" { attack lent-setuid; }
@test "links planted for the next run redirect no write to the host" { attack planted-links; }
@test "after all these attacks the host is as it was" { attack host-changed; }
@test "disks cannot be read (F-07)" { attack disk; }
@test "/dev/mem does not exist (F-08, A-05)" { attack mem; }
@test "/dev/kmem does not exist (A-05)" { attack kmem; }
@test "/dev/kmsg does not exist" { attack kmsg; }
@test "graphics devices do not exist unasked (I-06)" { attack gpu; }
@test "a character device in the tree of the host does not open" { attack planted-char-node; }
@test "a block device in the tree of the host does not open" { attack planted-block-node; }
@test "/dev holds the common nodes alone" { attack stray-dev-nodes; }
@test "character devices cannot be made (F-06, S-05)" { attack mknod-char; }
@test "block devices cannot be made" { attack mknod-block; }
@test "whiteouts cannot be made by hand" { attack mknod-whiteout; }
@test "no control file in /proc opens for writing" { attack write-proc; }
@test "no control file in /sys opens for writing (F-05)" { attack write-sys; }
@test "nothing can be made below /sys (F-05)" { attack make-in-sys; }
@test "sysctls cannot be written" { attack proc-sys; }
@test "core_pattern cannot be written" { attack core-pattern; }
@test "the host name cannot be written" { attack hostname-sysctl; }
@test "limits of shared memory cannot be written" { attack shm-sysctl; }
@test "the release_agent of a cgroup cannot be written" { attack release-agent; }
@test "a tmpfs cannot be mounted (F-03, S-01)" { attack mount-tmpfs; }
@test "nothing can be bound" { attack mount-bind; }
@test "the root cannot be bound elsewhere" { attack mount-rbind; }
@test "a fresh /proc cannot be mounted" { attack mount-proc; }
@test "a fresh /sys cannot be mounted" { attack mount-sysfs; }
@test "a fresh devpts cannot be mounted" { attack mount-devpts; }
@test "a fresh mqueue cannot be mounted" { attack mount-mqueue; }
@test "cgroup2 cannot be mounted" { attack mount-cgroup; }
@test "a cgroup hierarchy with a release_agent cannot be mounted" { attack mount-cgroup-v1; }
@test "debugfs cannot be mounted" { attack mount-debugfs; }
@test "an overlay cannot be mounted" { attack mount-overlay; }
@test "the root cannot be remounted (F-09)" { attack remount-root; }
@test "/sys cannot be made writable" { attack remount-sys; }
@test "propagation cannot be changed" { attack share-root; }
@test "a mount cannot be moved" { attack move-mount; }
@test "/proc and its masks cannot be unmounted (F-04)" { attack umount-proc; }
@test "/dev cannot be unmounted" { attack umount-dev; }
@test "the root cannot be unmounted" { attack umount-root; }
@test "the root cannot be changed (F-10)" { attack pivot-root; }
@test "no filesystem can be opened" { attack fsopen; }
@test "no fresh /proc can be opened" { attack fsopen-proc; }
@test "no mount can be cloned" { attack open-tree; }
@test "no mount can be moved by the newer call" { attack move-mount-call; }
@test "no mount attribute can be changed" { attack mount-setattr; }
@test "nothing can be mounted in a user namespace of its own" { attack mount-in-user-namespace; }

@test "what the host keeps secret is hidden, every path of share/masks (as user, as root)" { attack masked; }
@test "and so for a pod of the host's root" { attack masked-of-root; }
@test "and so for somebody without a home" { attack masked-4321; }
@test "and so for somebody whose home lies among the system's directories" { attack masked-1002; }
@test "somebody's home as working directory shows none of its secrets" { attack masked-minimal; }
@test "and so where it is the person's own home" { attack masked-minimal-u; }
@test "and so in the whole view" { attack masked-whole; }
@test "a working directory under a mask shows nothing that is masked in it" { attack masked-shown; }
@test "secrets that came after the pod are hidden at the next run" { attack masked-late; }
@test "secrets stay hidden when a pod moves their parents" { attack masked-moved; }

@test "every attack of this kind has its test" { all_attacks_tested filesystem directory; }
