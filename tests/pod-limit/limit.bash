# shellcheck shell=bash
# Pods made by hand, with processes put into their groups by hand: what is tested is pod-limit alone.
#	load limit

limit_setup()
{
	envpod_setup
	export ENVPOD_CGROUP=envpod-test-$$-$RANDOM
	V2=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/self/mounts)
	STARTED=
}

limit_teardown()
{
	local pid
	for pid in $STARTED; do kill -KILL -- "-$pid" "$pid" 2>/dev/null || true; done
	envpod_teardown
	wait_for 10 no_groups
}

# What was killed just now keeps its group busy for a moment.
no_groups()
{
	find /sys/fs/cgroup -depth -type d -path "*/$ENVPOD_CGROUP*" -exec rmdir {} + 2>/dev/null
	[ -z "$(find /sys/fs/cgroup -maxdepth 2 -name "$ENVPOD_CGROUP")" ]
}

# pod NAME [PLANLINE]...: a pod directory with this plan.
pod()
{
	local dir=$ENVPOD_STATE_DIR/pods/$1
	mkdir -p "$dir" "$ENVPOD_RUN_DIR/$1"
	echo '{}' >"$dir/pod.json"
	{
		stat -c 'envpod-plan 1 %i %.9Y %s' "$dir/pod.json" | tr -d .
		printf '%s\n' "name $1" "${@:2}" end
	} >"$dir/plan"
}

# The pod's group in each hierarchy that has one, v2 first.
groups_of()
{
	find "$V2" /sys/fs/cgroup -maxdepth 3 -type d -path "*/$ENVPOD_CGROUP/$1@*" \
		! -name app ! -name guardian 2>/dev/null | awk '!seen[$0]++'
}

# knob POD FILE...: the first of these files that any of its groups has.
knob()
{
	local group file
	for group in $(groups_of "$1"); do
		for file in "${@:2}"; do
			[ -e "$group/$file" ] && { cat "$group/$file"; return; }
		done
	done
	return 1
}

# in_pod POD COMMAND...: in the background, inside all the pod's groups; its pid is in $!.
in_pod()
{
	# shellcheck disable=SC2016
	setsid bash -c 'for procs in $1; do echo $$ >"$procs" || exit 125; done; shift; exec "$@"' \
		in_pod "$(procs_of "$1")" "${@:2}" 3>&- &
	STARTED="$STARTED $!"
	wait_for 5 is_inside "$1" $!
}

procs_of()
{
	local group
	for group in $(groups_of "$1"); do
		if [ -d "$group/app" ]; then echo "$group/app/cgroup.procs"; else echo "$group/cgroup.procs"; fi
	done
}

# Past the last write, so that the command itself has started.
is_inside()
{
	[ "$(tr '\0' ' ' </proc/"$2"/cmdline 2>/dev/null | cut -c1-12)" != "bash -c for " ] || return 1
	! kill -0 "$2" 2>/dev/null || ! procs_of "$1" | xargs grep -Lx "$2" | grep -q .
}

is_dead() { ! kill -0 "$1" 2>/dev/null || grep -q '^State:.Z' "/proc/$1/status" 2>/dev/null; }

# The names of the events in a pod's log.
events() { sed 's/.*"event":"\([a-z_]*\)".*/\1/' "$ENVPOD_STATE_DIR/pods/$1"/audit/*.jsonl | tr '\n' ' '; }

usage_of() { pod-limit usage --json "$1" | jq -r "$2"; }
