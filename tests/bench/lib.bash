# shellcheck shell=bash
# What every benchmark needs: an own state directory, the timing program, clean-up.
# Prints NDJSON on stdout; ratio is ours (the first name) to that peer, in one interleaved run.
set -eu

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
TOP=$(cd "$here/../.." && pwd)
B=${B:-$TOP/build/plain}
T=$(mktemp -d "${TMPDIR:-/tmp}/envpod-bench.XXXXXX")
chmod 755 "$T"
export B T TOP ENVPOD_STATE_DIR=$T/state ENVPOD_RUN_DIR=$T/run PATH=$B/bin:$PATH
mkdir -m 700 "$ENVPOD_STATE_DIR" "$ENVPOD_RUN_DIR"
trap bench_end EXIT
trap 'exit 130' INT TERM
# Runtime files lie in memory, as in /run.
mount -t tmpfs -o mode=700 envpod-bench "$ENVPOD_RUN_DIR"

bench_end()
{
	local name
	for name in $(envpod ls -z 2>/dev/null | tr '\0' ' '); do
		envpod destroy --force "$name" >/dev/null 2>&1 || true
	done
	grep -o " $T/[^ ]*" /proc/self/mounts | sort -r | xargs -r umount -l 2>/dev/null || true
	rm -rf --one-file-system "$T"
}

# has PROGRAM: a peer that is not installed is left out, and said.
has()
{
	command -v "$1" >/dev/null && return 0
	echo "bench: $1 is not installed (share/packages/bench)" >&2
	return 1
}

${CC:-cc} -O2 -o "$T/interleave" "$here/interleave.c"
# BENCH_RT=1: before whatever else the machine does; for one that others use, too.  BENCH_S: no round begins later.
interleave() { ${BENCH_RT:+chrt -r 20} "$T/interleave" ${BENCH_S:+-s "$BENCH_S"} "$@"; }

# write_files COUNT: a shell script that an agent makes them with, 100 a directory, 100 bytes each.
write_files()
{
	echo "i=0; while [ \$i -lt $1 ]; do d=new/\$((i / 100)); mkdir -p \$d; j=0; while [ \$j -lt 100 ] && [ \$j -lt $1 ]; do
		echo \"file \$i \$j: some text that an agent wrote, of a hundred bytes or so, to be looked at\" >\$d/\$j; j=\$((j + 1)); done
		i=\$((i + 100)); done"
}

# on_loop FS COMMAND...: with $FS mounted on a new loop filesystem, state directory in it; by name.
on_loop()
{
	local fs=$1
	shift
	has "mkfs.$fs" || return 0
	truncate -s 4G "$T/$fs.img"
	case $fs in ext4) mkfs.ext4 -qF "$T/$fs.img" ;; *) "mkfs.$fs" -qf "$T/$fs.img" ;; esac
	mkdir "$T/$fs"
	mount -o loop "$T/$fs.img" "$T/$fs" || return 0
	mkdir -m 700 "$T/$fs/state"
	FS=$T/$fs ENVPOD_STATE_DIR=$T/$fs/state "$@"
	umount -l "$T/$fs"
	rm -f "$T/$fs.img"
}

# crun_bundle: a minimal bundle over the host's own tree, in $T/bundle.
crun_bundle()
{
	mkdir -p "$T/bundle/rootfs"
	(cd "$T/bundle" && crun spec)
	jq --arg root "$T/bundle/rootfs" '.process.terminal=false | .process.args=["/bin/true"] |
		.process.rlimits=[] | .root={path:$root,readonly:true}' \
		"$T/bundle/config.json" >"$T/config" && mv "$T/config" "$T/bundle/config.json"
	CRUN=(crun --root "$T/crun" --cgroup-manager=disabled run -b "$T/bundle")
}

# interleave_crun ARG...: where hybrid control groups keep crun from starting, all of them are timed
# in a mount namespace that shows the unified hierarchy alone, crun without control groups.
interleave_crun()
{
	# shellcheck disable=SC2016
	unshare -m sh -c 'mount --make-rprivate / && mount --bind / "$T/bundle/rootfs" &&
		umount -R /sys/fs/cgroup && mount -t cgroup2 none /sys/fs/cgroup && exec ${BENCH_RT:+chrt -r 20} "$T/interleave" "$@"' sh "$@"
}
