# shellcheck shell=bash

# own_plugins: a directory of the test's, with ours in it.
own_plugins()
{
	export ENVPOD_PLUGIN_PATH=$T/plugins
	mkdir -p "$ENVPOD_PLUGIN_PATH"
	cp "$B"/plugins/*.so "$ENVPOD_PLUGIN_PATH/"
}

# shell_plugin NAME TEXT: a program among the plugins.
shell_plugin()
{
	printf '#!/bin/sh\n%s\n' "$2" >"$ENVPOD_PLUGIN_PATH/$1"
	chmod 755 "$ENVPOD_PLUGIN_PATH/$1"
}

# machine SCRIPT [ARG]...: bash, on a machine whose /dev can be filled: a mount namespace of its own, gone with it.
# There `node PATH [MAJOR MINOR]` makes a node (null's number serves where it is only opened).
machine()
{
	local script=$1
	shift
	unshare -m --propagation private bash -euo pipefail -c '
		mount -t tmpfs -o mode=755 dev "$T"
		mkdir "$T/dev"
		cp -a /dev/{null,zero,full,random,urandom,tty,fuse,fd,stdin,stdout,stderr} "$T/dev/"
		mkdir "$T/dev/pts" "$T/dev/shm"
		mount --bind /dev/pts "$T/dev/pts"
		mount --rbind "$T/dev" /dev
		umount "$T/dev/pts"
		ln -s pts/ptmx /dev/ptmx
		umount -l "$T"
		node() { mkdir -p "${1%/*}"; mknod -m 666 "$1" c "${2:-1}" "${3:-3}"; }
		cd "$T"
		eval "$0"' "$script" "$@"
}

# In a machine: what NVIDIA's driver shows of two processors.
# shellcheck disable=SC2089,SC2090 # a script, which machine() evaluates
nvidia='
	node /dev/nvidia0 195 0
	node /dev/nvidia1 195 1
	node /dev/nvidiactl 195 255
	node /dev/nvidia-uvm 510 0
	node /dev/nvidia-modeset 195 254
	node /dev/nvidia-caps/nvidia-cap1 511 1
	mount -t tmpfs driver /proc/driver
	mkdir -p /proc/driver/nvidia/gpus/0000:01:00.0 /proc/driver/nvidia/gpus/0000:C1:00.0
	printf "Model: \t\t Toy A\nDevice Minor: \t 0\n" >/proc/driver/nvidia/gpus/0000:01:00.0/information
	printf "Model: \t\t Toy B\nDevice Minor: \t 1\n" >/proc/driver/nvidia/gpus/0000:C1:00.0/information
	mount -t tmpfs module /sys/module
	mkdir /sys/module/nvidia
	echo 550.54.15 >/sys/module/nvidia/version
'
# shellcheck disable=SC2090
export nvidia
