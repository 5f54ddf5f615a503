load ../lib/envpod
setup() { envpod_setup; need root; }
teardown() { envpod_teardown; }

@test "doctor --json: every line a check with the documented keys, from every tool" {
	envpod doctor --json >"$T/checks"
	jq -se 'all(.[]; (.name | length > 0) and (.status | IN("pass","warn","fail")) and has("message") and has("hint"))' "$T/checks"
	for name in kernel overlayfs "ids on /" seccomp landlock; do
		grep -q "\"name\":\"[^\"]*$name" "$T/checks" || { echo "no check of $name"; cat "$T/checks"; return 1; }
	done
	grep -q '"name":"[^"]*cgroup' "$T/checks"
	grep -q '"name":"nftables"' "$T/checks"
}

@test "text: what is lacking comes with how to mend it" {
	mkdir "$T/bin"
	cp "$B"/bin/* "$T/bin"
	rm "$T/bin/pod-supervise"
	run "$T/bin/envpod" doctor
	[ "$status" -eq 2 ]
	[[ $output == *"fail  pod-supervise"*"install envpod again"* ]]
}
