load ../lib/envpod
load helper
setup() { vault_setup; }
teardown() { envpod_teardown; }

says() { pod-vault doctor --json | jq -r "select(.name == \"$1\") | \"\\(.status): \\(.message)\""; }

@test "doctor: memory, keyring, and whether the vault opens" {
	[ "$(says 'locked memory')" = 'pass: secrets are never swapped out' ]
	[[ "$(says keyring)" =~ ^(pass|warn): ]]
	[ "$(says vault)" = 'pass: nothing was put in yet' ]
	pod web
	put web A value-of-a
	[ "$(says vault)" = 'pass: it opens' ]
	mv "$KEYS/master" "$T/master"
	expect 2 pod-vault doctor
	[[ "$(says vault)" == 'fail: the master key '*'is gone'* ]]
	mv "$T/master" "$KEYS/master"
	pod-vault rotate --new-passphrase --passphrase-fd 5 5<<<'correct horse'
	[ "$(says vault)" = 'pass: it is locked' ]
	envpod doctor --json | jq -se 'any(.[] | select(.group == "vault" and .name == "vault"); .status == "pass")'
}

@test "doctor: no memory can be locked" {
	need prlimit
	expect 2 prlimit --memlock=0:0 setpriv --bounding-set=-ipc_lock,-sys_resource --inh-caps=-all pod-vault doctor
	grep -q '^fail  locked memory' <<<"$output"
	expect 77 prlimit --memlock=0:0 setpriv --bounding-set=-ipc_lock,-sys_resource --inh-caps=-all pod-vault set --scope team KEY <<<value
	grep -q 'lock memory' <<<"$output"
	[ ! -e "$KEYS/index" ]
}
have_prlimit() { command -v prlimit >/dev/null && command -v setpriv >/dev/null; }
