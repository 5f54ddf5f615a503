#!/usr/bin/env bats
# Checkpoints: made, sent to anchors, and proven by other people's programs.
load ../lib/envpod
load helper

setup()
{
	web_with 5
	pod_file '{}'
}
teardown()
{
	[ -z "${PROGRAM:-}" ] || rm -f "$PROGRAM"
	envpod_teardown
}

# program TEXT: one that an anchor may be: root's, and so is all above it.
program()
{
	PROGRAM=/usr/local/sbin/envpod-anchor-$$
	printf '#!/bin/sh\n%s\n' "$1" >"$PROGRAM"
	chmod 755 "$PROGRAM"
}

# pod_file YAML-OF-AUDIT: the pod by hand gets a compiled pod file, as checkpoint asks it for anchors.
pod_file()
{
	printf 'name: web\naudit: %s\n' "$1" >"$T/web.yaml"
	pod-config compile --name web --into "$ENVPOD_STATE_DIR/pods/web" --file "$T/web.yaml" --cwd /
	: >"$ENVPOD_STATE_DIR/pods/web/created"
}

# root_of SIZE LOG...: the Merkle tree hash of the first lines by Python's hashlib, in base64.
root_of()
{
	python3 - "$@" <<-'END'
		import base64, hashlib, sys
		lines = b"".join(open(f, "rb").read() for f in sys.argv[2:]).split(b"\n")[:int(sys.argv[1])]
		def mth(d):
		    if len(d) == 0: return hashlib.sha256().digest()
		    if len(d) == 1: return hashlib.sha256(b"\0" + d[0]).digest()
		    k = 1
		    while k * 2 < len(d): k *= 2
		    return hashlib.sha256(b"\1" + mth(d[:k]) + mth(d[k:])).digest()
		assert len(lines) == int(sys.argv[1])
		print(base64.b64encode(mth(lines)).decode())
	END
}

# signed NOTE VKEY: the signature holds, by the signed-note rules and openssl.
signed()
{
	python3 - "$1" "$2" "$T" <<-'END'
		import base64, hashlib, sys
		text, sig = open(sys.argv[1], "rb").read().split(b"\n\n", 1)
		text += b"\n"
		name, keyid, key = sys.argv[2].split("+", 2)
		key = base64.b64decode(key)
		dash, by, blob = sig.decode().splitlines()[0].split(" ")
		blob = base64.b64decode(blob)
		assert dash == "\u2014" and by == text.decode().splitlines()[0] and by.startswith(name + "/"), by
		assert key[0] == 1 and hashlib.sha256(name.encode() + b"\n" + key).digest()[:4].hex() == keyid
		assert hashlib.sha256(by.encode() + b"\n" + key).digest()[:4] == blob[:4]
		open(sys.argv[3] + "/text", "wb").write(text)
		open(sys.argv[3] + "/sig", "wb").write(blob[4:])
		open(sys.argv[3] + "/der", "wb").write(bytes.fromhex("302a300506032b6570032100") + key[1:])
	END
	openssl pkeyutl -verify -rawin -pubin -keyform DER -inkey "$T/der" -in "$T/text" -sigfile "$T/sig"
}

@test "a checkpoint: origin, size, root and signature are what other programs make of them" {
	local vkey
	pod-audit checkpoint web >"$T/note"
	vkey=$(pod-audit key | sed -n 's/^public key: *//p')
	[ "$vkey" = "$(cat "$KEYS/sign.pub")" ]
	[[ $(sed -n 1p "$T/note") == envpod/*/web/0 ]]
	[ "$(sed -n 2p "$T/note")" = 5 ]
	[ "$(sed -n 3p "$T/note")" = "$(root_of 5 "$LOG")" ]
	[ "$(sed -n 4p "$T/note")" = "" ]
	signed "$T/note" "$vkey"
	sed 's/^5$/4/' "$T/note" >"$T/forged"
	refute signed "$T/forged" "$vkey"
	[ "$(stat -c %a "$KEYS/sign.key" "$AUDIT/checkpoints" "$AUDIT/tree" | tr '\n' ' ')" = "600 600 600 " ]
}

@test "sizes one to forty: each root is the tree's, whether it goes on from the last or begins anew" {
	local n
	rm "$LOG" && rm -r "$AUDIT"
	for n in {1..40}; do
		events 1 | pod-audit append web
		[ "$((n % 7))" != 0 ] || rm "$AUDIT/tree"
		[ "$((n % 11))" != 0 ] || echo junk >"$AUDIT/tree"
		pod-audit checkpoint web >"$T/note.$n"
	done
	for n in 1 2 3 4 5 7 8 9 15 16 17 31 32 33 40; do
		[ "$(sed -n 3p "$T/note.$n")" = "$(root_of "$n" "$LOG")" ]
	done
	# Consistency: every earlier one holds for the log as it is now.
	cat "$T"/note.* >"$T/all"
	expect 0 pod-audit verify --json --checkpoint "$T/all" web
	[ "$(jq -c '[.anchored,.unanchored,(.checkpoints|length)]' <<<"$output")" = "[40,0,40]" ]
	[ "$(grep -c ^envpod/ "$AUDIT/checkpoints")" = 40 ]
}

@test "through segments, and from a tree that goes on in a later one" {
	local n
	for n in 1 2 3 4; do
		events 40 | ENVPOD_AUDIT_SEGMENT=4096 pod-audit append web
		pod-audit checkpoint web >"$T/note"
	done
	[ -e "$AUDIT/000003.jsonl" ]
	[ "$(sed -n '2,3p' "$T/note" | tr '\n' ' ')" = "165 $(root_of 165 "$AUDIT"/*.jsonl) " ]
	pod-audit verify --checkpoint "$AUDIT/checkpoints" web
}

@test "nothing new: the same note again, and kept once" {
	pod-audit checkpoint web >"$T/one"
	pod-audit checkpoint web >"$T/two"
	cmp "$T/one" "$T/two"
	[ "$(grep -c ^envpod/ "$AUDIT/checkpoints")" = 1 ]
}

# unproven TEXT: verify with the note says no, with that reason.
unproven()
{
	expect 1 pod-audit verify --json --checkpoint "$T/note" web
	[ "$(jq -r .kind <<<"$output")" = "${2:-checkpoint}" ]
	[[ $(jq -r '[.checkpoints[].reason] | join(" ")' <<<"$output") == *"$1"* ]]
	expect 1 pod-audit verify --checkpoint "$T/note" web
	[[ $output == *"$1"* ]]
}

@test "log and seal put back together to what they were: only the checkpoint knows" {
	cp -a "$AUDIT" "$T/old"
	events 3 | pod-audit append web
	pod-audit checkpoint web >"$T/note"
	rm -r "$AUDIT" && cp -a "$T/old" "$AUDIT"
	pod-audit verify web
	unproven "its end was cut off"
	# and written on, as if nothing had been
	events 9 | pod-audit append web
	pod-audit verify web
	unproven "is of other events"
}

@test "a log written anew with a new key of the host's: its checkpoints are none of it" {
	pod-audit checkpoint web >"$T/note"
	rm -r "$AUDIT"
	events 5 | pod-audit append web
	pod-audit verify web
	unproven "holds no checkpoint of this log"
}

@test "checkpoints that are forged, by another key, or of another pod" {
	pod-audit checkpoint web >"$T/note"
	pod-audit verify --checkpoint "$T/note" web
	sed -i 's/^5$/4/' "$T/note"
	unproven "not signed by a key that is believed"
	rm "$KEYS/sign.key" "$KEYS/sign.pub" "$AUDIT/checkpoints"
	cp "$T/note" "$T/old"
	pod-audit checkpoint web >"$T/note"
	pod-audit verify --checkpoint "$T/note" web
	rm "$KEYS/sign.key" "$KEYS/sign.pub"
	pod-audit key >/dev/null
	unproven "not signed by a key that is believed"
	: >"$T/note"
	unproven "holds no checkpoint"
}

@test "ranges: what is anchored, and what is not yet" {
	pod-audit checkpoint web >"$T/note"
	events 2 | pod-audit append web
	expect 0 pod-audit verify --checkpoint "$T/note" web
	[[ $output == *"anchored: the first 5 event(s); 2 behind them are not"* ]]
	[ "$(pod-audit verify --json --checkpoint "$T/note" web | jq -c '[.ok,.anchored,.unanchored]')" = "[true,5,2]" ]
	expect 64 pod-audit verify --checkpoint "$T/note" - <"$LOG"
}

@test "from the archive, and elsewhere by keys alone" {
	pod-audit checkpoint web >"$T/note"
	{ pod-audit key --take; pod-audit key | sed -n 's/^public key: *//p'; } >"$T/keys"
	mkdir -p "$ENVPOD_STATE_DIR/archive/web-20260102T030405Z"
	mv "$AUDIT" "$ENVPOD_STATE_DIR/archive/web-20260102T030405Z/audit"
	pod-audit verify --archive --checkpoint "$T/note" web-20260102T030405Z
	cp -r "$ENVPOD_STATE_DIR/archive/web-20260102T030405Z" "$T/copy"
	rm -r "$ENVPOD_STATE_DIR"
	pod-audit verify --key "$T/keys" --checkpoint "$T/note" "$T/copy"
	grep -v + "$T/keys" >"$T/key"
	expect 1 pod-audit verify --key "$T/key" --checkpoint "$T/note" "$T/copy"
	[[ $output == *"there is no public key here"* ]]
}

@test "what the log was must not change between two checkpoints: nothing is signed" {
	pod-audit checkpoint web
	sed -i 3d "$LOG"
	expect 1 pod-audit checkpoint web
	[[ $output == *"not the one that its checkpoint of 5 event(s) was made of"* ]]
	echo garbage >>"$LOG"
	expect 1 pod-audit checkpoint web
	[ "$(grep -c ^envpod/ "$AUDIT/checkpoints")" = 1 ]
}

@test "anchors: a file, a program, the system's log" {
	need root
	local listener
	program "{ echo \"\$1\"; cat; } >$T/got/note"
	mkdir -m 777 "$T/got"
	python3 - "$T" <<-'END' 3>&- &
		import socket, sys
		s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
		s.bind(sys.argv[1] + "/log")
		line = s.recv(4096)
		open(sys.argv[1] + "/syslog", "wb").write(line + b"\n")
	END
	listener=$!
	wait_for 10 test -S "$T/log"
	pod_file "{anchor: ['file:$T/anchored', 'command:$PROGRAM word', 'syslog:$T/log']}"
	pod-audit checkpoint web >"$T/note" || { kill "$listener"; tail -n2 "$LOG"; return 1; }
	wait "$listener"
	cmp "$T/note" "$T/anchored"
	{ echo word; cat "$T/note"; } | cmp - "$T/got/note"
	grep '^<85>envpod: envpod-checkpoint: envpod/' "$T/syslog"
	for note in anchored syslog got/note; do
		pod-audit verify --checkpoint "$T/$note" web
	done
	events 1 | pod-audit append web
	pod_file "{anchor: 'file:$T/anchored'}"
	pod-audit checkpoint --quiet web
	[ "$(pod-audit verify --json --checkpoint "$T/anchored" web | jq -c '[.anchored,(.checkpoints|length)]')" = "[6,2]" ]
}

@test "an anchor that fails is a warning and an event, the others get theirs" {
	need root
	program 'exit 3'
	printf '#!/bin/sh\nexit 0\n' >"$T/others"
	chmod 777 "$T/others"
	ln -s "$T/victim" "$T/link"
	pod_file "{anchor: ['file:$T/no/where', 'file:$T/link', 'command:$PROGRAM', 'command:$T/others', 'syslog:$T/nobody', 'file:$T/anchored']}"
	expect 2 pod-audit checkpoint --quiet web
	[[ $output == *"warning: pod web: "* ]]
	[ "$(jq -r 'select(.event == "anchor_failed") | "\(.src) \(.anchor)"' "$LOG")" = "audit file:$T/no/where
audit file:$T/link
audit command:$PROGRAM
audit command:$T/others
audit syslog:$T/nobody" ]
	[ ! -e "$T/victim" ]
	[ "$(sed -n 2p "$T/anchored")" = 5 ]
}

@test "an anchor's file that somebody keeps locked is not waited for, for ever" {
	pod_file "{anchor: ['file:$T/held', 'file:$T/anchored']}"
	mkfifo "$T/go"
	exec 9<>"$T/go"
	flock "$T/held" sh -c "echo held >$T/is-held; read -r go <$T/go" 3>&- &
	local holder=$!
	wait_for 10 test -s "$T/is-held"
	expect 2 pod-audit checkpoint --quiet web
	echo go >&9
	exec 9>&-
	wait "$holder"
	[[ $output == *"$T/held: somebody holds a lock on it"* ]]
	[ "$(jq -r 'select(.event == "anchor_failed") | .anchor' "$LOG")" = "file:$T/held" ]
	[ ! -s "$T/held" ] && [ -s "$T/anchored" ]
	pod-audit checkpoint --quiet web
	[ -s "$T/held" ]
}

@test "--all: every pod" {
	pod_dir api
	events 2 | pod-audit append api
	printf 'name: api\n' >"$T/api.yaml"
	pod-config compile --name api --into "$ENVPOD_STATE_DIR/pods/api" --file "$T/api.yaml" --cwd /
	: >"$ENVPOD_STATE_DIR/pods/api/created"
	pod_dir broken
	pod-audit checkpoint --all >"$T/notes"
	[ "$(grep -c '^envpod/' "$T/notes")" = 2 ]
	for pod in web api; do
		pod-audit verify --checkpoint "$T/notes" "$pod"
	done
	expect 64 pod-audit checkpoint
	expect 64 pod-audit checkpoint --all web
}

@test "a damaged key: nothing is signed with it, and it is not replaced" {
	pod-audit checkpoint web
	echo junk >"$KEYS/sign.key"
	expect 2 pod-audit checkpoint web
	[[ $output == *"sign.key, is damaged"* ]]
	[ "$(cat "$KEYS/sign.key")" = junk ]
}

@test "commit, rollback and destroy send one each, and a failing anchor costs nothing" {
	need root overlay userns
	local work=$T/work seq
	export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0 # of a tool inside another, whose words are moved
	mkdir "$work" && cd "$work"
	printf 'name: box\nnetwork: {mode: None}\naudit: {anchor: "file:%s"}\n' "$T/anchored" >"$T/box.yaml"
	envpod init box -c "$T/box.yaml"
	sizes() { [ ! -e "$T/anchored" ] || grep -A1 '^envpod/' "$T/anchored" | grep -x '[0-9]*' | tr '\n' ' '; }
	envpod run -w box -- sh -c 'echo one >one; echo two >two'
	[ -z "$(sizes)" ]
	envpod commit box "$work/one"
	[ "$(sizes | wc -w)" = 1 ]
	[ "$(cat "$work/one")" = one ]
	envpod rollback box --all
	[ "$(sizes | wc -w)" = 2 ]
	pod-audit verify --checkpoint "$T/anchored" box
	envpod destroy --force box
	[ "$(sizes | wc -w)" = 3 ]
	seq=$(echo "$ENVPOD_STATE_DIR"/archive/box-*)
	pod-audit verify --archive --checkpoint "$T/anchored" "${seq##*/}"
	[ "$(tail -n1 "$seq/audit/000001.jsonl" | jq -r .event)" = destroy ]
	sed "s,$T/anchored,$T/no/where," "$T/box.yaml" >"$T/far.yaml"
	envpod init far -c "$T/far.yaml"
	envpod run -w far -- sh -c 'echo three >three'
	run envpod commit far "$work/three"
	[ "$status" = 0 ]
	[[ $output == *"warning: pod far: append a checkpoint to $T/no/where"* ]]
	[ "$(cat "$work/three")" = three ]
}
