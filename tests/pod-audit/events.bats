#!/usr/bin/env bats
# The table of events (include/envpod/events.def) against the sources, the page and a log.
load ../lib/envpod
load helper

setup()
{
	envpod_setup
	pod_dir web
	cd "$TOP" || return
	# src, name of every event; src, name of every member
	pod-audit events --json >"$T/table"
}
teardown() { envpod_teardown; }

# names FILTER: of the table, sorted.
names() { jq -r "$1" "$T/table" | sort -u; }

# only A B: lines of A that are not in B, and a failure where there are some.
only()
{
	comm -23 "$1" "$2" >"$T/only"
	[ ! -s "$T/only" ] || { echo "$3:" >&2; cat "$T/only" >&2; return 1; }
}

# sources SRC: of the program whose events have that src.
sources()
{
	case $1 in
	undo) echo libcommon/undo.c ;;
	audit) echo libcommon/record.c tools/pod-audit/*.c ;;
	envpod) echo tools/envpod/*.c ;;
	session) echo tools/pod-supervise/told.c ;;
	supervise) find tools/pod-supervise -name '*.c' ! -name told.c ;;
	*) echo "tools/pod-$1"/*.c ;;
	esac
}

# literals SRC: every word in quotes in its sources, also those in JSON written by hand.
literals()
{
	# shellcheck disable=SC2046
	grep -hoE '"[a-z_]+(\\"|")|\\"[a-z_]+\\"' $(sources "$1") | tr -d '\\"' | sort -u
}

@test "envpod-event(5) says what the table says" {
	cp man/envpod-event.5 "$T/page"
	share/events/page "$T/page" "$B/bin/pod-audit"
	diff -u man/envpod-event.5 "$T/page" || { echo "run: make events" >&2; return 1; }
}

# Every event name that stands as a literal where events are made.
@test "every event in the sources is in the table" {
	grep -rhoE '(event_init\(.*|\.event = .*|front_record\(.*|put_on_record\(.*|begin\(&ev.*|note_port\(.*|note_action\(.*|note_said\(.*|deed_tell\(.*|log_event\(.*)' tools libcommon --include=*.c |
		grep -oE '"[a-z_]+"' | tr -d '"' | sort -u >"$T/named"
	grep -qx run_start "$T/named"
	{ names .event; names .src; names '.fields[].name'
	  # words that stand on the same lines
	  printf '%s\n' loaded agent; } | sort -u >"$T/known"
	only "$T/named" "$T/known" "not in include/envpod/events.def"
}

@test "every event of the table is made by its tool" {
	# names that are composed: "commit" and "_finished"
	grep -q '"%s_%s"' tools/pod-mount/recover.c
	local src
	for src in $(names .src); do
		literals "$src" >"$T/literals"
		names "select(.src == \"$src\") | .event" | { if [ "$src" = mount ]; then grep -vE '_(finished|undone)$'; else cat; fi; } >"$T/made"
		only "$T/made" "$T/literals" "$src: in the table, but nobody makes it"
	done
}

@test "every member that a source names is in the table, of an event of its tool" {
	local src
	for src in $(names .src); do
		# shellcheck disable=SC2046
		{ grep -hoE 'event_(str|num|bool|strv)\([^,]*, *"[a-z_]+"' $(sources "$src") | grep -oE '"[a-z_]+"'
		  # pod-dns writes its own by hand
		  [ "$src" != dns ] || grep -hoE 'add_(text|count)\(&?o, *"[a-z_]+"|,\\"[a-z_]+\\":' tools/pod-dns/log.c | grep -oE '"[a-z_]+\\?"'
		} | tr -d '\\"' | sort -u >"$T/named"
		{ names "select(.src == \"$src\") | .fields[].name"
		  printf '%s\n' v ts pod src event; } | sort -u >"$T/known"
		only "$T/named" "$T/known" "$src: not in include/envpod/events.def"
	done
}

@test "every member of the table is written by its tool" {
	local src
	for src in $(names .src); do
		literals "$src" >"$T/literals"
		names "select(.src == \"$src\") | .fields[].name" | grep -vxF '*' >"$T/members" || continue
		only "$T/members" "$T/literals" "$src: in the table, but nobody writes it"
	done
}

@test "no event stands twice, no member twice in an event, and each means something" {
	[ -z "$(jq -r '"\(.src) \(.event)"' "$T/table" | sort | uniq -d)" ]
	[ -z "$(jq -c 'select((.fields | map(.name)) as $n | ($n | unique | length) != ($n | length))' "$T/table")" ]
	[ -z "$(jq -c 'select(.meaning == "" or any(.fields[]; .meaning == ""))' "$T/table")" ]
}

# What comes out of a pod as text, wherever it stands.
@test "the pod's word is marked as such" {
	marked() { jq -e --arg e "$1" --arg f "$2" 'select(.event == $e) | .fields[] | select(.name == $f) | .pods_word' "$T/table" | grep -qx true; }
	marked action_executed said
	marked action_failed reason
	marked action_reverse_failed reason
	marked commit paths
	marked rollback paths
	marked dns_query name
	marked dns_denied name
	marked canary name
	marked http_request path
	marked http_request method
	marked net_denied name
	marked health_failed reason
	# by the pod's own passwd; by an agent's action
	marked run_start user
	marked run_start cwd
	marked snapshot_create name
	marked policy_change allow
	refute marked run_start argv
}

@test "the table: all, one at length, and what there is not" {
	expect 0 pod-audit events
	[[ $output == *"run_start"* ]]
	expect 0 pod-audit events net_denied
	[[ ${lines[0]} == "net net_denied (low, refused): "* ]]
	[[ $output == *"proxy net_denied"* ]]
	[[ $output == *"name "*"string ~"* ]]
	[ "$(pod-audit events --json run_end | jq -r '.fields[0].name')" = status ]
	expect 64 pod-audit events run_stort
	expect 64 pod-audit events --check web run_end
}

@test "--check: what the table does not know is found, other people's events are theirs" {
	pod-audit append web <<-'END'
		{"src":"exec","event":"run_end","status":0,"duration_ms":5,"oom":false}
		{"src":"mine","event":"anything","x":1}
		{"src":"config","event":"config_set","processor.memory":"1G"}
	END
	expect 0 pod-audit events --check web
	[ -z "$output" ]
	pod-audit append web <<-'END'
		{"src":"exec","event":"run_ended"}
		{"src":"exec","event":"run_end","status":"0"}
		{"src":"exec","event":"run_end","status":0,"colour":"\u001b[31m"}
		{"src":"config","event":"config_set","processor.memory":1}
	END
	expect 1 pod-audit events --json --check web
	[ "$(jq -r '"\(.place) \(.member)"' <<<"$output" | tr '\n' ,)" = "000001.jsonl:4 -,000001.jsonl:5 status,000001.jsonl:6 colour,000001.jsonl:7 processor.memory," ]
	# also from the archive and from a stream
	expect 1 pod-audit events --check - <"$LOG"
	mkdir -p "$ENVPOD_STATE_DIR/archive/web-20260102T030405Z"
	mv "$AUDIT" "$ENVPOD_STATE_DIR/archive/web-20260102T030405Z/audit"
	expect 1 pod-audit events --archive --check web-20260102T030405Z
	expect 2 pod-audit events --check web2
}

@test "a test that has something recorded that the table does not know fails at its end" {
	# (@test at the beginning of a line would be one of this file's)
	sed 's/^at /@test /' >"$T/t.bats" <<-END
	load $TOP/tests/lib/envpod
	setup() { envpod_setup; mkdir -p "\$ENVPOD_STATE_DIR/pods/web"; }
	teardown() { envpod_teardown; }
	at known { pod-audit append web <<<'{"src":"exec","event":"run_end","status":0}'; }
	at unknown { pod-audit append web <<<'{"src":"exec","event":"run_end","colour":0}'; }
	at forged { ENVPOD_EVENTS=forged; pod-audit append web <<<'{"src":"exec","event":"nonsense"}'; }
	END
	# shellcheck disable=SC2046 # a bats of its own
	run env -u ENVPOD_EVENTS $(compgen -e | sed -n 's/^BATS_/-u BATS_/p') bats --tap "$T/t.bats"
	echo "$output"
	[ "$(grep -cE '^ok [13] |^not ok 2 ' <<<"$output")" = 3 ]
	[[ $output == *"colour"*"is not in the table"* ]]
}

@test "query shows the pod's word as name~=value" {
	pod-audit append web <<<'{"src":"queue","event":"action_executed","id":"A","said":"done, I swear"}'
	expect 0 pod-audit query web
	[[ $output == *'id=A said~="done, I swear"'* ]]
}
