load ../lib/envpod
setup() { envpod_setup; need root overlay userns; envpod init web >/dev/null; }
teardown() { envpod_teardown; }

@test "a run is one program: the tools of its chain are inside, unless others stand in front" {
	mkdir "$T/alone" "$T/front"
	cp "$B/bin/envpod" "$T/alone"
	export ENVPOD_DATA_DIR=$TOP/share
	[ "$("$T/alone/envpod" run web -- echo hi)" = hi ]
	"$T/alone/envpod" diff web
	printf '#!/bin/sh\necho "$@" >"%s/said"; exec "%s/bin/pod-exec" "$@"\n' "$T" "$B" >"$T/front/pod-exec"
	chmod 755 "$T/front/pod-exec"
	[ "$(ENVPOD_TOOLS=$T/front envpod run web -- echo ho)" = ho ]
	grep -q -- '-- echo ho$' "$T/said"
}

@test "what -e says is nobody's business in the pod" {
	expect 0 envpod run -e TOKEN=s3cret web -- sh -c 'echo $TOKEN; cat /proc/1/cmdline'
	[[ $output == *s3cret*envpod-init* && $output != *envpod-init*s3cret* ]]
}

@test "run ends with the command's own status" {
	expect 0 envpod run web true
	expect 1 envpod run web false
	expect 42 envpod run web -- sh -c 'exit 42'
	expect 137 envpod run web -- sh -c 'kill -9 $$'
	expect 127 envpod run web no-such-command
	expect 126 envpod run web /etc/passwd
}

@test "a pod that is not there: 125 and ls is named" {
	expect 125 envpod run nobody true
	[[ $output == *"envpod ls"* ]]
}

@test "stdin, stdout and stderr are the caller's" {
	run bash -c 'echo in | envpod run web -- sh -c "cat; echo err >&2" 2>"$T/err"'
	[ "$output" = in ]
	[ "$(cat "$T/err")" = err ]
}

@test "the environment is built from nothing, -e adds" {
	SECRET_OF_CALLER=x run envpod run -e A=1 -e 'B=two words' web env
	[[ $output != *SECRET_OF_CALLER* ]]
	[[ $output == *"A=1"* ]]
	[[ $output == *"B=two words"* ]]
	[[ $output == *"ENVPOD_POD_NAME=web"* ]]
	[[ $output != *ENVPOD_LOCK_FD* ]]
	[[ $output != *ENVPOD_STATE_DIR* ]]
}

@test "the command's own options stay its own" {
	run envpod run web ls -d --color=never /etc
	[ "$output" = /etc ]
}

@test "what a run writes stays off the host and is seen by the next run" {
	mkdir "$T/work" && cd "$T/work"
	echo host >file
	envpod run -w web -- sh -c 'echo pod >file; echo new >made'
	[ "$(cat file)" = host ]
	[ ! -e made ]
	[ "$(envpod run -w web cat file made | tr '\n' ' ')" = "pod new " ]
}

@test "host edits between runs are seen" {
	mkdir "$T/work" && cd "$T/work"
	echo one >file
	[ "$(envpod run -w web cat file)" = one ]
	echo two >"$T/other" && mv "$T/other" file
	[ "$(envpod run -w web cat file)" = two ]
}

@test "--print shows the chain, quoted" {
	run envpod run --print web -- sh -c 'echo a b'
	[ "$status" -eq 0 ]
	[[ $output == "pod-mount enter web -- pod-exec --cwd "*" web -- sh -c 'echo a b'" ]]
}

@test "the printed chain can be run by hand" {
	line=$(envpod run --print web -- echo by hand)
	[ "$(eval "$line")" = "by hand" ]
}

@test "two runs at once share namespaces; the pod lives until the last one ends" {
	local jobs=()
	mkfifo "$T/go"
	envpod run web -- sh -c 'readlink /proc/self/ns/pid; read x' <"$T/go" >"$T/first" &
	jobs+=($!)
	exec 9>"$T/go"
	wait_for 10 test -s "$T/first"
	second=$(envpod run web readlink /proc/self/ns/pid)
	[ "$(cat "$T/first")" = "$second" ]
	[ "$(envpod ls --json | jq -r .status)" = running ]
	echo >&9
	wait "${jobs[@]}"
	[ "$(envpod ls --json | jq -r .status)" = stopped ]
}

@test "a key that asks for a wall that is not built: 125 and its name; --without runs and says so" {
	printf 'devices: {audio: true}\n' >"$T/pod.yaml"
	envpod init net -c "$T/pod.yaml" 2>/dev/null
	expect 125 envpod run net true
	[[ $output == *devices.audio* ]]
	run envpod run --without devices.audio net true
	[ "$status" -eq 0 ]
	[[ $output == *"without devices.audio"* ]]
	envpod audit net --json | jq -se 'any(.[]; .event == "run_start" and (.without | index("devices.audio")))'
	envpod audit net --json | jq -se 'any(.[]; .event == "run_refused")'
}

@test "the host's network needs --unsafe" {
	printf 'network:\n  mode: Unsafe\n' >"$T/pod.yaml"
	envpod init open -c "$T/pod.yaml"
	expect 125 envpod run open true
	[[ $output == *--unsafe* ]]
	run envpod run --unsafe open readlink /proc/self/ns/net
	[ "$status" -eq 0 ]
	[[ $output == *"$(readlink /proc/self/ns/net)"* ]]
}

@test "a file appears in the pod under the invoking user, and belongs to that user on commit" {
	mkdir "$T/work" && cd "$T/work" && chown 1000:1000 .
	export SUDO_UID=1000 SUDO_GID=1000
	envpod init mine >/dev/null
	[ "$(envpod run -w mine id -u)" = 1000 ]
	envpod run -w mine -- sh -c 'echo x >made; mkdir dir; echo y >dir/two'
	envpod commit mine
	[ "$(stat -c %u:%g made dir dir/two | sort -u)" = 1000:1000 ]
}
