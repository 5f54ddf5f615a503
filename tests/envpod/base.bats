load ../lib/envpod
setup()
{
	envpod_setup
	need root overlay userns
	mkdir "$T/proj"
	cd "$T/proj"
	envpod init web >/dev/null
	envpod run -w web -- sh -c 'echo tool >tool'
	LAYERS=$ENVPOD_STATE_DIR/layers
}
teardown() { envpod_teardown; }

@test "base create, ls; what a base holds is no change of its clones" {
	[ "$(envpod base create web)" = web ]
	[ "$(envpod base create web)" = web-2 ]
	[ "$(envpod base create web mine)" = mine ]
	expect 2 envpod base create web mine
	expect 64 envpod base create web ../x
	[ "$(envpod base ls --json | jq -r .name | tr '\n' ' ')" = "mine web web-2 " ]
	envpod clone mine one
	[ "$(envpod run -w one -- cat tool)" = tool ]
	[ -z "$(envpod diff one)" ]
	[ "$(envpod ls --json one | jq -r .base)" = mine ]
	envpod run -w one -- sh -c 'echo own >own; rm tool'
	[ "$(envpod diff one | sort)" = "A  own" ]
	[ "$(envpod base ls --json | jq -r 'select(.name == "mine") | .pods')" = 1 ]
	[ "$(envpod base ls --json | jq -r 'select(.name == "mine") | .pod')" = web ]
}

@test "a pod's name wins over a base's" {
	envpod base create web web >/dev/null
	envpod run -w web -- sh -c 'echo more >more'
	envpod clone --current web two
	[ "$(envpod run -w two -- cat more)" = more ]
}

@test "base destroy: refused while clones are there, who keep what they have" {
	envpod base create web mine >/dev/null
	envpod clone mine one
	expect 3 envpod base destroy mine
	[[ $output == *"one"* ]]
	envpod base destroy --force mine
	expect 2 envpod base destroy mine
	envpod destroy --force web
	rm -rf "$ENVPOD_STATE_DIR/archive"
	[ "$(envpod run -w one -- cat tool)" = tool ]
	envpod destroy one
	[ -z "$(ls "$LAYERS")" ]
}

@test "base prune: those that nothing was cloned of" {
	envpod base create web a >/dev/null
	envpod base create web b >/dev/null
	envpod clone b one
	[ "$(envpod base prune)" = "Removed 1 base(s)." ]
	[ "$(envpod base ls --json | jq -r .name)" = b ]
}

@test "snapshot promote: a snapshot or a point of the stack becomes a base" {
	envpod snapshot web create -n s >/dev/null
	envpod run -w web -- sh -c 'echo later >later'
	envpod snapshot web promote s frozen
	expect 2 envpod snapshot web promote s frozen
	envpod clone frozen one
	[ "$(envpod run -w one -- ls)" = tool ]
}

@test "init --create-base, setup --create-base: the set-up as a base" {
	printf 'setup: ["echo 1 >/opt/tool"]\nfilesystem:\n  system_access: advanced\n' >"$T/pod.yaml"
	envpod init made -c "$T/pod.yaml" --create-base 2>/dev/null
	envpod init other -c "$T/pod.yaml" --base-name ground 2>/dev/null
	envpod setup other --create-base 2>/dev/null
	[ "$(envpod base ls --json | jq -r .name | tr '\n' ' ')" = "ground made other " ]
	envpod clone ground one
	[ "$(envpod run one -- cat /opt/tool)" = 1 ]
}

@test "base resize: later clones have the new limits, earlier ones theirs; the base's pod file keeps its words" {
	printf '# limits\nprocessor:\n  memory: 1GB # enough\n' >"$T/pod.yaml"
	envpod init small -c "$T/pod.yaml" --base-name ground --create-base >/dev/null 2>&1
	envpod clone ground one
	envpod base resize ground cpu=0.5 memory=64MB max_pids=50
	envpod clone ground two
	[ "$(grep -c . "$ENVPOD_STATE_DIR/bases/ground/pod.yaml") $(head -1 "$ENVPOD_STATE_DIR/bases/ground/pod.yaml")" = "5 # limits" ]
	[ "$(sed -n 's/^memory.max //p' "$ENVPOD_STATE_DIR"/pods/{one,two}/plan | tr '\n' ' ')" = "1073741824 67108864 " ]
	[ "$(sed -n 's/^\(cpu\|pids\).max //p' "$ENVPOD_STATE_DIR/pods/two/plan" | sort | tr '\n' ' ')" = "50 50000 100000 " ]
	[ "$(envpod run two -- sh -c 'ulimit -u >/dev/null; echo ran')" = ran ]
	expect 78 envpod base resize ground memory=much
	[[ $output == *"/bases/ground/pod.yaml:3:11: "* ]]
	expect 64 envpod base resize ground memori=1GB
	expect 2 envpod base resize nothing memory=1GB
	envpod base resize ground memory=max
	refute grep memory "$ENVPOD_STATE_DIR/bases/ground/pod.yaml"
}

@test "words" {
	expect 64 envpod base resize
	expect 64 envpod base resize web
	expect 64 envpod base
	expect 64 envpod base frobnicate
	expect 64 envpod base destroy
	[ -z "$(envpod base ls)" ]
	[ "$(envpod base prune)" = "Removed 0 base(s)." ]
}
