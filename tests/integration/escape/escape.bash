# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# For the escape suites: setup_file runs all attacks of a group, as the pod's user, as its root and
# as a control on the host, in a throw-away host; each @test judges one attack:
#	attack mount-tmpfs
# It passes when the control succeeded and both pods stopped it.

# The host's programs, in the build folder: the suites share them.  The attacks are pod-probe's.
escape_build()
{
	local src=$BATS_TEST_DIRNAME/escape dir=$B/tests/integration/escape
	local flags="-std=c11 -D_GNU_SOURCE -O1 -Wall -Wextra -Wno-missing-field-initializers"
	mkdir -p "$dir"
	(
		flock 8
		[ -z "$(find "$src" "$src/../software" -name '*.[ch]' -newer "$dir/syscalls" 2>&1)" ] &&
			exit
		# shellcheck disable=SC2086
		${CC:-cc} $flags -static -o "$dir/peer" "$src/peer.c" &&
			${CC:-cc} $flags -o "$dir/syscalls" "$src/../software/syscalls.c"
	) 8>"$dir/lock"
}

# escape_run SCRIPT WORD...: run escape/SCRIPT as pid 1 of a throw-away host; its descriptor 9 is
# added to the results.
escape_run()
{
	escape_build || return
	export ENVPOD_CGROUP=envpod-escape-$$
	HOST_BIN=$B/bin HOST_SHARE=$TOP/share HOST_PROBE=$B/tests/integration/escape \
		"$TOP/tests/integration/escape/host" "$T/root" "$@" \
		9>>"$T/results" >>"$T/log" 2>&1 </dev/null
}

escape_setup_file()
{
	envpod_setup
	need root overlay userns
	mkdir "$T/root"
	: >"$T/results"
	case $1 in
	walls) escape_run walls ;;
	filesystem) escape_run attacks filesystem && escape_run masks ;;
	governance) escape_run attacks governance network ;;
	*) escape_run attacks "$@" ;;
	esac || true # what is missing in the results fails its test
}

escape_teardown_file()
{
	local group
	# the host's processes died with its pid 1; its groups outlive them
	find /sys/fs/cgroup -depth -type d -path "*/$ENVPOD_CGROUP*" 2>/dev/null |
		while read -r group; do wait_for 5 rmdir "$group"; done
	envpod_teardown
}

result() { sed -n "s/^$1 $2 //p" "$T/results" | tail -1; }

# A kernel without the thing attacked proves nothing, unless the wall answers in its stead.
control_worked()
{
	case $1 in
	open*) ;;
	absent*) [ "$2 $3" = "held EPERM held EPERM" ] ;;
	*) false ;;
	esac
}

attack()
{
	local control user root
	control=$(result control "$1") user=$(result user "$1") root=$(result root "$1")
	echo "control: ${control:-no result}; user: ${user:-no result}; root: ${root:-no result}"
	if [ -z "$control" ] || [ -z "$user" ] || [ -z "$root" ]; then
		tail -50 "$T/log"
		return 1
	fi
	control_worked "$control" "$user" "$root" || { echo "the control must succeed"; return 1; }
	[[ $user =~ ^(held|absent) ]] && [[ $root =~ ^(held|absent) ]]
}

# Every attack of these groups has its test in this file.
all_attacks_tested()
{
	local name missing=
	for name in $(pod-probe -l -b "$BATS_TEST_DIRNAME/escape/bait" | grep -wE "^(${*// /|})" | cut -d' ' -f2); do
		grep -q "attack $name;" "$BATS_TEST_FILENAME" || missing+=" $name"
	done
	[ -z "$missing" ] || { echo "no test:$missing"; return 1; }
}
