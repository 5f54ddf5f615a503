#!/usr/bin/env bats
# What root could do to a log, and what somebody with the verification key sees of it.
load ../lib/envpod
load helper

setup()
{
	web_with 6
	cp "$KEYS/verification-key" "$T/key"
}
teardown() { envpod_teardown; }

# wrong KIND...: verify with the key says no, and why in one word; also when the key comes by standard input.
wrong()
{
	local kind=$1
	shift
	expect 1 pod-audit verify --json --key "$T/key" "${@:-web}"
	[ "$(jq -r .kind <<<"$output")" = "$kind" ] || { echo "$output"; return 1; }
	expect 1 pod-audit verify --key - "${@:-web}" <"$T/key"
	expect 1 pod-audit verify "${@:-web}"
}
member() { pod-audit verify --json --key "$T/key" "${2:-web}" | jq -c "$1"; }

# rechain FILE: every chain made anew, as anybody can: the seals stay as they are.
rechain()
{
	python3 - "$1" <<-'END'
		import hashlib, re, sys
		prev, out = "0" * 64, []
		for line in open(sys.argv[1]):
		    body, seal = re.match(r'(.*),"chain":"[0-9a-f]*"(.*)}$', line.rstrip("\n")).groups()
		    prev = hashlib.blake2b((prev + "\n" + body + "}").encode(), digest_size=32).hexdigest()
		    out.append(f'{body},"chain":"{prev}"{seal}}}\n')
		open(sys.argv[1], "w").writelines(out)
	END
}

@test "keys: made once for the host, root's alone, and each log takes the next" {
	pod_dir api
	events 1 | pod-audit append api
	[ "$(stat -c %a "$KEYS" "$KEYS/seal" "$KEYS/verification-key" "$ENVPOD_STATE_DIR/pods/api/audit/seal" | tr '\n' ' ')" = "700 600 600 600 " ]
	cmp "$KEYS/verification-key" "$T/key"
	[ "$(cut -d' ' -f1,3 "$KEYS/logs" | tr '\n' ' ')" = "0 web 1 api " ]
	[ "$(member .seals.log) $(member .seals.log api)" = "0 1" ]
	cut -d' ' -f4,5 "$KEYS/seal" "$ENVPOD_STATE_DIR"/pods/*/audit/seal | sort | uniq -d | refute grep .
}

@test "seals are what other people's BLAKE2b makes of the key" {
	events 600 | pod-audit append web
	python3 - "$T/key" "$LOG" <<-'END'
		import hashlib, json, sys
		b = lambda key, word, size=32: hashlib.blake2b(word, key=key, digest_size=size).digest()
		host = bytes.fromhex(open(sys.argv[1]).read().split()[2])
		epoch, n = b(host, b"envpod-seal-log"), 0
		for line in open(sys.argv[2]):
		    line = json.loads(line)
		    while n <= line["seq"]:
		        if n % 256 == 0:
		            key, epoch = b(epoch, b"envpod-seal-line"), b(epoch, b"envpod-seal-epoch")
		        else:
		            key = b(key, b"envpod-seal-next")
		        n += 1
		    assert b(key, line["chain"].encode(), 16).hex() == line["seal"], line
		assert n == 607
	END
	pod-audit verify --key "$T/key" web
	[ "$(member '[.seals.lines,.seals.checked]')" = "[606,606]" ]
}

@test "without a key seals are counted, the chain and the end are checked all the same" {
	rm "$KEYS/verification-key"
	expect 0 pod-audit verify web
	[[ $output == *"seals not checked: 6"* ]]
	[ "$(pod-audit verify --json web | jq -c '[.ok,.seals.lines,.seals.checked,.seals.key]')" = '[true,6,0,null]' ]
	sed -i '$d' "$LOG"
	expect 1 pod-audit verify web
	[[ $output == *"cut off: 1 event(s) behind 5"* ]]
}

@test "edited: the chain says so" {
	sed -i '3s/"n":3/"n":4/' "$LOG"
	wrong edited
}

@test "edited and chained anew: the seals say so, from the first changed line on" {
	sed -i '3s/"n":3/"n":4/' "$LOG"
	rechain "$LOG"
	pod-audit verify - <"$LOG"
	wrong seal
	[[ $output == "000001.jsonl:3: "*"seal is not that of its time"* ]]
}

@test "written anew by root with today's key: whatever lies before today is not sealed by it" {
	cp "$AUDIT/seal" "$T/today"
	sed 's/"step"/"stop"/' "$LOG" | jq -c 'del(.seq,.chain,.seal)' >"$T/forged"
	rm "$LOG"
	# The log of another name with today's key as its first, so that our own program makes the seals.
	awk '{ $4 = sprintf("%020d", 1); print }' "$T/today" >"$AUDIT/seal.as"
	python3 - "$AUDIT/seal.as" "$AUDIT/seal" <<-'END'
		import hashlib, sys
		text = open(sys.argv[1]).read().rstrip("\n").rsplit(" ", 1)[0] + " "
		open(sys.argv[2], "w").write(text + hashlib.blake2b(text.encode(), digest_size=8).hexdigest() + "\n")
	END
	pod-audit append web <"$T/forged"
	cp "$T/today" "$AUDIT/seal"
	[ "$(wc -l <"$LOG")" = 6 ]
	wrong seal
	[[ $output == "000001.jsonl:1: "* ]]
}

@test "exchanged, repeated, taken out, inserted, and chained and numbered anew" {
	local change
	cp "$LOG" "$T/log"
	for change in '3{h;d};4{p;x}' 4p 4d '4{p;s/"n":4/"n":44/}'; do
		sed "$change" "$T/log" | awk '{ sub(/"seq":[0-9]+/, "\"seq\":" NR) } 1' >"$LOG"
		rechain "$LOG"
		expect 1 pod-audit verify --json --key "$T/key" web
		[ "$(jq -r .kind <<<"$output")" = seal ] || { echo "$change $output"; return 1; }
	done
}

@test "cut off at the end: the seal is ahead, and the next writer says so for good" {
	sed -i '5,$d' "$LOG"
	wrong cut_off
	[ "$(member '[.cut_off,.seq]')" = "[2,4]" ]
	events 2 | pod-audit append web
	[ "$(jq -c '[.seq,.src,.event,.lines]' "$LOG" | sed -n 5,6p | tr '\n' ' ')" = '[7,"audit","log_cut",2] [8,"test","step",null] ' ]
	wrong lost
	[ "$(member '[.lost,.cut_off,.seq,.lines,.seals.checked]')" = "[[[5,6]],0,9,7,7]" ]
	# Nobody can put such a line in to hide what was taken out.
	sed -i '2d;s/"lines":2/"lines":3/' "$LOG"
	rechain "$LOG"
	wrong gap
}

@test "all of the log gone, or its directory, or the seal" {
	rm "$LOG"
	wrong cut_off
	events 1 | pod-audit append web
	wrong lost
	[ "$(member .lost)" = "[[1,6]]" ]
	rm "$AUDIT/seal"
	wrong lost
	[[ $output == *"seal is gone"* ]]
}

@test "the seal removed: lines from then on are unsealed, and that is told" {
	rm "$AUDIT/seal"
	events 2 | pod-audit append web
	wrong unsealed
	[ "$(member .seals.unsealed)" = "[[7,8]]" ]
}

@test "seals taken out of lines" {
	sed -i -E '2,3s/,"seal":"[0-9a-f]*"//' "$LOG"
	wrong unsealed
	[ "$(member .seals.unsealed)" = "[[2,3]]" ]
}

@test "an old copy of the log, with the seal of today" {
	cp "$LOG" "$T/old"
	events 3 | pod-audit append web
	cp "$T/old" "$LOG"
	wrong cut_off
}

@test "the seal put back to an older one: behind, as after a crash; with another key in it: told" {
	cp "$AUDIT/seal" "$T/old"
	events 3 | pod-audit append web
	cp "$T/old" "$AUDIT/seal"
	[ "$(member '[.ok,.seals.behind]')" = "[true,3]" ]
	events 1 | pod-audit append web
	[ "$(member '[.ok,.seals.behind,.seals.checked]')" = "[true,0,10]" ]
	pod_dir api
	events 10 | pod-audit append api
	cp "$ENVPOD_STATE_DIR/pods/api/audit/seal" "$ENVPOD_STATE_DIR/pods/web/audit/seal"
	wrong seal_file
}

@test "another host's key, a key that is none" {
	sed 's/ [0-9a-f]\{6\}/ 000000/2' "$T/key" | sed 's/1 ....../1 000000/' >"$T/other"
	expect 1 pod-audit verify --key "$T/other" web
	[[ $output == "000001.jsonl:1: "* ]]
	expect 2 pod-audit verify --key "$LOG" web
	[[ $output == *"holds no verification key"* ]]
	expect 2 pod-audit verify --key "$T/nosuch" web
	{ echo "web's host"; cat "$T/key"; echo; } >"$T/notes"
	pod-audit verify --key "$T/notes" web
}

@test "a log of an older version goes on without seals, and is not taken for a sealed one" {
	pod_dir old
	mkdir -m 700 "$AUDIT"
	events 3 | pod-audit append old
	refute grep -q '"seal"' "$LOG"
	[ ! -e "$AUDIT/seal" ]
	expect 0 pod-audit verify old
	[ "${#lines[@]}" = 1 ]
	expect 1 pod-audit verify --json --key "$T/key" old
	[ "$(jq -c '[.kind,.seals.unsealed]' <<<"$output")" = '["unsealed",[[1,3]]]' ]
}

@test "segments: seals go on through them, and each is checked by itself" {
	events 600 | ENVPOD_AUDIT_SEGMENT=4096 pod-audit append web
	events 3 | ENVPOD_AUDIT_SEGMENT=4096 pod-audit append web
	for i in {1..40}; do events 9; done | while read -r line; do echo "$line"; done >"$T/events"
	split -l 20 --filter='ENVPOD_AUDIT_SEGMENT=4096 pod-audit append web' "$T/events"
	[ "$(find "$AUDIT" -name '*.jsonl' | wc -l)" -gt 10 ]
	[ "$(member '[.ok,.lines,.seals.checked]')" = "[true,969,969]" ]
	sed -i '2s/"n":/"m":/' "$AUDIT/000007.jsonl"
	cat "$AUDIT"/*.jsonl >"$T/all"
	rechain "$T/all"
	for i in "$AUDIT"/*.jsonl; do
		sed "$(wc -l <"$i")q" "$T/all" >"$i.new"
		sed -i "1,$(wc -l <"$i")d" "$T/all"
		mv "$i.new" "$i"
	done
	pod-audit verify - < <(cat "$AUDIT"/*.jsonl)
	wrong seal
	[[ $output == "000007.jsonl:2: "* ]]
}

@test "from the archive: seal and all" {
	mkdir -p "$ENVPOD_STATE_DIR/archive/web-20260102T030405Z"
	mv "$AUDIT" "$ENVPOD_STATE_DIR/archive/web-20260102T030405Z/audit"
	rmdir "$ENVPOD_STATE_DIR/pods/web"
	pod-audit verify --archive --key "$T/key" web-20260102T030405Z
	[[ $(pod-audit verify --archive web-20260102T030405Z) == *"seals right: 6"* ]]
	cp -r "$ENVPOD_STATE_DIR/archive/web-20260102T030405Z" "$T/copy"
	pod-audit verify --key "$T/key" "$T/copy"
	sed -i '$d' "$ENVPOD_STATE_DIR/archive/web-20260102T030405Z/audit/000001.jsonl"
	expect 1 pod-audit verify --archive web-20260102T030405Z
}

@test "another log in the place of the pod's: the list of logs knows of the first" {
	local line
	rm -r "$AUDIT"
	events 6 | pod-audit append web
	expect 0 pod-audit verify web
	[[ $output == *"other logs of this pod are neither here nor in the archive: 0"* ]]
	expect 1 pod-audit verify --json --key "$T/key" web
	[ "$(jq -c '[.kind,.missing_logs,.seals.log]' <<<"$output")" = '["missing",[[0,0]],1]' ]
	# What root takes out of the list, or changes in it, is seen.
	cp "$KEYS/logs" "$T/logs"
	for line in 1d 's/web/api/' '1s/Z web/Z api/' '$d' '1s/2/3/' '1s/^/x/'; do
		sed "$line" "$T/logs" >"$KEYS/logs"
		expect 1 pod-audit verify --json --key "$T/key" web
		[ "$(jq -r .kind <<<"$output")" = missing ]
		jq -e .list_fault <<<"$output"
	done
	rm "$KEYS/logs"
	expect 1 pod-audit verify --key "$T/key" web
	[[ $output == *"list of logs, keys/audit/logs, is gone"* ]]
}

# forged LOG INDEX: an audit/seal of that log and line, whole in itself, with a key that nobody gave out.
forged()
{
	local body
	body=$(printf 'envpod-seal 1 %010d %020d %064d %064d ' "$1" "$2" 7 7)
	printf '%s%s\n' "$body" "$(printf %s "$body" | b2sum -l 64 | cut -c 1-16)"
}

@test "another log, and the list and the host's key made to fit: the key of an earlier number is not to be had" {
	local n
	rm -r "$AUDIT"
	events 6 | pod-audit append web
	sed -i '$d' "$KEYS/logs"
	for n in 0 1; do
		forged "$n" 0 >"$KEYS/seal"
		expect 1 pod-audit verify --json --key "$T/key" web
		[ "$(jq -r .kind <<<"$output")" = missing ]
	done
	: >"$KEYS/logs"
	forged 0 0 >"$KEYS/seal"
	expect 1 pod-audit verify --key "$T/key" web
}

@test "a log that was emptied, and a seal made to fit: the key must be the log's" {
	rm "$AUDIT"/*.jsonl
	forged 0 1 >"$AUDIT/seal"
	expect 1 pod-audit verify --key "$T/key" web
	[[ $output == *"key that is not this log's"* ]]
	# Numbers that no log has take no time, either.
	forged 99999999 1 >"$AUDIT/seal"
	expect 1 timeout 20 pod-audit verify --key "$T/key" web
	forged 0 9000000000000000 >"$AUDIT/seal"
	expect 1 timeout 20 pod-audit verify --key "$T/key" web
}

@test "a seal in the archive that anybody could write does not stand for a log" {
	rm -r "$AUDIT"
	events 6 | pod-audit append web
	mkdir -p "$ENVPOD_STATE_DIR/archive/web-20260102T030405Z/audit"
	forged 0 1 >"$ENVPOD_STATE_DIR/archive/web-20260102T030405Z/audit/seal"
	expect 1 pod-audit verify --json --key "$T/key" web
	[ "$(jq -c '[.kind,.missing_logs]' <<<"$output")" = '["missing",[[0,0]]]' ]
}

@test "a pod destroyed and made again: its first log is in the archive" {
	mkdir -p "$ENVPOD_STATE_DIR/archive/web-20260102T030405Z" "$ENVPOD_STATE_DIR/archive/web-api-20260102T030405Z"
	mv "$AUDIT" "$ENVPOD_STATE_DIR/archive/web-20260102T030405Z/audit"
	events 2 | pod-audit append web
	pod-audit verify --key "$T/key" web
	pod-audit verify --archive --key "$T/key" web-20260102T030405Z
	mv "$ENVPOD_STATE_DIR"/archive/web{,-api}-20260102T030405Z/audit
	expect 1 pod-audit verify --key "$T/key" web
}

@test "a torn or foreign seal: nothing is appended, what to do is said, and removing it helps" {
	local damage
	cp "$AUDIT/seal" "$T/seal"
	for damage in 's/^e/E/' 's/1/2/' 's/.$//' '$!d;s/ [0-9a-f]* [0-9a-f]*$//' 1p; do
		sed "$damage" "$T/seal" >"$AUDIT/seal"
		expect 2 pod-audit append web <<<'{"src":"a","event":"b"}'
		[[ $output == *"seal of the audit log is damaged"* ]]
		wrong seal_file
	done
	: >"$AUDIT/seal"
	expect 2 pod-audit append web <<<'{"src":"a","event":"b"}'
	[ "$(wc -l <"$LOG")" = 6 ]
	cp "$T/seal" "$AUDIT/seal"
	events 1 | pod-audit append web
	pod-audit verify --key "$T/key" web
}

@test "torn keys of the host: no log is begun by them, those that are go on" {
	: >"$KEYS/seal"
	pod_dir new
	expect 2 pod-audit append new <<<'{"src":"a","event":"b"}'
	events 1 | pod-audit append web
	rm -r "$KEYS"
	events 1 | pod-audit append new
	expect 1 pod-audit verify --key "$T/key" new
	pod-audit verify new
}

@test "a planted symlink in the place of the seal is not followed" {
	mv "$AUDIT/seal" "$T/victim"
	ln -s "$T/victim" "$AUDIT/seal"
	expect 2 pod-audit append web <<<'{"src":"a","event":"b"}'
}
