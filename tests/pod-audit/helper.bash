# shellcheck shell=bash
# libjq 1.6 loses a value where a separator is missing in what it parses: not our leak.
export LSAN_OPTIONS=${LSAN_OPTIONS:+$LSAN_OPTIONS:}suppressions=$BATS_TEST_DIRNAME/libjq.supp:print_suppressions=0

# Events here are of the tests' own making.
export ENVPOD_EVENTS=forged

# A pod made by hand: pod-audit needs no more than its directory.
pod_dir()
{
	mkdir -p "$ENVPOD_STATE_DIR/pods/$1"
	AUDIT=$ENVPOD_STATE_DIR/pods/$1/audit
	LOG=$AUDIT/000001.jsonl
}

# web_with N: a pod called web, so many events in its log; where the host's keys for that are.
web_with()
{
	envpod_setup
	KEYS=$ENVPOD_STATE_DIR/keys/audit
	pod_dir web
	events "$1" | pod-audit append web
}

# events N: that many on standard output.
events()
{
	for ((i = 1; i <= $1; i++)); do
		printf '{"src":"test","event":"step","n":%d}\n' "$i"
	done
}

# chain FILE...: what the chain of the last line must be, by other people's programs.
chain_of()
{
	local prev line body
	prev=$(printf '0%.0s' {1..64})
	while IFS= read -r line; do
		body=${line%,\"chain\":*}\}
		prev=$(printf '%s\n%s' "$prev" "$body" | b2sum -l 256 | cut -d' ' -f1)
	done < <(cat "$@")
	echo "$prev"
}
