# shellcheck shell=bash
# Every test gets its own state and run directory; whatever it started or mounted is gone after it,
# also when it failed.
#	load ../lib/envpod
#	setup() { envpod_setup; }
#	teardown() { envpod_teardown; }

envpod_setup()
{
	local top
	top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
	B=${B:-$top/build/plain}
	TOP=$top
	T=$(mktemp -d "${TMPDIR:-/tmp}/envpod-test.XXXXXX")
	chmod 755 "$T"
	export B TOP T
	export ENVPOD_STATE_DIR=$T/state ENVPOD_RUN_DIR=$T/run
	export PATH=$B/bin:$PATH
	unset ENVPOD_TOOLS ENVPOD_DATA_DIR ENVPOD_LOG SUDO_UID SUDO_GID SUDO_USER
	mkdir -m 700 "$ENVPOD_STATE_DIR" "$ENVPOD_RUN_DIR"
}

# The groups of a pod whose processes were just killed: they are busy until the last one is reaped.
remove_groups()
{
	local end=$((SECONDS + 3)) said status=75
	while [ $status = 75 ]; do
		status=0
		said=$("$B/bin/pod-limit" remove "$1" 2>&1) || status=$?
		[ $status = 75 ] || return 0
		[ $SECONDS -lt $end ] || { echo "teardown: $said" >&2; return 1; }
		sleep 0.02
	done
}

# pod_group NAME: the directory of its cgroup2, which is that of its init; remembered for after that.
pod_group()
{
	local file=$T/group.$1 pid
	if [ ! -s "$file" ]; then
		read -r pid _ <"$ENVPOD_RUN_DIR/$1/init.pid" || return
		sed -n "s|^0::\\(.*\\)/app\$|$(findmnt -n -o TARGET -t cgroup2 | head -1)\\1|p" "/proc/$pid/cgroup" >"$file"
	fi
	cat "$file"
}

# Whatever this test had recorded stands in the table of events, member by member.  A test that writes
# events of its own making into a log says ENVPOD_EVENTS=forged.
known_events()
{
	local log status bad=0
	[ "${ENVPOD_EVENTS:-}" != forged ] || return 0
	[ -x "$B/bin/pod-audit" ] || return 0
	for log in "$ENVPOD_STATE_DIR"/{pods,archive}/*/audit/; do
		[ -s "${log}000001.jsonl" ] || continue
		status=0
		"$B/bin/pod-audit" events --check "$log" >&2 || status=$?
		[ $status != 1 ] || bad=1
	done
	[ $bad = 0 ] || echo "teardown: an event is not in include/envpod/events.def (then: make events)" >&2
	return $bad
}

# Kill every process of every pod of this test, then let go of pins and files.
envpod_teardown()
{
	local pid dir file bad=0
	[ -n "${T:-}" ] || return 0
	known_events || bad=1
	for dir in "$ENVPOD_RUN_DIR"/*/; do
		[ -d "$dir" ] || continue
		[ ! -e "${dir}govern/helpers.pid" ] ||
			"$B/bin/pod-supervise" helpers --set govern stop "$(basename "$dir")" 2>/dev/null
		[ ! -e "${dir}desktop/helpers.pid" ] ||
			"$B/bin/pod-supervise" helpers --set desktop stop "$(basename "$dir")" 2>/dev/null
		for file in "$dir"supervise*.pid "$dir"init.pid; do
			[ -s "$file" ] || continue
			read -r pid _ <"$file" || true
			[ "${pid:-0}" -gt 1 ] && kill -KILL "$pid" 2>/dev/null
		done
		[ ! -x "$B/bin/pod-limit" ] || remove_groups "$(basename "$dir")" || bad=1
	done
	cd /
	grep -o " $T/[^ ]*" /proc/self/mounts | sort -r | while read -r dir; do
		umount -l "$dir" 2>/dev/null || true
	done
	rm -rf --one-file-system "$T"
	return $bad
}

# need overlay userns nginx …: without the feature (have_FEATURE, or a command) the test is skipped, under
# ENVPOD_MUST_RUN=1 it fails.
need()
{
	local feature
	for feature; do
		if declare -F "have_$feature" >/dev/null; then
			have_"$feature" && continue
		elif command -v "$feature" >/dev/null; then
			continue
		fi
		[ "${ENVPOD_MUST_RUN:-0}" = 1 ] && { echo "this machine lacks: $feature" >&2; return 1; }
		skip "needs $feature"
	done
}

# not_here WHY: what the test is about cannot be on this machine, whatever is installed: it is skipped, in CI too.
not_here() { skip "not here: $1"; }

have_root() { [ "$(id -u)" = 0 ]; }
have_overlay() { grep -qw overlay /proc/filesystems; }
have_userns() { unshare -U true 2>/dev/null; }
have_netns() { unshare -n true 2>/dev/null; }
have_tun() { [ -c /dev/net/tun ]; }
have_landlock() { grep -qw landlock /sys/kernel/security/lsm 2>/dev/null || "$B/bin/pod-exec" --doctor --json 2>/dev/null | grep '"landlock"' | grep -q '"pass"'; }

# The status and output of a command that must fail with that status.
#	expect 78 envpod check bad.yaml
expect()
{
	local want=$1
	shift
	run "$@"
	# shellcheck disable=SC2154
	[ "$status" -eq "$want" ] && return 0
	echo "want status $want, got $status from: $*" >&2
	# shellcheck disable=SC2154
	echo "$output" >&2
	return 1
}

# wait_for SECONDS COMMAND...: until it succeeds; for states, never for time itself.
wait_for()
{
	local end=$((SECONDS + $1))
	shift
	until "$@"; do
		[ $SECONDS -lt $end ] || { echo "never came true: $*" >&2; return 1; }
		sleep 0.02
	done
}

# hashes DIR: type, mode, owner, size, content hash and link target of everything below it.
hashes()
{
	(cd "$1" && find . -printf '%y %m %U:%G %p %l\n' | LC_ALL=C sort
	 find . -type f -print0 | LC_ALL=C sort -z | xargs -0r sha256sum)
}

# A command that must fail.  (`! command` fails a test only on its last line.)
refute()
{
	"$@" || return 0
	echo "should have failed: $*" >&2
	return 1
}

# Is this program built with the address sanitizer, which needs address space without end?
sanitized() { grep -q __asan_init "$B/bin/$1"; }
