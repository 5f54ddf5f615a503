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

is_state() { [ "$(envpod ls --json "$2" | jq -r .status)" = "$1" ]; }

@test "nothing new runs in a frozen pod: 75, with what to do; it is seen everywhere; stop ends it at once" {
	envpod run -b web -- sleep 1000
	wait_for 10 is_state running web
	envpod lock web
	expect 75 envpod run web -- true
	[[ $output = *"frozen"*"envpod unlock web"* ]]
	expect 75 envpod start web
	expect 75 envpod run -b web -- true
	envpod status web | grep -q '^status  *frozen'
	envpod status --json web | jq -e '.status == "frozen" and .usage.frozen'
	envpod ls | grep -q '^web  *frozen'
	envpod diff web
	# Longer than the test may take, if the frozen processes were waited for.
	envpod stop --timeout 3000 web 2>&1 | grep -q "ended at once"
	is_state stopped web
	# A freeze is none of the next run.
	envpod run web -- true
}

@test "lock --all and unlock --all: pods that run; undo --all thaws" {
	envpod init db >/dev/null
	envpod run -b web -- sleep 1000
	envpod run -b db -- sleep 1000
	wait_for 10 is_state running web
	wait_for 10 is_state running db
	envpod lock --all
	is_state frozen web && is_state frozen db
	envpod unlock --all
	is_state running web && is_state running db
	envpod undo web --json | jq -se 'map(.what) == ["freeze", "thaw"] and .[0].undone == .[1].id'
	envpod lock --all
	envpod undo web --all | grep -q '^Undone: freeze'
	is_state running web && is_state frozen db
	envpod kill --all
}

@test "lock --all passes over pods that do not run" {
	envpod init db >/dev/null
	envpod run -b web -- sleep 1000
	wait_for 10 is_state running web
	envpod lock --all
	is_state frozen web
	is_state created db
	expect 2 envpod lock db
	envpod kill web
}
