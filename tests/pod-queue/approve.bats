#!/usr/bin/env bats
# Approvals: by the command, by a file; and everything that is none.
load ../lib/envpod
load helper

setup()
{
	need root overlay userns
	queue_setup
	stand_in
	make_pod "${YAML:-}" "${QUEUE:-}"
	executor x true
	envpod actions q add look --description x --param n --exec x.sh
	envpod actions q add other --description x --param n --exec x.sh
	govern
}
teardown() { envpod_teardown; }

look() { ask '{"type":"call","action":"'"${2:-look}"'","params":{"n":'"${1:-1}"'}}' | id_of; }
approval() { envpod approve --print q "$@"; }
executed() { [ -e executed ] && grep -qx "$1" executed; }
refused() { events approval_refused | grep -qF -- "$1"; }

@test "by file: what --print prints, written into approved/, is an approval" {
	id=$(look)
	approval "$id" >a.json
	jq -e --arg id "$id" '.v == 1 and .id == $id and .scope == "once" and .by == "root" and (.digest | length) == 64' a.json
	is_in staged "$id"
	cp a.json "$Q/approved/$id.json"
	wait_for 10 is_in done "$id"
	executed "$id"
	[ -z "$(ls "$Q/approved")" ]
	# And written there again: it was used.
	cp a.json "$Q/approved/$id.json"
	wait_for 10 refused 'used before'
	[ -e "$Q/denied/$id.json.refused" ]
	[ "$(wc -l <executed)" = 1 ]
}

@test "a bare move of the action is no approval: it is put back and recorded" {
	id=$(look)
	mv "$Q/staged/$id.json" "$Q/approved/"
	wait_for 10 is_in staged "$id"
	wait_for 10 refused 'moved by hand'
	mv "$Q/staged/$id.json" "$Q/running/"
	wait_for 10 has_event approval_refused 2
	wait_for 10 is_in staged "$id"
	mv "$Q/staged/$id.json" "$Q/new/"
	quiet
	refute executed "$id"
	cp "$Q"/*/"$id.json" "$Q/approved/"
	wait_for 10 has_event approval_refused 3
	[ -z "$(ls "$Q/approved")" ]
	[ ! -e executed ]
}
quiet() { ask '{"type":"list"}' >/dev/null; ask '{"type":"list"}' >/dev/null; }

@test "a digest of something else, a name of something else, an unknown action, no approval at all: refused" {
	a=$(look 1)
	b=$(look 2)
	approval "$a" | jq -c --arg id "$b" '.id = $id' >"$Q/approved/$b.json"
	wait_for 10 refused "digest is not the action"
	approval "$a" | jq -c '.name = "other"' >"$Q/approved/$a.json"
	wait_for 10 refused "name is not the action"
	approval "$a" | jq -c '.id = "aaaaaaaaaaaaaaaa"' >"$Q/approved/aaaaaaaaaaaaaaaa.json"
	wait_for 10 refused 'no such action'
	approval "$a" >"$Q/approved/$b.json"
	wait_for 10 refused 'its name is not its id'
	echo nonsense >"$Q/approved/$a.json"
	wait_for 10 refused 'it is no approval'
	approval "$a" | jq -c 'del(.until)' >"$Q/approved/$a.json"
	wait_for 10 refused 'until is missing'
	approval "$a" | jq -c '.scope = "always"' >"$Q/approved/$a.json"
	wait_for 10 refused 'scope is none'
	ln -s /etc/passwd "$Q/approved/$a.json"
	echo nonsense >"$Q/approved/$b.json"
	wait_for 10 has_event approval_refused 9
	is_in staged "$a"
	is_in staged "$b"
	[ ! -e executed ]
	[ -z "$(ls "$Q/approved")" ]
}

@test "an approval whose time is over is refused" {
	id=$(look)
	approval "$id" | jq -c '.until = "2020-01-01T00:00:00Z"' >"$Q/approved/$id.json"
	wait_for 10 refused 'its time is over'
	is_in staged "$id"
}

@test "what executes it changed after it was submitted: it fails, approved or not" {
	id=$(look)
	approval "$id" >a.json
	echo '# other' >>"$D/actions/look"
	cp a.json "$Q/approved/$id.json"
	wait_for 10 is_in done "$id"
	jq -e '.status == "failed" and (.reason | contains("has changed since"))' "$Q/done/$id.json"
	[ ! -e executed ]
}

@test "--for: all of this name, and no other; --exact: this very action, and no other" {
	a=$(look 1)
	envpod approve --for 1h q "$a"
	b=$(look 2)
	wait_for 10 is_in done "$b"
	jq -e '.approved_by == "root" and .scope == "for"' "$Q/done/$b.json"
	c=$(look 2 other)
	is_in staged "$c"
	envpod approve --exact q "$c"
	d=$(look 2 other)
	wait_for 10 is_in done "$d"
	e=$(look 3 other)
	quiet
	is_in staged "$e"
	# It outlives the steward.
	kill -KILL "$(steward)"
	wait_for 10 eval 'f=$(look 9) && [ -n "$f" ]'
	wait_for 10 eval 'is_in done "$f"'
	expect 64 envpod approve --once --exact q "$e"
	expect 64 envpod approve --for soon q "$e"
}

@test "a delayed action can be approved before it is due" {
	envpod actions q add late --description x --tier delayed --delay 3600 --param n --exec x.sh
	id=$(look 1 late)
	is_in delayed "$id"
	envpod approve q "$id"
	executed "$id"
}

@test "--for and --exact end with their time" {
	a=$(look 1)
	b=$(look 1 other)
	envpod approve --for 1s q "$a"
	approval --exact "$b" | jq -c '.until = (now + 2 | floor | todate)' >"$Q/approved/.b"
	mv "$Q/approved/.b" "$Q/approved/$b.json"
	wait_for 10 is_in done "$b"
	past=$(($(date +%s) + 2))
	wait_for 10 eval '[ "$(date +%s)" -gt "$past" ]'
	c=$(look 2)
	d=$(look 1 other)
	quiet
	is_in staged "$c"
	is_in staged "$d"
}

@test "what was approved does not wait for what needs nobody, and not in vain" {
	envpod actions q add now --description x --tier immediate --param n --exec x.sh
	mkfifo go
	sed -i "1i [ \"\$(jq -r .name \"\$Q/running/\$id.json\")\" != now ] || read -r _ <$T/go" execute
	for i in 1 2 3 4 5; do look "$i" now; done
	wait_for 10 eval '[ "$(ls "$Q/running" | wc -l)" = 4 ]'
	a=$(look 9)
	envpod approve q "$a"
	executed "$a"
	[ "$(ls "$Q/running" | wc -l)" = 4 ]
	# Approved in time, though its turn comes later.
	b=$(look 10)
	approval "$b" >b.json
	ungovern
	jq -c '.until = "2020-01-01T00:00:00Z"' "$Q/staged/$b.json" >late
	cp late "$Q/staged/$b.json"
	cp b.json "$Q/approved/$b.json"
	govern
	wait_for 10 is_in done "$b"
	jq -e '.status == "executed"' "$Q/done/$b.json"
}
