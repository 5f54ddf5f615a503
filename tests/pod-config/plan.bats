load ../lib/envpod
setup() { envpod_setup; cd "$T"; mkdir -p "$ENVPOD_STATE_DIR/pods/web"; D=$ENVPOD_STATE_DIR/pods/web; }
teardown() { envpod_teardown; }

plan() { sed -n "s/^$1 //p" "$D/plan"; }

make_pod() { pod-config compile --name web --into "$D" "$@"; }

# edit JQ-PROGRAM: pod.json, as a person would.
edit() { jq "$1" "$D/pod.json" >"$D/new" && mv "$D/new" "$D/pod.json"; }

@test "plan makes the plan anew from pod.json, and only that" {
	printf 'processor: {memory: 1GB}\n' >pod.yaml
	make_pod pod.yaml
	cp "$D/pod.json" before
	rm "$D/plan" "$D/pod.yaml"
	pod-config plan web
	[ "$(plan memory.max)" = 1073741824 ]
	cmp before "$D/pod.json"
	[ "$(stat -c %a "$D/plan")" = 600 ]
}

@test "an edit of pod.json is seen, and the plan belongs to the edited file" {
	make_pod
	edit '.processor.memory = "2GB" | .user = "agent" | .vault.env = ["KEY"] | .approvers = ["root"]'
	pod-config plan web
	[ "$(plan memory.max)" = 2147483648 ]
	[ "$(plan run.user)" = agent ]
	[ "$(plan approver)" = root ]
	[ "$(plan vault.env)" = KEY ]
	[ "$(head -1 "$D/plan" | cut -d ' ' -f 3,5)" = "$(stat -c '%i %s' "$D/pod.json")" ]
}

@test "the pod stays its maker's, whoever makes the plan" {
	SUDO_UID=4321 SUDO_GID=44 make_pod
	pod-config plan web
	[ "$(plan user.uid) $(plan user.gid) $(plan identity.uid)" = "4321 44 4321" ]
}

@test "defaults that an edit took away come back" {
	make_pod
	edit 'del(.filesystem, .security, .network, .base)'
	pod-config plan web
	[ "$(plan view) $(plan system) $(plan seccomp) $(plan network) $(plan base)" = "host safe default isolated 524288" ]
}

@test "a wrong edit is refused with 78, each error with its key, and the plan stays" {
	make_pod
	cp "$D/plan" before
	edit '.processor.memory = "much" | .usr = 1 | .filesystem.mounts = [{path: "rel"}]'
	expect 78 pod-config plan web
	[[ $output == *"pod.json: processor.memory: 'much' is not a size"* ]]
	[[ $output == *"pod.json: unknown key 'usr'; did you mean user?"* ]]
	[[ $output == *"pod.json: filesystem.mounts[0].path: 'rel' must begin with / or ~"* ]]
	cmp before "$D/plan"
}

@test "a pod.json that is none is refused with 78" {
	make_pod
	for text in '' '[]' '{' '3' 'null' '{} {}' '{"v": 2}' '{"user": "a\u0000b"}' '{"v": nan}'; do
		printf '%s' "$text" >"$D/pod.json"
		expect 78 pod-config plan web
	done
	{ printf '['; head -c 2000 /dev/zero | tr '\0' '['; } >"$D/pod.json"
	expect 78 pod-config plan web
	head -c 3000000 /dev/zero | tr '\0' ' ' >"$D/pod.json"
	refute pod-config plan web
}

@test "a pod.json of a newer version is refused" {
	make_pod
	edit '.v = 2'
	expect 78 pod-config plan web
	[[ $output == *"v: '2' is not between 1 and 1"* ]]
}

@test "a pod.json without its owner is refused" {
	make_pod
	edit 'del(.owner)'
	expect 78 pod-config plan web
	[[ $output == *"lacks the key 'owner'"* ]]
}

@test "a symlink in the place of pod.json is not followed" {
	make_pod
	mv "$D/pod.json" "$T/elsewhere"
	ln -s "$T/elsewhere" "$D/pod.json"
	refute pod-config plan web
}

@test "no such pod: 2; a bad name: 64" {
	expect 2 pod-config plan nothing
	expect 64 pod-config plan ../web
	expect 64 pod-config plan
}
