# shellcheck shell=bash
# Recorded samples and events, and pods that are watched.
load ../lib/envpod

# second N: a time of the recording.
second() { printf '2026-01-01T00:%02d:%02d.000000Z' $(($1 / 60)) $(($1 % 60)); }

# sample SECOND GROUP: "GROUP" is JSON, such as "cpu":{"percent":90}
sample() { printf '{"v":1,"ts":"%s","pod":"web","running":true,"frozen":false,%s}\n' "$(second "$1")" "${2:-\"cpu\":{\}}"; }

# event SECOND SRC NAME [MEMBERS]
event() { printf '{"v":1,"ts":"%s","pod":"web","src":"%s","event":"%s"%s}\n' "$(second "$1")" "$2" "$3" "${4:+,$4}"; }

# cpu PERCENT...: samples, five seconds apart.
cpu()
{
	local at=0 percent
	for percent; do
		sample $at "\"cpu\":{\"percent\":$percent}"
		at=$((at + 5))
	done
}

# rules YAML...: a file of rules, each a flow map.
rules()
{
	local rule
	printf 'check_interval: 1\nrules:\n' >"$T/rules.yaml"
	for rule; do printf '  - %s\n' "$rule" >>"$T/rules.yaml"; done
}

# fired: "MM:SS RULE WHAT" a line, for the samples on standard input.
fired()
{
	pod-monitor test "$T/rules.yaml" >"$T/fired" || [ $? = 1 ] || return
	jq -r '"\(.ts[14:19]) \(.rule) \(.what)"' "$T/fired"
}

# pod RULES...: a pod called web with these rules, in the working directory.
pod()
{
	export ENVPOD_CGROUP=envpod-monitor-$$-$RANDOM
	rules "$@"
	{ echo 'name: web'; echo "network: {mode: None}"; echo 'monitor:'; sed 's/^/  /' "$T/rules.yaml"; } >"$T/pod.yaml"
	mkdir -p "$T/w" && cd "$T/w" && envpod init web -c "$T/pod.yaml" >/dev/null
}

# burn COMMAND: in the pod, in the background.
burn() { envpod run web -- sh -c "$1" >/dev/null 2>&1 3>&- & }

# Events of the monitor: their names, or all about one.
events() { envpod audit web --json --src monitor ${1:+--event "$1"}; }
has_event() { [ "$(events "$1" | wc -l)" -ge "${2:-1}" ]; }

# The process that watches the pod, as its keeper knows it.
monitor() { pod-supervise helpers --set govern --json status web | jq -r 'select(.name == "monitor").pid'; }

groups_gone()
{
	find /sys/fs/cgroup -depth -type d -path "*/${ENVPOD_CGROUP:-none}*" -exec rmdir {} + 2>/dev/null
	[ -z "$(find /sys/fs/cgroup -maxdepth 2 -name "${ENVPOD_CGROUP:-none}")" ]
}

monitor_teardown()
{
	envpod kill web >/dev/null 2>&1
	envpod_teardown
	wait_for 10 groups_gone
}
