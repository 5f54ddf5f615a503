#!/usr/bin/env bats
# shellcheck disable=SC2016 # the pod's shell expands these
# Executors of one's own, executors that misbehave, and a pod that would have a hand in theirs.

load ../lib/envpod
load actions

setup()
{
	need root overlay userns
	envpod_setup
	actions_pod box
}

teardown() { envpod_teardown; }

quiet() { refute pgrep -f "$1"; }

@test "one's own in shell and in python: request in, result and undo out, descriptor 3 for what is kept" {
	own greet custom '{"who":"world","timeout":20}' '#!/bin/sh
read -r request
case $request in
*\"undo\"*) read -r kept <&3; rm "$(printf %s "$request" | jq -r .undo.file)"; echo "{\"ok\":true,\"result\":\"removed, kept $kept\"}" ;;
*) echo precious >&3; printf %s "$request" >greeting; printf "{\"ok\":true,\"result\":{\"who\":%s},\"undo\":{\"file\":\"$PWD/greeting\"}}" "$(printf %s "$request" | jq .config.who)" ;;
esac'
	done_ok custom '{"b":1,"a":"x"}' greet
	jq -e '.result == {"who":"world"}' "$result"
	pod_sh 'cat greeting' | jq -e --arg id "$id" '.v == 1 and .id == $id and .name == "greet" and .type == "custom" and .params == {"a":"x","b":1} and .config.who == "world"'
	take_back
	pod_sh 'test ! -e greeting'
	# that it was taken back is the pod's word: what was kept stays until its record goes
	[ "$(cat "$QUEUE/undo/$id/kept")" = precious ]
	pod-audit query --json box | jq -es 'any(.event == "action_executed" and .said == "{\"who\":\"world\"}") and any(.event == "action_reversed")'
	own count custom '{}' '#!/usr/bin/env python3
import json, os, sys
q = json.load(sys.stdin)
print(json.dumps({"ok": True, "result": {"n": sum(q["params"]["v"]), "uid": os.getuid()}, "irreversible": "sums cannot be unsaid"}, indent=1))'
	done_ok custom '{"v":[1,2,3]}' count
	jq -e '.result == {"n":6,"uid":1000}' "$result"
	never "sums cannot be unsaid"
}

@test "what is no answer is a failure with its reason: nothing, no JSON, two objects, another kind, too deep, no UTF-8" {
	local n=0 body
	for body in 'exit 0' 'echo no JSON' 'echo "{}"' 'echo "{\"ok\":1}"' 'echo "{\"ok\":true}{}"' 'echo "[]"' 'echo "{\"ok\":true,\"undo\":[]}"' \
		'echo "{\"ok\":true,\"result\":\"\\ud800\"}"' 'printf "{\"ok\":true,\"result\":\"\\377\"}"' 'printf "{\"ok\":true,\"result\":\"a\\000b\"}"' \
		'printf "{\"ok\":true,\"result\":%s" "$(printf "[%.0s" $(seq 40))"' 'echo oops >&2; exit 7' 'kill -9 $$' 'exec /nonexistent'; do
		own "bad$((n += 1))" custom '{}' "#!/bin/sh
$body"
		failed custom '{}' . "bad$n"
	done
	jq -e '.reason' "$result"
	own said custom '{}' '#!/bin/sh
echo "{\"ok\":false,\"error\":\"in its own words\"}"'
	failed custom '{}' '^in its own words$' said
	own loud custom '{}' '#!/bin/sh
echo oops >&2; exit 7'
	failed custom '{}' 'status 7: oops' loud
}

@test "what one had kept that then failed stays, and a record says where; where nothing can be saved, that there is none" {
	own half custom '{}' '#!/bin/sh
echo precious >&3; echo "{\"ok\":false,\"error\":\"half-way\"}"'
	touch "$QUEUE/undo"
	failed custom '{}' '^half-way$' half
	never "it failed, and what it had kept could not be saved"
	own whole custom '{}' '#!/bin/sh
echo precious >&3; echo "{\"ok\":true,\"undo\":{}}"'
	done_ok custom '{}' whole
	never "could not be saved"
	rm "$QUEUE/undo"
	failed custom '{}' '^half-way$' half
	never "it failed; what it had kept until then lies in .*/queue/undo/$id/kept"
	[ "$(cat "$QUEUE/undo/$id/kept")" = precious ]
	run take_back
	[[ $status -ne 0 && $output == *"nothing to take it back by"* ]]
	own late custom '{"timeout":1}' '#!/bin/sh
echo precious >&3; exec sleep 9182740'
	failed custom '{}' 'after 1 seconds' late
	[ "$(cat "$QUEUE/undo/$id/kept")" = precious ]
	own none custom '{}' '#!/bin/sh
exit 1'
	failed custom '{}' . none
	[ "$(jq -r .undo "$result")" = null ]
	failed git_commit '{"message":"m","working_dir":"/"}' 'no git repository'
	[ "$(jq -r .undo "$result")" = null ]
}

@test "one that floods, hangs, forks or ignores signals is ended with all it started" {
	own flood custom '{}' '#!/bin/sh
exec cat /dev/zero'
	failed custom '{}' 'more than 1048576 bytes' flood
	own noise custom '{}' '#!/bin/sh
head -c 100000000 /dev/zero >&2; echo "{\"ok\":true}"'
	done_ok custom '{}' noise
	own hang custom '{"timeout":1}' '#!/bin/sh
trap "" TERM; setsid sleep 9182736 & exec sleep 9182736'
	failed custom '{}' 'after 1 seconds' hang
	quiet 'sleep 9182736'
	own mute custom '{"timeout":1}' '#!/bin/sh
trap "" TERM; exec >&- 2>&-; sleep 9182735; sleep 9182735; sleep 9182735'
	failed custom '{}' 'after 1 seconds' mute
	quiet 'sleep 9182735'
	own leave custom '{}' '#!/bin/sh
setsid sleep 9182737 </dev/null >/dev/null 2>&1 & echo "{\"ok\":true}"'
	done_ok custom '{}' leave
	quiet 'sleep 9182737'
	own hold custom '{}' '#!/bin/sh
setsid sleep 9182738 & echo "{\"ok\":true}"'
	done_ok custom '{}' hold
	quiet 'sleep 9182738'
	own full custom '{}' '#!/bin/sh
head -c 200000000 /dev/zero >&3 2>/dev/null && echo "{\"ok\":true}" || echo "{\"ok\":false,\"error\":\"it is full at $(stat -Lc %s /proc/self/fd/3)\"}"'
	failed custom '{}' 'full at 6710' full
}

@test "killed with its executor, an execution leaves the action to be called interrupted; it is never begun twice" {
	own slow custom '{}' '#!/bin/sh
touch begun; exec sleep 9182739'
	action custom '{}' slow &
	local job=$!
	wait_for 30 pgrep -f 'sleep 9182739'
	local file
	file=$(ls "$QUEUE"/running)
	expect 75 pod-queue execute box "${file%.json}"
	kill -KILL "$(pgrep -f "pod-queue execute box")"
	wait "$job" || true
	wait_for 30 quiet 'sleep 9182739'
	[ -e "$QUEUE/running/$file" ]
}

@test "what was approved is what runs: an executor or a config that changed since is refused, so is one that others can write" {
	own mine custom '{}' '#!/bin/sh
echo "{\"ok\":true}"'
	DIGEST=$(printf %064d 0) failed custom '{}' 'has changed since' mine
	done_ok custom '{}' mine
	chmod 777 "$ENVPOD_STATE_DIR/pods/box/actions/mine"
	failed custom '{}' 'nobody else can' mine
	chmod 755 "$ENVPOD_STATE_DIR/pods/box/actions/mine"
	chown 1000 "$ENVPOD_STATE_DIR/pods/box/actions/mine"
	failed custom '{}' 'nobody else can' mine
	own other custom '{}'
	failed custom '{}' '.' other
	ln -s /bin/true "$ENVPOD_STATE_DIR/pods/box/actions/link"
	own link custom '{}'
	failed custom '{}' '.' link
}

@test "the pod's processes cannot stop, kill, trace or read an executor at work, its root included" {
	own slow custom '{}' '#!/bin/sh
export MARK=of-the-executor
while [ ! -e go ]; do sleep 0.05; done; echo "{\"ok\":true,\"result\":\"undisturbed\"}"'
	envpod run -b box -- sleep 1000
	action custom '{}' slow &
	local job=$!
	wait_for 30 pgrep -f '/dev/fd/4'
	envpod run --root box -- sh -c '
		kill -STOP -1; kill -KILL -1; pkill -9 sh
		for p in /proc/[0-9]*; do
			case $(tr "\0" " " <$p/cmdline) in */dev/fd/4*) echo seen $p ;; esac
			grep -qs of-the-executor $p/environ && echo read $p
			for fd in $p/fd/*; do case $(readlink $fd) in *kept*|*memfd:request*) echo fd $fd ;; esac; done
		done' </dev/null >"$T/seen" 2>/dev/null || true
	envpod run -b box -- sleep 1000 || true
	refute grep -E 'seen|read|fd' "$T/seen"
	pod_sh 'touch go'
	wait "$job"
	jq -e '.status == "executed" and .result == "undisturbed"' "$QUEUE"/done/*.json
}

@test "planted in the pod: commands of the same name in its home and path, variables, start-up files" {
	pod_sh 'mkdir -p ~/bin bin 2>/dev/null; for n in pod-action git sh python3; do printf "#!/bin/sh\ntouch $PWD/sprung\n" >bin/$n; chmod +x bin/$n; done
		printf "touch $PWD/sprung\n" | tee ~/.profile ~/.bashrc .envrc >/dev/null 2>&1; mkdir -p ~/.config/git; true'
	done_ok file_create '{"path":"made","content":"x"}'
	pod_sh 'test -e made'
	own env custom '{}' '#!/bin/sh
printf "{\"ok\":true,\"result\":{\"path\":\"$PATH\",\"preload\":\"$LD_PRELOAD\",\"secret\":\"$SECRET\"}}"'
	SECRET=of-the-host LD_PRELOAD="" action custom '{}' env
	jq -e '.result.preload == "" and .result.secret == "" and (.result.path | test("home") | not)' "$result"
	pod_sh 'test ! -e sprung'
}

@test "an executor reads and reaches what the pod does, no more: no host file, no other pod, no descriptor" {
	own look custom '{}' '#!/bin/sh
ls /proc/self/fd | tr "\n" " " >fds
[ -e '"$T"'/state ] && a=state; cat '"$T"'/box.yaml >/dev/null 2>&1 && a=$a,file; kill -0 1 2>/dev/null && a=$a,leader
: >&3 && a=$a,kept; cat /proc/1/environ >/dev/null 2>&1 && a=$a,environ; ls /proc/1/fd/ >/dev/null 2>&1 && a=$a,fds
printf "{\"ok\":true,\"result\":\"%s\"}" "$a"'
	done_ok custom '{}' look
	[ "$(jq -r .result "$result" | sed 's/,leader//')" = ",kept" ]
	# 4 is its own program, 10 and what follows the shell's and the lister's
	[[ "$(pod_sh 'cat fds')" == "0 1 2 3 4 "* ]]
	refute pod_sh "cat fds | grep -q ' 6 '"
}
