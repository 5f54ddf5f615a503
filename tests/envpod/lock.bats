load ../lib/envpod
setup() { envpod_setup; need root overlay userns; envpod init web >/dev/null; }
teardown() { envpod_teardown; }

ticks() { wc -c <"$T/shared/ticks"; }

@test "lock freezes, unlock thaws, ls says so, both are on record" {
	mkdir "$T/shared"
	printf 'filesystem:\n  mounts: [{path: %s, permissions: ReadWrite}]\n' "$T/shared" >"$T/pod.yaml"
	envpod init beat -c "$T/pod.yaml" >/dev/null
	envpod run -b beat -- sh -c "while :; do printf . >>$T/shared/ticks; sleep 0.01; done" 2>/dev/null
	wait_for 10 test -s "$T/shared/ticks"
	envpod lock beat
	[ "$(envpod ls --json beat | jq -r .status)" = frozen ]
	before=$(ticks)
	for _ in 1 2 3 4 5 6 7 8 9 10; do envpod ls >/dev/null; done
	[ "$(ticks)" = "$before" ]
	envpod unlock beat
	wait_for 10 sh -c "[ \$(wc -c <$T/shared/ticks) -gt $before ]"
	envpod audit beat --json | jq -se 'map(.event) | (index("freeze") != null) and (index("resume") != null)'
	envpod kill beat
}

@test "a frozen pod dies by kill" {
	envpod run -b web -- sleep 1000
	wait_for 10 sh -c '[ "$(envpod ls --json web | jq -r .status)" = running ]'
	envpod lock web
	envpod kill web
	wait_for 10 sh -c '[ "$(envpod ls --json web | jq -r .status)" = stopped ]'
}
