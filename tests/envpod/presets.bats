load ../lib/envpod
setup() { envpod_setup; need root overlay userns; }
teardown() { envpod_teardown; }

presets=$BATS_TEST_DIRNAME/../../share/presets

@test "presets are listed by category, numbered, and as JSON" {
	run -0 envpod presets
	[ "${lines[0]}" = "Browser agents" ]
	grep -qE '^ +5  claude-code +Claude Code' <<<"$output"
	[ "$(envpod presets --json | jq -s 'length')" -eq "$(ls "$presets" | wc -l)" ]
	envpod presets --json | jq -se 'map(select(.name == "vscode" and .category == "Environments" and .number == 14)) | length == 1' >/dev/null
	[ "$(envpod presets --json | jq -r .name | sort | tr '\n' ' ')" = "aider browser browser-use claude-code codex desktop devbox \
gemini-cli google-adk langgraph nodejs openclaw opencode playwright python-env swe-agent vscode web-display " ]
}

@test "each is a pod file, and named as its file" {
	for file in "$presets"/*.yaml; do
		pod-config check "$file" >"$T/said" 2>&1 || { cat "$T/said"; false; }
		[ "$(sed -n 's/^name: //p' "$file")" = "$(basename "$file" .yaml)" ]
		head -1 "$file" | grep -qE '^# [A-Z][A-Za-z ]+: .+'
	done
}

@test "what is weak about them is what must be: names that are open, a browser's own sandbox" {
	for file in "$presets"/*.yaml; do
		pod-audit security -j -c "$file" | jq -r --arg n "$(basename "$file" .yaml)" 'select(.severity == "HIGH" or .severity == "CRITICAL") | "\($n) \(.id)"'
	done | LC_ALL=C sort >"$T/weak"
	diff - "$T/weak" <<-END
		browser N-03
		browser S-03
		browser-use S-03
		desktop S-03
		devbox N-03
		playwright S-03
		web-display S-03
	END
}

@test "a preset is printed, for who starts from it" {
	envpod presets aider >"$T/aider"
	cmp "$T/aider" "$presets/aider.yaml"
}

@test "init --preset: in any case, with the pod's own name" {
	envpod init -p DevBox mine
	cmp "$presets/devbox.yaml" "$ENVPOD_STATE_DIR/pods/mine/pod.yaml"
	[ "$(jq -r .network.mode "$ENVPOD_STATE_DIR/pods/mine/pod.json")" = Monitored ]
	grep -qx 'name mine' "$ENVPOD_STATE_DIR/pods/mine/plan"
}

@test "a preset that is not there, or a file besides: refused, the nearest is named, nothing is made" {
	expect 64 envpod init -p devbx mine
	[[ $output == *"no preset devbx; did you mean devbox?"* ]]
	expect 64 envpod init -p ../examples/minimal mine
	expect 64 envpod init -p devbox -c "$presets/devbox.yaml" mine
	[[ $output == *"not both"* ]]
	expect 64 envpod presets nobody
	[ ! -e "$ENVPOD_STATE_DIR/pods/mine" ]
}
