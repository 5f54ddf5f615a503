load ../lib/envpod
setup()
{
	envpod_setup
	need root
	cd "$T"
	D=$ENVPOD_STATE_DIR/pods/web
	mkdir -p "$D"
}
teardown() { envpod_teardown; }

make_pod() { pod-config compile --name web --into "$D" "$@"; }
plan() { sed -n "s/^$1 //p" "$D/plan"; }

# changes WANT: what became of pod.yaml since the pod was made, in the words of diff.
changes() { diff pod.yaml "$D/pod.yaml" | grep '^[<>]' | diff -u <(printf '%s\n' "$1") -; }

@test "a value is replaced where its key stands; comments and order stay; all three files agree" {
	printf '# mine\nname: web\nprocessor:\n  memory: 2GB # half\n  cores: 1\n\n# other\nnetwork:\n  mode: None\n' >pod.yaml
	make_pod pod.yaml
	pod-config set web memory=4GB cpu=2
	changes '<   memory: 2GB # half
<   cores: 1
>   memory: 4GB # half
>   cores: 2'
	[ "$(jq -c '[.processor.memory, .processor.cores, .network.mode]' "$D/pod.json")" = '["4GB",2,"None"]' ] ||
		[ "$(jq -c '[.processor.memory, .processor.cores, .network.mode]' "$D/pod.json")" = '[4294967296,2,"None"]' ]
	[ "$(plan memory.max) $(plan cpu.max)" = "4294967296 200000 100000" ]
	[ "$(head -1 "$D/plan" | cut -d ' ' -f 3,5)" = "$(stat -c '%i %s' "$D/pod.json")" ]
	[ "$(stat -c %a "$D/pod.yaml" "$D/pod.json" "$D/plan" | sort -u)" = 600 ]
}

@test "what is not there is appended: to its section, as a section, to a file that ends in the middle of a line" {
	printf 'processor:\n    cores: 1 # one\n\nenv: {A: b}' >pod.yaml
	make_pod pod.yaml
	pod-config set web memory=4GB undo.max_age=3d
	want=$(printf 'processor:\n    cores: 1 # one\n    memory: 4GB\n\nenv: {A: b}\nundo:\n  max_age: 3d')
	[ "$(cat "$D/pod.yaml")" = "$want" ]
	[ "$(plan undo.max_age)" = 259200 ]
	: >pod.yaml
	make_pod pod.yaml
	pod-config set web memory=4GB
	[ "$(cat "$D/pod.yaml")" = "$(printf 'processor:\n  memory: 4GB')" ]
}

@test "sections in braces, sections without a key, other spellings" {
	printf '{processor: {cores: 2}, undo: , snapshot: {keep_last: 3}}\n' >pod.yaml
	make_pod pod.yaml
	pod-config set web memory=1GB undo.max_age=5d snapshots.max_keep=9
	[ "$(cat "$D/pod.yaml")" = '{processor: {memory: 1GB, cores: 2}, undo:  {max_age: 5d}, snapshot: {keep_last: 9}}' ]
	pod-config set web cores= memory=max
	[ "$(cat "$D/pod.yaml")" = '{processor: {}, undo:  {max_age: 5d}, snapshot: {keep_last: 9}}' ]
	printf 'processor:\n  memory_limit_mb: 512 # low\n' >pod.yaml
	make_pod pod.yaml
	pod-config set web memory=1GB
	changes '<   memory_limit_mb: 512 # low
>   memory: 1GB # low'
}

@test "max and nothing: the line goes, the default is back" {
	printf 'processor:\n  memory: 2GB\n  tmp_size: 1GB # much\nundo: {max_age: 1d}\n' >pod.yaml
	make_pod pod.yaml
	pod-config set web memory.max=max tmp_size= undo.max_age=
	[ "$(cat "$D/pod.yaml")" = "$(printf 'processor:\nundo: {}')" ]
	[ "$(plan tmp_size) $(plan undo.max_age)$(plan memory.max)" = "104857600 2592000" ]
	pod-config set web "cpu.max=50000 100000" pids.max=7
	[ "$(plan cpu.max) $(plan pids.max)" = "50000 100000 7" ]
}

@test "what is wrong is said with its place in the file, and nothing is changed" {
	printf 'processor:\n  memory: 2GB\n' >pod.yaml
	make_pod pod.yaml
	cp -r "$D" before
	expect 78 pod-config set web cores=1 memory=much
	[[ $output == *"/web/pod.yaml:2:11: processor.memory: 'much' is not a size"*"nothing was changed"* ]]
	expect 78 pod-config set web memory_high=3GB
	[[ $output == *"/web/pod.yaml:3:16: processor.memory_high"* ]]
	expect 64 pod-config set web memori=1
	[[ $output == *"did you mean memory?"* ]]
	expect 64 pod-config set web network.mode=None
	expect 64 pod-config set web io.max=/dev/sda
	expect 64 pod-config set web memory=1GB memory.max=2GB
	expect 64 pod-config set web memory
	expect 64 pod-config set web
	diff -r before "$D"
}

@test "an edit that is not sure to change that key alone is refused" {
	: >pod.yaml
	make_pod pod.yaml
	for text in 'processor: &a\n  cores: 1\n' 'name: web\n...\n' '- a\n' 'processor: 3\n' 'processor:\n  memory: [1GB]\n' 'processor: {cores: 1\n'; do
		# shellcheck disable=SC2059
		printf -- "$text" >"$D/pod.yaml"
		cp "$D/pod.yaml" before.yaml
		run pod-config set web memory=1GB
		[ "$status" -eq 78 ] || grep -q 'memory: 1GB' "$D/pod.yaml"
		[ "$status" -ne 78 ] || cmp before.yaml "$D/pod.yaml"
	done
}

@test "relative paths elsewhere in the file stay what they were made to" {
	mkdir sub
	printf 'filesystem:\n  mounts: [./sub]\nprocessor: {memory: 1GB}\n' >pod.yaml
	make_pod pod.yaml
	cd /
	pod-config set web memory=2GB
	[ "$(jq -r '.filesystem.mounts[0].path' "$D/pod.json")" = "$T/sub" ]
	[ "$(jq -r '.owner.uid' "$D/pod.json")" = 0 ]
}

@test "it is recorded" {
	make_pod
	pod-config set web memory=2GB
	[ "$(jq -r 'select(.event == "config_set") | "\(.src) \(.["processor.memory"])"' "$D"/audit/*.jsonl)" = "config 2GB" ]
}
