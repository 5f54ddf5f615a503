#!/usr/bin/env bats
# The pages tell the truth: what stands under EXAMPLES works.
load ../lib/envpod
load helper

setup()
{
	envpod_setup
	pod_dir web
	events 3 | pod-audit append web
}
teardown() { envpod_teardown; }

# examples PAGE: the code of its EXAMPLES, a blank line between blocks.
examples()
{
	awk '/^\.Sh / { in_examples = ($2 == "EXAMPLES"); next }
		/^\.Bd/ { code = in_examples; next }
		/^\.Ed/ { if (code) print ""; code = 0; next }
		code' "$TOP/man/$1" | sed 's/\\e/\\/g'
}

@test "pod-audit(1): the examples work" {
	cd "$T"
	echo 'name: web' >web.yaml
	pod-config compile --name web --into "$ENVPOD_STATE_DIR/pods/web" --file web.yaml --cwd /
	examples pod-audit.1 >examples
	[ "$(grep -c pod-audit examples)" -ge 3 ]
	bash -euo pipefail -x examples
	[ "$(jq -r .text "$LOG" | tail -n1)" = "before the upgrade" ]
	cmp web.jsonl "$LOG"
}

@test "envpod-event(5): the examples work" {
	pod-audit append web <<-'END'
		{"src":"exec","event":"run_end","duration_ms":61000}
		{"src":"exec","event":"run_refused"}
	END
	examples envpod-event.5 >"$T/examples"
	bash -euo pipefail "$T/examples" >"$T/out"
	[ "$(grep -c "run_refused\|run_end" "$T/out")" = 2 ]
}

@test "envpod-audit(5): its loop finds a whole log whole, and a broken one broken" {
	cd "$ENVPOD_STATE_DIR/pods/web"
	examples envpod-audit.5 >"$T/examples"
	[ -z "$(sh "$T/examples")" ]
	sed -i 's/"n":2/"n":5/' "$LOG"
	[ "$(sh "$T/examples" | head -n1)" = "broken: $(sed -n 2p "$LOG")" ]
}
