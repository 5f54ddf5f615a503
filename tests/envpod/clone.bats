load ../lib/envpod
setup()
{
	envpod_setup
	need root overlay userns
	mkdir "$T/proj"
	cd "$T/proj"
	echo host >f
	printf 'setup: ["echo tool >/usr/local/tool"]\nfilesystem:\n  system_access: advanced\n' >"$T/pod.yaml"
	envpod init web -c "$T/pod.yaml" 2>/dev/null >/dev/null
	LAYERS=$ENVPOD_STATE_DIR/layers
}
teardown() { rm -rf /etc/envpod-test.d; envpod_teardown; }

work() { envpod run -w web -- sh -c 'echo agent >f; echo new >new'; }

@test "clone POD: its set-up, not what was done in it since; its own name" {
	work
	envpod clone web two
	[ "$(envpod run -w two -- cat /usr/local/tool f)" = "tool
host" ]
	[ "$(envpod run two -- hostname)" = two ]
	[ "$(envpod run two -- cat /etc/hostname)" = two ]
	envpod run two -- grep -q two /etc/hosts
	envpod run web -- grep -q web /etc/hosts
	[ -z "$(envpod diff two)" ]
	cmp "$ENVPOD_STATE_DIR/pods/web/seccomp.bpf" "$ENVPOD_STATE_DIR/pods/two/seccomp.bpf"
	[ "$(jq -c 'del(.name)' "$ENVPOD_STATE_DIR/pods/web/pod.json")" = "$(jq -c 'del(.name)' "$ENVPOD_STATE_DIR/pods/two/pod.json")" ]
	[ "$(jq -r .name "$ENVPOD_STATE_DIR/pods/two/pod.json")" = two ]
}

@test "clone --current: with the changes, reviewed and committed from either; neither disturbs the other" {
	work
	envpod clone --current web two
	[ "$(envpod diff two)" = "$(envpod diff web)" ]
	envpod run -w two -- sh -c 'echo more >>new'
	[ "$(envpod run -w web -- cat new)" = new ]
	envpod rollback web
	[ -z "$(envpod diff web)" ]
	[ "$(envpod run -w two -- cat f new)" = "agent
new
more" ]
	envpod commit two
	[ "$(cat f new)" = "agent
new
more" ]
}

@test "clone --current: the human's edit since is a conflict in the clone, too" {
	work
	envpod clone --current web two
	echo human >f
	expect 3 envpod commit two f
	expect 3 envpod commit web f
	[ "$(cat f)" = human ]
}

@test "clone POD@SNAPSHOT" {
	work
	envpod snapshot web create -n s
	envpod run -w web -- sh -c 'echo later >f'
	envpod clone web@s two
	[ "$(envpod run -w two -- cat f new)" = "agent
new" ]
	envpod snapshot web destroy s
	envpod destroy --force web
	[ "$(envpod run -w two -- cat f new)" = "agent
new" ]
}

@test "clone --current of a pod that runs" {
	envpod run -w -b web -- sh -c 'echo live >new; sleep 1000' 2>/dev/null
	wait_for 10 sh -c "cat $ENVPOD_STATE_DIR/pods/web/upper/*/new 2>/dev/null"
	envpod clone --current web two
	[ "$(envpod ls --json web | jq -r .status)" = running ]
	[ "$(envpod run -w two -- cat new)" = live ]
	envpod kill web
}

@test "a clone costs no copy: its layers are the source's, and go with the last who names them" {
	envpod run -w web -- sh -c 'i=0; while [ $i -lt 500 ]; do echo $i >f$i; i=$((i + 1)); done'
	envpod snapshot web create -n s >/dev/null
	n=$(ls "$LAYERS" | wc -l)
	for i in 1 2 3 4 5; do envpod clone --current web "c$i" >/dev/null; done
	[ "$(ls "$LAYERS" | wc -l)" -eq "$n" ]
	envpod destroy --force web c1 c2 c3 c4
	[ "$(ls "$LAYERS" | wc -l)" -eq "$n" ]
	[ "$(envpod run -w c5 -- sh -c 'ls | wc -l')" -eq 501 ]
	envpod rollback c5
	envpod destroy c5
	rm -rf "$ENVPOD_STATE_DIR/archive"
	envpod destroy c5 2>/dev/null || true
}

@test "secrets, audit log and snapshots stay behind" {
	work
	envpod snapshot web create -n s
	mkdir -m 700 "$ENVPOD_STATE_DIR/pods/web/vault"
	echo secret >"$ENVPOD_STATE_DIR/pods/web/vault/key"
	envpod clone --current web two
	[ ! -e "$ENVPOD_STATE_DIR/pods/two/vault" ]
	[ ! -e "$ENVPOD_STATE_DIR/pods/two/snapshots" ]
	[ ! -e "$ENVPOD_STATE_DIR/pods/two/undo" ]
	[ "$(envpod audit two --json | jq -r .event | tr '\n' ' ')" = "clone create " ]
}

@test "what cannot be cloned: nothing of the new pod is left" {
	expect 2 envpod clone nosuch two
	expect 2 envpod clone web@nosuch two
	expect 2 envpod clone web web
	expect 64 envpod clone ../web two
	expect 64 envpod clone web Two
	envpod base create web b >/dev/null
	expect 64 envpod clone --current b two
	[ ! -e "$ENVPOD_STATE_DIR/pods/two" ]
	envpod clone web two
	expect 2 envpod clone web two
	[[ $output == *"already"* ]]
	[ "$(envpod --print clone --current web x)" = "pod-mount clone --current web x" ]
}

@test "a file made private since is masked in the clone, too" {
	envpod clone web two
	mkdir -p /etc/envpod-test.d
	echo secret >/etc/envpod-test.d/key
	chmod 600 /etc/envpod-test.d/key
	expect 1 envpod run --root two -- test -e /etc/envpod-test.d/key
}

@test "a clone knows, too, where its source could write past review" {
	mkdir "$T/shared"
	printf 'filesystem: {mounts: [{path: %s, permissions: ReadWrite}]}\n' "$T/shared" >"$T/pod.yaml"
	envpod init one -c "$T/pod.yaml" >"$T/out" 2>&1
	envpod run one -- true 2>"$T/err"
	envpod base create one kept
	envpod clone --current one two
	envpod clone kept three
	for pod in two three; do
		[ "$(cat "$ENVPOD_STATE_DIR/pods/$pod/written")" = "$T/shared" ]
	done
}

@test "clone --current: the names and ports of now come along, for the clone's own resolver to read; else the pod file's" {
	envpod dns web --allow a.example --deny b.example
	envpod ports web -p 8080:80
	web=$ENVPOD_STATE_DIR/pods/web/policy two=$ENVPOD_STATE_DIR/pods/two/policy
	envpod clone web plain
	refute [ -e "$ENVPOD_STATE_DIR/pods/plain/policy/dns.json" ]
	[ -z "$(envpod ports plain --json)" ]
	envpod clone --current web two
	cmp "$web/dns.json" "$two/dns.json"
	cmp "$web/ports.json" "$two/ports.json"
	[ "$(envpod dns two check a.example --json | jq -r .decision)" = allow ]
	[ "$(envpod ports two --json | jq -r .port)" = 8080:80/tcp ]
	[ "$(stat -c %a "$two/dns.json")" = 640 ]
	[ "$(stat -c %g "$two/dns.json")" = "$(stat -c %g "$two")" ]
	[ "$(stat -c %g "$two/dns.json")" != "$(stat -c %g "$web/dns.json")" ]
	envpod dns two --remove-allow a.example
	[ "$(envpod dns web check a.example --json | jq -r .decision)" = allow ]
}
