# vault.env: secrets that runs get as variables.
load ../lib/envpod
load helper
setup()
{
	vault_setup
	need overlay userns
	YAML=$'name: web\nvault: {env: [API_KEY, {key: TOKEN, commands: [git, /bin/sh]}]}'
	printf '%s\n' "$YAML" >"$T/pod.yaml"
	envpod init web -c "$T/pod.yaml" >/dev/null
	put web API_KEY sk-live-needle-1
	put web TOKEN sk-live-needle-2
}
teardown() { envpod_teardown; }

@test "a run gets what the pod file names, and a command what is limited to it" {
	[ "$(envpod run web -- sh -c 'echo $API_KEY:${TOKEN-none}')" = sk-live-needle-1:none ]
	[ "$(envpod run web -- /bin/sh -c 'echo $API_KEY:$TOKEN')" = sk-live-needle-1:sk-live-needle-2 ]
	put web API_KEY $'two\nlines = $x "y"'
	[ "$(envpod run web -- sh -c 'echo "$API_KEY"')" = $'two\nlines = $x "y"' ]
}

@test "a run that joins, one on a terminal, one in the background, start and up" {
	envpod run -b web -- sh -c 'echo background $API_KEY; exec sleep 1000' >/dev/null
	wait_for 10 grep -q 'background sk-live-needle-1' "$PODS/web/log"/run*.log
	[ "$(envpod run web -- sh -c 'echo $API_KEY')" = sk-live-needle-1 ]
	script -qec "envpod run web -- sh -c 'echo \$API_KEY'" /dev/null | grep -q sk-live-needle-1
	envpod stop -t 1 web
	envpod start web -- sh -c 'echo started $API_KEY; exec sleep 1000' >/dev/null
	wait_for 10 grep -q 'started sk-live-needle-1' "$PODS/web/log"/run*.log
	envpod stop -t 1 web
	mkdir "$T/dir" && cd "$T/dir" && mkdir .envpod && echo web >.envpod/pod-name
	[ "$(envpod up -- sh -c 'echo $API_KEY')" = sk-live-needle-1 ]
}

@test "a missing secret, a locked vault, a damaged file: 125, what to do, and nothing runs" {
	pod-vault rm web API_KEY
	expect 125 envpod run web -- touch "$T/ran"
	grep -q 'envpod vault web set API_KEY' <<<"$output"
	[ "$(events web vault_denied '"\(.what) \(.command)"')" = 'run touch' ]
	expect 125 envpod run --status-fd 5 web -- true 5>"$T/status"
	jq -e 'select(.event == "failed").reason_status == 2' "$T/status"
	expect 125 envpod start web
	[ "$(envpod run --without vault.env web -- sh -c 'echo ${API_KEY-none}')" = none ]
	put web API_KEY sk-live-needle-1
	mv "$KEYS/master" "$T/master"
	expect 125 envpod run web -- true
	grep -q 'master key' <<<"$output"
	mv "$T/master" "$KEYS/master"
	echo x >>"$PODS/web/vault/API_KEY"
	expect 125 envpod run web -- true
	refute grep -q needle <<<"$output"
}

@test "-e wins over a secret, a secret over the pod file's env; the pod's name stays" {
	[ "$(envpod run -e API_KEY=mine web -- sh -c 'echo $API_KEY')" = mine ]
	printf '%s\n' $'name: two\nenv: {API_KEY: of-the-file}\nvault: {env: [API_KEY, ENVPOD_POD_NAME]}' >"$T/two.yaml"
	envpod init two -c "$T/two.yaml" >/dev/null
	put two API_KEY sk-live-needle-3
	put two ENVPOD_POD_NAME other
	[ "$(envpod run two -- sh -c 'echo $API_KEY $ENVPOD_POD_NAME')" = 'sk-live-needle-3 two' ]
}

# Every process of the host that is ours, but those of the command itself.
processes() { for p in /proc/[0-9]*; do tr '\0' ' ' <"$p/cmdline" 2>/dev/null | grep -q -e envpod -e pod- && echo "$p"; done; }

@test "the value is in no argv, environment, file, log or event on the host, nor in the pod's init" {
	envpod run -b web -- sleep 1000 >/dev/null
	wait_for 10 pgrep -f 'sleep 1000' >/dev/null
	mkfifo "$T/in"
	envpod run web -- sh -c 'read -r line' <"$T/in" &
	job=$!
	exec 5>"$T/in"
	wait_for 10 test -s "$ENVPOD_RUN_DIR/web/init.pid"
	for p in $(processes); do
		grep -aq needle "$p/cmdline" "$p/environ" 2>/dev/null && { tr '\0' ' ' <"$p/cmdline"; false; }
	done
	read -r init _ <"$ENVPOD_RUN_DIR/web/init.pid"
	refute grep -aq needle "/proc/$init/environ"
	gcore_of() { python3 - "$1" <<-'END'
		import sys
		pid = sys.argv[1]
		mem = open(f'/proc/{pid}/mem', 'rb', 0)
		for line in open(f'/proc/{pid}/maps'):
		    span, mode = line.split()[:2]
		    if mode[0] != 'r' or '[v' in line:
		        continue
		    a, b = (int(x, 16) for x in span.split('-'))
		    try:
		        mem.seek(a)
		        if b'sk-live-needle' in mem.read(b - a):
		            sys.exit(f'in the memory of {pid}: {line}')
		    except OSError:
		        pass
		END
	}
	gcore_of "$init"
	gcore_of "$job"
	exec 5>&-
	wait "$job" || true
	envpod stop -t 1 web
	refute grep -rq needle "$ENVPOD_STATE_DIR" "$ENVPOD_RUN_DIR"
}

@test "setup commands get none; --print shows where they come from" {
	printf '%s\n' $'name: three\nsetup: ["test -z \\"$API_KEY\\""]\nvault: {env: [API_KEY]}' >"$T/three.yaml"
	envpod init three -c "$T/three.yaml"
	envpod run --print web -- git push | grep -qx 'pod-vault env --command git web'
}

@test "pod-exec: a pipe that does not say it is whole is refused" {
	envpod run --print web -- true | tail -1 >"$T/line"
	for text in '' 'API_KEY=x' 'API_KEY=x\0' '=x\0\0' 'no equals\0\0' 'A=x\0\0more'; do
		expect 125 env ENVPOD_SECRETS_FD=7 sh -c "$(cat "$T/line")" 7< <(printf "$text")
	done
	expect 0 env ENVPOD_SECRETS_FD=7 sh -c "$(cat "$T/line")" 7< <(printf 'A=x\0\0')
}
